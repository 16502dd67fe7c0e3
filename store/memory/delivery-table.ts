/** Deliveries with their state, lane and lease: who may take which, and what settling does to it. */
import type { Instant } from '../../core/clock.ts';
import type { DeadLetter, Delivery, DeliveryDraft, Lease, Settlement } from '../../core/delivery.ts';
import { keyText, type MessageKey } from '../../core/envelope.ts';
import type { ClaimRequest, DeliveryRef, DeliveryTrack } from '../../core/store.ts';

export interface DeliveryRow {
  readonly seq: number;
  readonly draft: DeliveryDraft;
  readonly cause: MessageKey;
  stage: 'waiting' | 'acknowledged' | 'dead';
  createdAt: Instant;
  attempts: number;
  next: Instant;
  lease?: Lease;
  settledAt?: Instant;
  reason?: string;
}

export class DeliveryTable {
  readonly #rows = new Map<string, DeliveryRow>();
  readonly #waiting = new Set<DeliveryRow>();
  readonly #lanes = new Map<string, Set<DeliveryRow>>();
  readonly #byCause = new Map<string, DeliveryRow[]>();
  #seq = 0;

  get waiting(): number {
    return this.#waiting.size;
  }

  get(id: string): DeliveryRow | undefined {
    return this.#rows.get(id);
  }

  causedBy(key: MessageKey): readonly DeliveryRow[] {
    return this.#byCause.get(keyText(key)) ?? [];
  }

  dead(): DeliveryRow[] {
    return [...this.#rows.values()].filter(({ stage }) => stage === 'dead');
  }

  mailbox(receiver: string): DeliveryRow[] {
    return [...this.#waiting]
      .filter(({ draft }) => draft.mode === 'pull' && draft.receiver === receiver)
      .sort((left, right) => left.seq - right.seq);
  }

  /** Adds it, leased at once if it is a push delivery at the head of its lane and a lease is given. */
  insert(draft: DeliveryDraft, cause: MessageKey, at: Instant, lease?: Lease): DeliveryRow {
    const row: DeliveryRow = { seq: ++this.#seq, draft, cause, stage: 'waiting', createdAt: at, attempts: 0, next: at };
    this.#rows.set(draft.id, row);
    const siblings = this.#byCause.get(keyText(cause));
    if (siblings) siblings.push(row);
    else this.#byCause.set(keyText(cause), [row]);
    this.#wait(row);
    if (lease && draft.mode === 'push' && this.#isHead(row)) row.lease = lease;
    return row;
  }

  /** Push deliveries that are due and held by nobody, heads of their lanes, oldest first. */
  due({ now, limit, ids }: { now: Instant; limit: number; ids?: readonly string[] }): DeliveryRow[] {
    const among = ids ? ids.map((id) => this.#rows.get(id)).filter((row) => row !== undefined) : this.#waiting;
    return [...new Set(among)]
      .filter(
        (row) =>
          row.draft.mode === 'push' &&
          row.stage === 'waiting' &&
          row.next <= now &&
          !(row.lease && row.lease.until > now) &&
          this.#isHead(row),
      )
      .sort((left, right) => left.next - right.next || left.seq - right.seq)
      .slice(0, limit);
  }

  claim(request: ClaimRequest): DeliveryRow[] {
    const rows = this.due(request);
    for (const row of rows) row.lease = request.lease;
    return rows;
  }

  /** The settled row, or undefined where the settlement has no effect. */
  settle({ id, owner, at, outcome }: Settlement): DeliveryRow | undefined {
    const row = this.#rows.get(id);
    if (row?.stage !== 'waiting') return undefined;
    if (row.draft.mode === 'push' && (owner === undefined || row.lease?.owner !== owner)) return undefined;
    delete row.lease;
    switch (outcome.kind) {
      case 'acknowledged':
        this.#end(row, 'acknowledged', at);
        return row;
      case 'retry':
        row.attempts++;
        row.next = outcome.at;
        return row;
      case 'deferred':
        row.next = outcome.at;
        return row;
      case 'dead':
        row.reason = outcome.reason;
        row.attempts++;
        this.#end(row, 'dead', at);
        if (outcome.notice) this.insert(outcome.notice, row.cause, at);
        return row;
    }
  }

  /** Puts a dead one back with its attempts at zero. */
  revive(row: DeliveryRow, at: Instant): void {
    Object.assign(row, { stage: 'waiting', attempts: 0, createdAt: at, next: at });
    delete row.settledAt;
    delete row.reason;
    this.#wait(row);
  }

  forget(key: MessageKey): void {
    for (const row of this.causedBy(key)) this.#rows.delete(row.draft.id);
    this.#byCause.delete(keyText(key));
  }

  #wait(row: DeliveryRow): void {
    this.#waiting.add(row);
    const { lane } = row.draft;
    if (lane === null) return;
    const queue = this.#lanes.get(lane);
    if (queue) queue.add(row);
    else this.#lanes.set(lane, new Set([row]));
  }

  #end(row: DeliveryRow, stage: 'acknowledged' | 'dead', at: Instant): void {
    row.stage = stage;
    row.settledAt = at;
    this.#waiting.delete(row);
    const { lane } = row.draft;
    if (lane === null) return;
    const queue = this.#lanes.get(lane);
    queue?.delete(row);
    if (queue?.size === 0) this.#lanes.delete(lane);
  }

  /** Nothing earlier in its lane is unsettled. */
  #isHead({ seq, draft: { lane } }: DeliveryRow): boolean {
    if (lane === null) return true;
    for (const other of this.#lanes.get(lane) ?? []) if (other.seq < seq) return false;
    return true;
  }
}

export const deliveryOf = ({ draft, cause, createdAt, attempts }: DeliveryRow): Delivery => ({
  ...draft,
  cause,
  createdAt,
  attempts,
});

export const refOf = ({ draft: { id, receiver, lane } }: DeliveryRow): DeliveryRef => ({ id, receiver, lane });

export const trackOf = (row: DeliveryRow): DeliveryTrack => ({
  id: row.draft.id,
  receiver: row.draft.receiver,
  mode: row.draft.mode,
  interaction: row.draft.interaction,
  stage: row.stage,
  attempts: row.attempts,
  createdAt: row.createdAt,
  ...(row.settledAt !== undefined && { settledAt: row.settledAt }),
  ...(row.reason !== undefined && { reason: row.reason }),
});

export const letterOf = (row: DeliveryRow): DeadLetter => ({
  id: row.draft.id,
  kind: 'delivery',
  receiver: row.draft.receiver,
  interaction: row.draft.interaction,
  cause: row.cause,
  reason: row.reason ?? '',
  diedAt: row.settledAt ?? row.createdAt,
  attempts: row.attempts,
});
