/** Counts what was asked, promised and done: attempted, acknowledged, effected, lost, doubled, unexpected. */
import { expect } from 'chai';
import { CHAIN_START, lineHash } from '../../core/audit-chain.ts';
import type { Store } from '../../core/store.ts';
import { auditOf } from '../support/hub.ts';
import type { Order } from '../support/orders.ts';
import type { TestReceiver } from '../support/receiver.ts';

const ANSWER = 'MCCI_IN010000UK13';

export interface Count {
  /** Messages sent, however often each. */
  readonly attempted: number;
  /** Those that a sender was told are kept. */
  readonly acknowledged: number;
  /** Those with an effect: a record in the store, or an answer at the receiver. */
  readonly effected: number;
  /** Effects of messages whose sender was never told. Allowed. */
  readonly recovered: number;
  /** Acknowledged, and the effect is not there. */
  readonly lost: number;
  /** More than one effect for one message. */
  readonly doubled: number;
  /** An effect of a message that nobody sent, or a message given up. */
  readonly unexpected: number;
}

interface Kept {
  readonly changes: readonly { readonly messageId: string }[];
}

export class Tally {
  readonly title: string;
  readonly orders = new Map<string, Order & { readonly sentAt: number }>();
  readonly acknowledged = new Set<string>();
  /** How often each answer or failure came back to a sender. */
  readonly answers = new Map<string, number>();

  constructor(title: string) {
    this.title = title;
  }

  answered(what: string): void {
    this.answers.set(what, (this.answers.get(what) ?? 0) + 1);
  }

  /** Ids of acknowledged messages whose answer the receiver has not taken yet. */
  missingAt(receiver: TestReceiver): string[] {
    const there = new Set(receiver.taken.map(({ refTo }) => refTo));
    return [...this.acknowledged].filter((id) => !there.has(id));
  }

  /** Holds the receiver and the store against what was sent; everything must have come to rest. */
  async count(receiver: TestReceiver, store: Store): Promise<Count> {
    const deliveries = new Map<string, Set<string>>();
    let unexpected = 0;
    for (const { refTo, id, action } of receiver.taken) {
      if (!this.orders.has(refTo)) continue; // another tally's
      if (action !== ANSWER)
        unexpected++; // a notice that something was given up
      else deliveries.set(refTo, (deliveries.get(refTo) ?? new Set()).add(id));
    }
    const kept = await this.#records(store);
    unexpected += kept.unexpected;

    let [effected, recovered, lost, doubled] = [0, 0, 0, 0];
    for (const [messageId, order] of this.orders) {
      const answers = deliveries.get(messageId)?.size ?? 0;
      const changes = kept.changes.get(order.prescription.messageId) ?? 0;
      if (answers > 1 || changes > 1) doubled++;
      if (answers > 0 || changes > 0) {
        effected++;
        if (!this.acknowledged.has(messageId)) recovered++;
      }
      if (this.acknowledged.has(messageId) && (answers === 0 || changes === 0)) lost++;
    }
    const { size: attempted } = this.orders;
    return { attempted, acknowledged: this.acknowledged.size, effected, recovered, lost, doubled, unexpected };
  }

  /** Changes of prescriptions by the message that made them. */
  async #records(store: Store): Promise<{ changes: Map<string, number>; unexpected: number }> {
    const changes = new Map<string, number>();
    const sent = new Set([...this.orders.values()].map(({ prescription }) => prescription.prescriptionId.slice(0, -1)));
    let unexpected = 0;
    let after: string | undefined;
    for (;;) {
      const page = await store.records.list<Kept>('eps.prescription', {
        limit: 1_000,
        ...(after !== undefined && { after }),
      });
      for (const { key, value } of page) {
        if (!sent.has(key) && !ALL_SENT.has(key)) unexpected++;
        for (const { messageId } of value.changes) changes.set(messageId, (changes.get(messageId) ?? 0) + 1);
      }
      after = page.at(-1)?.key;
      if (page.length < 1_000) return { changes, unexpected };
    }
  }

  sent(order: Order): void {
    this.orders.set(order.messageId, { ...order, sentAt: Date.now() });
    sentBeside(order);
  }

  print(count: Count): void {
    const figures = Object.entries(count).map(([name, number]) => `${name} ${number}`);
    const answers = [...this.answers].sort().map(([what, number]) => `${what} ${number}`);
    console.log(`      ${this.title}: ${figures.join(', ')}\n        answers: ${answers.join(', ')}`);
  }
}

/** Prescriptions of every tally of this run: one hub may stand under several. */
const ALL_SENT = new Set<string>();

/** An order that no tally counts, but that somebody sent. */
export function sentBeside<Sent extends Order>(order: Sent): Sent {
  ALL_SENT.add(order.prescription.prescriptionId.slice(0, -1));
  return order;
}

/** Prints the count, and asserts the three that must be nothing. */
export async function expectNothingLost(tally: Tally, receiver: TestReceiver, store: Store): Promise<Count> {
  const count = await tally.count(receiver, store);
  tally.print(count);
  expect(count.acknowledged, 'acknowledged').to.be.greaterThan(0);
  expect({ lost: count.lost, doubled: count.doubled, unexpected: count.unexpected }).to.deep.equal({
    lost: 0,
    doubled: 0,
    unexpected: 0,
  });
  return count;
}

/** Every line of the trail follows the one before, without a gap. */
export async function expectUnbrokenTrail(store: Store): Promise<void> {
  let previous = { seq: 0, hash: CHAIN_START };
  for (const line of await auditOf(store, 0)) {
    const { hash, ...rest } = line;
    if (line.seq !== previous.seq + 1 || lineHash(previous.hash, rest) !== hash)
      throw new Error(`the audit trail is broken at line ${line.seq}`);
    previous = line;
  }
  expect(previous.seq).to.be.greaterThan(0);
}
