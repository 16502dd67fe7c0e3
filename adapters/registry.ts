/** The adapters that the hub ships: to add one, write its folder and one line here. */
import type { InteractionId } from '../core/identifiers.ts';
import type { Interaction } from '../core/interaction.ts';
import type { Adapter } from './adapter.ts';
import { cpis } from './cpis/adapter.ts';
import { eps } from './eps/adapter.ts';
import { ereferral } from './ereferral/adapter.ts';
import { scr } from './scr/adapter.ts';

export const adapters: readonly Adapter[] = [eps, scr, ereferral, cpis];

/** Every interaction by its id. @throws Error where two adapters bring one id. */
export function interactionsOf(list: readonly Adapter[]): ReadonlyMap<InteractionId, Interaction> {
  const found = new Map<InteractionId, Interaction>();
  for (const adapter of list) {
    for (const interaction of adapter.interactions) {
      if (found.has(interaction.id)) throw new Error(`two adapters bring ${interaction.id}`);
      found.set(interaction.id, interaction);
    }
  }
  return found;
}
