/** May this system, and this person, send this interaction? Everything is refused that is not named. */
import { type ErrorCode, HubError } from '../core/errors.ts';
import type { InteractionId } from '../core/identifiers.ts';
import type { SenderRule } from '../core/interaction.ts';
import type { Party, Person } from '../core/party.ts';

export type Permission =
  | { readonly permitted: true }
  | {
      readonly permitted: false;
      readonly code: Extract<ErrorCode, 'INTERACTION_NOT_PERMITTED' | 'PERSON_REQUIRED' | 'ROLE_NOT_PERMITTED'>;
    };

const PERMITTED: Permission = { permitted: true };

/**
 * The system first: the directory lets it send the interaction, and the rule lets its kind. Then the person: there,
 * where the rule asks for a token, and with one of the activities, where it names any. A person who need not be there
 * but is must have the activity too; where no person counts ('none') a token gives and takes nothing.
 */
export function maySend(
  party: Party,
  interaction: InteractionId,
  rule: SenderRule,
  person: Person | undefined,
): Permission {
  if (!party.sends.has(interaction) || !rule.kinds.includes(party.kind))
    return { permitted: false, code: 'INTERACTION_NOT_PERMITTED' };
  if (rule.person === 'none') return PERMITTED;
  if (!person) return rule.person === 'token' ? { permitted: false, code: 'PERSON_REQUIRED' } : PERMITTED;
  if (rule.activities && !rule.activities.some((activity) => person.activities.has(activity)))
    return { permitted: false, code: 'ROLE_NOT_PERMITTED' };
  return PERMITTED;
}

/** @throws HubError with the code of the refusal. */
export function requireMaySend(
  party: Party,
  interaction: InteractionId,
  rule: SenderRule,
  person: Person | undefined,
): void {
  const permission = maySend(party, interaction, rule, person);
  if (!permission.permitted) throw new HubError(permission.code);
}
