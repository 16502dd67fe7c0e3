/** Messages by sender and id: kept, decided once, dead, forgotten. */
import { causeFromText, causeToText } from '../../core/cause-text.ts';
import type { Instant } from '../../core/clock.ts';
import type { Answer } from '../../core/decision.ts';
import type { DeadLetter } from '../../core/delivery.ts';
import { type Envelope, keyOf, keyText, type MessageKey } from '../../core/envelope.ts';
import type { DeliveryTrack, Track } from '../../core/store.ts';

export interface MessageRow {
  readonly envelope: Envelope;
  stage: 'accepted' | 'decided' | 'dead';
  answer?: Answer;
  decidedAt?: Instant;
  reason?: string;
}

export class MessageTable {
  readonly #rows = new Map<string, MessageRow>();
  readonly #undecided = new Set<MessageRow>();
  readonly #byId = new Map<string, Set<MessageRow>>();

  get undecidedCount(): number {
    return this.#undecided.size;
  }

  get(key: MessageKey): MessageRow | undefined {
    return this.#rows.get(keyText(key));
  }

  /** By `sender/messageId`. */
  named(name: string): MessageRow | undefined {
    return this.#rows.get(name);
  }

  withId(messageId: string): MessageRow[] {
    return [...(this.#byId.get(messageId) ?? [])];
  }

  keep(envelope: Envelope): MessageRow {
    const cause = causeFromText(causeToText(envelope));
    const row: MessageRow = { envelope: { ...cause, body: envelope.body.slice() }, stage: 'accepted' };
    this.#rows.set(keyText(keyOf(envelope)), row);
    this.#undecided.add(row);
    const same = this.#byId.get(envelope.messageId);
    if (same) same.add(row);
    else this.#byId.set(envelope.messageId, new Set([row]));
    return row;
  }

  decide(row: MessageRow, answer: Answer, at: Instant, dead: string | undefined): void {
    this.#undecided.delete(row);
    row.stage = dead === undefined ? 'decided' : 'dead';
    row.answer = answer;
    row.decidedAt = at;
    if (dead !== undefined) row.reason = dead;
  }

  /** To be decided again. */
  revive(row: MessageRow): void {
    row.stage = 'accepted';
    delete row.answer;
    delete row.decidedAt;
    delete row.reason;
    this.#undecided.add(row);
  }

  undecided({ before, limit }: { before: Instant; limit: number }): MessageRow[] {
    return [...this.#undecided]
      .filter(({ envelope }) => envelope.receivedAt < before)
      .sort((left, right) => left.envelope.receivedAt - right.envelope.receivedAt)
      .slice(0, limit);
  }

  dead(): MessageRow[] {
    return [...this.#rows.values()].filter(({ stage }) => stage === 'dead');
  }

  /** Decided before then and `done`, oldest first. */
  decidedBefore(before: Instant, done: (row: MessageRow) => boolean): MessageRow[] {
    return [...this.#rows.values()]
      .filter((row) => row.stage === 'decided' && (row.decidedAt ?? before) < before && done(row))
      .sort((left, right) => (left.decidedAt ?? 0) - (right.decidedAt ?? 0));
  }

  forget(row: MessageRow): void {
    this.#rows.delete(keyText(keyOf(row.envelope)));
    const same = this.#byId.get(row.envelope.messageId);
    same?.delete(row);
    if (same?.size === 0) this.#byId.delete(row.envelope.messageId);
  }
}

export const trackOf = (row: MessageRow, deliveries: readonly DeliveryTrack[]): Track => ({
  key: keyOf(row.envelope),
  interaction: row.envelope.interaction,
  stage: row.stage,
  receivedAt: row.envelope.receivedAt,
  ...(row.decidedAt !== undefined && { decidedAt: row.decidedAt }),
  ...(row.answer && { answer: row.answer }),
  ...(row.reason !== undefined && { reason: row.reason }),
  deliveries,
});

/** A message died at the hub itself: its receiver is the one who waits for it, the sender. */
export const letterOf = (row: MessageRow): DeadLetter => ({
  id: keyText(keyOf(row.envelope)),
  kind: 'message',
  receiver: row.envelope.sender.systemId,
  interaction: row.envelope.interaction,
  cause: keyOf(row.envelope),
  reason: row.reason ?? '',
  diedAt: row.decidedAt ?? row.envelope.receivedAt,
  attempts: 0,
});
