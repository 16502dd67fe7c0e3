/** The whole store in memory, each operation synchronous and so atomic: it checks first and changes after. */
import { type Actor, type AuditLine, CHAIN_START, nextLine } from '../../core/audit-chain.ts';
import type { Instant } from '../../core/clock.ts';
import type { AuditEvent } from '../../core/decision.ts';
import type { DeadLetter, Settlement } from '../../core/delivery.ts';
import { actorOf, type Envelope, keyOf } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import type { Admission, Backlog, Commit, Committed, InboxEntry, StoredFact, Track } from '../../core/store.ts';
import {
  type DeliveryRow,
  DeliveryTable,
  letterOf as deadDelivery,
  deliveryOf,
  refOf,
  trackOf,
} from './delivery-table.ts';
import { letterOf as deadMessage, MessageTable, trackOf as trackMessage } from './message-table.ts';
import { RecordTable } from './record-table.ts';

export class Tables {
  readonly messages = new MessageTable();
  readonly deliveries = new DeliveryTable();
  readonly records = new RecordTable();
  readonly lines: AuditLine[] = [];
  facts: StoredFact[] = [];
  #factSeq = 0;

  admit(envelope: Envelope): Admission {
    const row = this.messages.get(keyOf(envelope));
    if (row?.envelope.digest === envelope.digest) return { kind: 'same', ...(row.answer && { answer: row.answer }) };
    if (row) return { kind: 'conflict' };
    this.messages.keep(envelope);
    this.write(actorOf(envelope), envelope.receivedAt, [{ action: 'accept', outcome: 'success' }]);
    return { kind: 'new' };
  }

  commit({ cause, body, decision, deliveries, dead, at, lease }: Commit): Committed {
    const known = this.messages.get(keyOf(cause));
    if (known && known.envelope.digest !== cause.digest) return { kind: 'conflict' };
    if (known?.answer) return { kind: 'same', answer: known.answer };
    if (!known && !body) throw new HubError('INTERNAL', { what: 'a decision on a message that was never admitted' });
    const writes = this.records.prepare(decision.records ?? []);
    if (writes === 'stale') return { kind: 'stale' };
    // Nothing below refuses: from here everything happens.
    const row = known ?? this.messages.keep({ ...cause, body: body ?? new Uint8Array() });
    this.messages.decide(row, decision.answer, at, dead);
    for (const apply of writes) apply();
    this.write(actorOf(cause), at, decision.events);
    for (const fact of decision.facts ?? []) {
      const { ods } = cause.sender;
      this.facts.push({ ...structuredClone(fact), seq: ++this.#factSeq, at, ods, interaction: cause.interaction });
    }
    const push = deliveries
      .map((draft) => this.deliveries.insert(draft, keyOf(cause), at, lease))
      .filter(({ draft }) => draft.mode === 'push');
    return {
      kind: 'committed',
      held: push.filter(({ lease }) => lease).map(deliveryOf),
      waiting: push.filter(({ lease }) => !lease).map(refOf),
    };
  }

  write(actor: Actor, at: Instant, events: readonly AuditEvent[]): void {
    for (const event of events) {
      this.lines.push(nextLine(this.lines.at(-1) ?? { seq: 0, hash: CHAIN_START }, actor, at, event));
    }
  }

  settle(settlement: Settlement): boolean {
    const row = this.deliveries.settle(settlement);
    if (!row) return false;
    if (settlement.outcome.kind === 'deferred') return true;
    const { receiver: system, id: messageId, interaction } = row.draft;
    this.write({ system, messageId, interaction }, settlement.at, [settlement.event]);
    return true;
  }

  inbox(receiver: string, { after, limit }: { after: number; limit: number }): InboxEntry[] {
    return this.deliveries
      .mailbox(receiver)
      .filter(({ seq }) => seq > after)
      .slice(0, limit)
      .map(({ seq, createdAt, draft: { id, interaction, contentType, subject } }) => ({
        id,
        seq,
        interaction,
        contentType,
        createdAt,
        ...(subject !== undefined && { subject }),
      }));
  }

  deadLetters({ after = '', limit }: { after?: string; limit: number }): DeadLetter[] {
    return [...this.messages.dead().map(deadMessage), ...this.deliveries.dead().map(deadDelivery)]
      .filter(({ id }) => id > after)
      .sort((left, right) => (left.id < right.id ? -1 : 1))
      .slice(0, limit);
  }

  deadLetter(id: string): { letter: DeadLetter; contentType: string; body: Uint8Array } | undefined {
    const delivery = this.deliveries.get(id);
    if (delivery?.stage === 'dead') {
      const { contentType, body } = delivery.draft;
      return { letter: deadDelivery(delivery), contentType, body: new TextEncoder().encode(body) };
    }
    const message = this.messages.named(id);
    if (message?.stage !== 'dead') return undefined;
    const { contentType, body } = message.envelope;
    return { letter: deadMessage(message), contentType, body: body.slice() };
  }

  replay(id: string, actor: Actor, at: Instant): boolean {
    const message = this.messages.named(id);
    const delivery = this.deliveries.get(id);
    if (delivery?.stage === 'dead') this.deliveries.revive(delivery, at);
    else if (message?.stage === 'dead') this.messages.revive(message);
    else return false;
    this.write(actor, at, [{ action: 'replay', outcome: 'success', entity: `dead-letter/${id}` }]);
    return true;
  }

  track(messageId: string): Track[] {
    const rows = new Set(this.messages.withId(messageId));
    const delivery = this.deliveries.get(messageId);
    const cause = delivery && this.messages.get(delivery.cause);
    if (cause) rows.add(cause);
    return [...rows].map((row) => trackMessage(row, this.deliveries.causedBy(keyOf(row.envelope)).map(trackOf)));
  }

  backlog(): Backlog {
    return {
      undecided: this.messages.undecidedCount,
      undelivered: this.deliveries.waiting,
      dead: this.messages.dead().length + this.deliveries.dead().length,
      unreadFacts: this.facts.length,
    };
  }

  purge({ decidedBefore, limit }: { decidedBefore: Instant; limit: number }): number {
    const acknowledged = ({ stage }: DeliveryRow): boolean => stage === 'acknowledged';
    const done = this.messages
      .decidedBefore(decidedBefore, ({ envelope }) => this.deliveries.causedBy(keyOf(envelope)).every(acknowledged))
      .slice(0, limit);
    for (const row of done) {
      this.deliveries.forget(keyOf(row.envelope));
      this.messages.forget(row);
    }
    return done.length;
  }
}
