/** The tap: takes facts from the store, takes identity out of them, and lets them into the lake, each exactly once. */
import type { Cancel, Clock } from '../core/clock.ts';
import type { Store, StoredFact } from '../core/store.ts';
import { deidentify, type LakeFact } from './fact.ts';
import type { Lake } from './lake.ts';
import type { Pseudonymise } from './pseudonym.ts';

export interface TapParts {
  readonly store: Pick<Store, 'facts' | 'forgetFacts'>;
  readonly lake: Lake;
  readonly pseudonymise: Pseudonymise;
  readonly clock: Clock;
  /** Facts in one file at most; while there are so many, the next file follows at once. */
  readonly batch_facts?: number;
  /** Otherwise a file holds what has come in this time. */
  readonly interval_ms?: number;
  /** Told of what goes wrong; the tap tries again after the interval. */
  readonly onProblem?: (problem: unknown) => void;
}

export interface Tap {
  start(): void;
  /** Lets everything in that is in the store now; how many facts. Rejects where the store or the lake fails. */
  flush(): Promise<number>;
  /** Takes no more, and waits for the file in hand. */
  stop(): Promise<void>;
}

/** The facts in the store carry numbers that the lake holds already for others: one of the two was replaced. */
export class ForeignLake extends Error {
  override readonly name = 'ForeignLake';
}

/**
 * The order is all there is to "exactly once": the file is in its place under the name of its range before the store
 * forgets that range. A death before that leaves nothing in the lake, and the facts are read again; a death after it leaves
 * facts in the store that the lake's names say it holds, and they are forgotten without being written.
 */
export function createTap(parts: TapParts): Tap {
  const { store, lake, pseudonymise, clock, batch_facts = 5_000, interval_ms = 5_000 } = parts;
  let cancel: Cancel | undefined;
  let running = false;
  let turn: Promise<unknown> = Promise.resolve();

  async function drain(): Promise<number> {
    let moved = 0;
    let last = await lake.last();
    await forgetKept(last);
    while (true) {
      const facts = await store.facts({ after: last, limit: batch_facts });
      const final = facts.at(-1);
      if (!final) return moved;
      await lake.append(facts.map((fact) => deidentify(fact, pseudonymise)));
      await store.forgetFacts(final.seq);
      last = final.seq;
      moved += facts.length;
      if (facts.length < batch_facts) return moved;
    }
  }

  /** What the store still has of what the lake holds: left by a death, or by a store that was away. */
  async function forgetKept(last: number): Promise<void> {
    const [oldest] = await store.facts({ after: 0, limit: 1 });
    if (!oldest || oldest.seq > last) return;
    await proveSame(oldest);
    await store.forgetFacts(last);
  }

  /** A new store begins at 1 again: its facts must not be taken for those that an older lake holds. */
  async function proveSame(fact: StoredFact): Promise<void> {
    const sql = `SELECT epoch_ms(happened_at), kind, ods, pseudonym FROM facts WHERE seq = ${fact.seq}`;
    const { rows } = await lake.query(sql, { rows: 1 });
    const ours: LakeFact = deidentify(fact, pseudonymise);
    const [at, kind, ods, pseudonym] = rows[0] ?? [];
    const same = at === ours.at && kind === ours.kind && ods === ours.ods && pseudonym === (ours.pseudonym ?? null);
    if (!same)
      throw new ForeignLake('The lake holds other facts under the numbers of this store: give it another folder.');
  }

  /** One at a time, in the order asked for. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  }

  function later(): void {
    if (!running) return;
    cancel = clock.timer(interval_ms, () => {
      inTurn(drain)
        .catch((problem: unknown) => parts.onProblem?.(problem))
        .finally(later)
        .catch(() => undefined);
    });
  }

  return {
    start() {
      if (running) return;
      running = true;
      later();
    },
    flush: () => inTurn(drain),
    async stop() {
      running = false;
      cancel?.();
      await turn;
    },
  };
}
