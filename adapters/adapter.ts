/** The contract of an adapter: what a service adds to the hub, and all that it may know of it. */
import type { Contract } from '../core/contract.ts';
import type { InteractionId } from '../core/identifiers.ts';
import type { Interaction } from '../core/interaction.ts';

export type { Address, Context, Interaction, SenderRule } from '../core/interaction.ts';

/** Something an adapter sends to others: receivers subscribe to these in the directory. */
export interface Announcement {
  readonly id: InteractionId;
  readonly title: string;
  readonly contract?: Partial<Contract>;
}

export interface Adapter {
  readonly name: string;
  readonly title: string;
  // biome-ignore lint/suspicious/noExplicitAny: each interaction has its own message type; the registry holds them all
  readonly interactions: readonly Interaction<any>[];
  readonly announcements: readonly Announcement[];
}
