/** Takes one message through its rules and commits what they decide; a record changed meanwhile means decide again. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Instant } from '../core/clock.ts';
import type { Answer, Decision } from '../core/decision.ts';
import type { Delivery, DeliveryDraft } from '../core/delivery.ts';
import { type Cause, type Envelope, keyOf, keyText } from '../core/envelope.ts';
import { asHubError, HubError } from '../core/errors.ts';
import type { Context, Interaction } from '../core/interaction.ts';
import type { DeliveryRef } from '../core/store.ts';
import { address } from './address.ts';
import { guidFor } from './guid.ts';
import { failureNotice } from './notice.ts';
import type { PathParts } from './parts.ts';

/** Conflicts in a row before the sender is told to come back. */
const MOST_CONFLICTS = 20;

export interface Decided {
  readonly answer: Answer;
  /** True when this message had been decided before. */
  readonly repeated: boolean;
  readonly held: readonly Delivery[];
  /** Until when this process holds them: as the store was told, however long its answer took. */
  readonly heldUntil: Instant;
  readonly waiting: readonly DeliveryRef[];
}

export interface DecideOptions {
  /** The message was admitted before; otherwise the commit keeps its bytes too. */
  readonly admitted: boolean;
  readonly message: unknown;
  /** This process delivers what comes of it. */
  readonly hold: boolean;
}

/**
 * Throws MESSAGE_ID_REUSED for other content under the id, STORE_UNAVAILABLE where nothing was kept,
 * and whatever the rules threw: for an admitted message `bury` is the answer to that.
 */
export async function decide(envelope: Envelope, options: DecideOptions, parts: PathParts): Promise<Decided> {
  const interaction = interactionOf(envelope, parts);
  for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
    const decision = await interaction.decide(options.message, contextOf(envelope, parts));
    const drafts = (decision.send ?? []).map((outgoing, number) => address(outgoing, number, envelope, parts));
    const outcome = await commit(envelope, decision, drafts, options, parts);
    if (outcome !== 'stale') return outcome;
    await turn();
  }
  throw new HubError('OVERLOADED', { retryAfter_s: 1, what: 'a record that everybody changes at once' });
}

/** What the interaction reads from a message that comes from the store. */
export function readMessage(envelope: Envelope, parts: PathParts): unknown {
  const interaction = interactionOf(envelope, parts);
  return interaction.read(parts.readDocument(interaction.schema, envelope.body), envelope);
}

/** Rules that fail on an accepted message must not stop the others: it is dead-lettered, and its sender is told. */
export async function bury(envelope: Envelope, thrown: unknown, parts: PathParts): Promise<Decided> {
  const error = asHubError(thrown);
  parts.telemetry.trouble('a message that the rules failed on', thrown, {
    messageId: envelope.messageId,
    interaction: envelope.interaction,
  });
  const notice = failureNotice(
    {
      of: { ...envelope, sender: envelope.sender.systemId },
      id: keyText(keyOf(envelope)),
      at: envelope.receivedAt,
      code: error.code,
      interaction: envelope.interaction,
    },
    parts,
  );
  const decision: Decision = {
    answer: { kind: 'refused', code: error.code, text: error.entry.text },
    events: [{ action: 'dead-letter', outcome: 'failed', code: error.code }],
  };
  const outcome = await commit(
    envelope,
    decision,
    notice === undefined ? [] : [notice],
    { admitted: true, hold: true, dead: error.code },
    parts,
  );
  if (outcome === 'stale') throw new HubError('INTERNAL', { what: 'a dead letter writes no records' });
  return outcome;
}

function interactionOf(cause: Cause, parts: PathParts): Interaction {
  const interaction = parts.interactions.get(cause.interaction);
  if (interaction === undefined) throw new HubError('INTERACTION_UNKNOWN');
  return interaction;
}

const contextOf = (cause: Envelope, { store, directory, clock }: PathParts): Context => ({
  cause,
  records: store.records,
  party: cause.sender,
  ...(cause.person && { person: cause.person }),
  now: clock.now(),
  directory,
  id: (number) => guidFor(cause, number),
});

async function commit(
  envelope: Envelope,
  decision: Decision,
  deliveries: readonly DeliveryDraft[],
  { admitted, hold, dead }: Pick<DecideOptions, 'admitted' | 'hold'> & { readonly dead?: string },
  parts: PathParts,
): Promise<Decided | 'stale'> {
  const at = parts.clock.now();
  const heldUntil = at + parts.limits.lease_ms;
  const { body, ...cause } = envelope;
  const committed = await parts.store.commit({
    cause,
    ...(!admitted && { body }),
    decision,
    deliveries,
    ...(dead !== undefined && { dead }),
    at,
    ...(hold && { lease: { owner: parts.owner, until: heldUntil } }),
  });
  switch (committed.kind) {
    case 'stale':
      return 'stale';
    case 'conflict':
      throw new HubError('MESSAGE_ID_REUSED', { key: keyOf(envelope) });
    case 'same':
      return { answer: committed.answer, repeated: true, held: [], heldUntil, waiting: [] };
    case 'committed':
      parts.telemetry.stage(dead === undefined ? 'decided' : 'dead', {
        messageId: envelope.messageId,
        system: envelope.sender.systemId,
        interaction: envelope.interaction,
        ...(decision.answer.kind === 'refused' && { code: decision.answer.serviceCode ?? decision.answer.code }),
        took_ms: at - envelope.receivedAt,
        ...(envelope.traceparent !== undefined && { traceparent: envelope.traceparent }),
      });
      parts.broker.announce({
        messageId: envelope.messageId,
        sender: envelope.sender.systemId,
        ods: envelope.sender.ods,
        interaction: envelope.interaction,
        at,
        outcome: decision.answer.kind === 'refused' ? 'refused' : 'accepted',
      });
      return { answer: decision.answer, repeated: false, held: committed.held, heldUntil, waiting: committed.waiting };
  }
}
