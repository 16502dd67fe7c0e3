/** The one writer of this process: operations of the same moment share a transaction, batches follow one another without a pause. */
import { HubError } from '../../core/errors.ts';
import { asStoreError, isOperationsFault, isWorthRepeating, unavailable } from './faults.ts';
import { commitBatch } from './flush.ts';
import { type Operation, Wanted } from './ledger.ts';
import type { Link, Session } from './link.ts';
import { beginBatch } from './load.ts';

export interface WriterLimits {
  /** Operations and bytes in one transaction. */
  readonly batchOperations: number;
  readonly batchBytes: number;
  /** Operations and bytes that may wait; more are refused with OVERLOADED. */
  readonly queueOperations: number;
  readonly queueBytes: number;
}

export const WRITER_LIMITS: WriterLimits = {
  batchOperations: 1_000,
  batchBytes: 8 * 1024 * 1024,
  queueOperations: 50_000,
  queueBytes: 256 * 1024 * 1024,
};

interface Pending {
  readonly operation: Operation<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

type Verdict = { readonly result: unknown } | { readonly refusal: HubError };

const ATTEMPTS = 3;

export class Writer {
  readonly #link: Link;
  readonly #limits: WriterLimits;
  #queue: Pending[] = [];
  #queuedBytes = 0;
  #working: Promise<void> | undefined;
  #closed = false;

  constructor(link: Link, limits: WriterLimits) {
    this.#link = link;
    this.#limits = limits;
  }

  /** Rejects with what the operation refuses, OVERLOADED, or STORE_UNAVAILABLE at once while there is no connection. */
  submit<Result>(operation: Operation<Result>): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closed) throw unavailable();
      this.#link.session();
      const { queueOperations, queueBytes } = this.#limits;
      if (this.#queue.length >= queueOperations || this.#queuedBytes > queueBytes) {
        throw new HubError('OVERLOADED', { retryAfter_s: 1 });
      }
      this.#queue.push({ operation, resolve: resolve as (result: unknown) => void, reject });
      this.#queuedBytes += operation.weight;
      // What else is asked in this turn of the event loop comes along.
      this.#working ??= new Promise<void>((begin) => setImmediate(begin)).then(() => this.#work());
    });
  }

  /** Refuses what comes and finishes what is queued. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) await this.#settleAll(this.#take());
    this.#working = undefined;
  }

  #take(): Pending[] {
    const { batchOperations, batchBytes } = this.#limits;
    let [count, bytes] = [0, 0];
    for (const { operation } of this.#queue) {
      if (count > 0 && (count >= batchOperations || bytes + operation.weight > batchBytes)) break;
      count++;
      bytes += operation.weight;
    }
    this.#queuedBytes -= bytes;
    return count === this.#queue.length ? this.#queue.splice(0) : this.#queue.splice(0, count);
  }

  /** Never throws: each of the batch is resolved or rejected. */
  async #settleAll(batch: readonly Pending[], attempt = 1): Promise<void> {
    let verdicts: Verdict[];
    try {
      verdicts = await this.#transact(batch);
    } catch (thrown) {
      if (isWorthRepeating(thrown) && attempt < ATTEMPTS) return await this.#settleAll(batch, attempt + 1);
      // One that the database will not take must not take the others with it: halves, in order, down to that one.
      if (batch.length > 1 && (isOperationsFault(thrown) || thrown instanceof RuleFault)) {
        const middle = batch.length >> 1;
        await this.#settleAll(batch.slice(0, middle));
        return await this.#settleAll(batch.slice(middle));
      }
      const error =
        thrown instanceof RuleFault ? new HubError('INTERNAL', {}, { cause: thrown.cause }) : asStoreError(thrown);
      for (const { reject } of batch) reject(error);
      if (error.code === 'STORE_UNAVAILABLE') this.#refuseQueue(error);
      return;
    }
    verdicts.forEach((verdict, index) => {
      const pending = batch[index];
      if ('refusal' in verdict) pending?.reject(verdict.refusal);
      else pending?.resolve(verdict.result);
    });
  }

  #refuseQueue(error: HubError): void {
    for (const { reject } of this.#queue.splice(0)) reject(error);
    this.#queuedBytes = 0;
  }

  /** Everything in one transaction; throws where nothing of it was kept, or where that cannot be known. */
  async #transact(batch: readonly Pending[]): Promise<Verdict[]> {
    const session = this.#link.session();
    const wanted = new Wanted();
    for (const { operation } of batch) operation.want(wanted);
    try {
      const ledger = await beginBatch(session, wanted);
      const verdicts = batch.map(({ operation }): Verdict => {
        try {
          return { result: operation.apply(ledger) };
        } catch (thrown) {
          if (thrown instanceof HubError) return { refusal: thrown };
          throw new RuleFault(thrown);
        }
      });
      await commitBatch(session, ledger);
      return verdicts;
    } catch (thrown) {
      await rollBack(session);
      throw thrown;
    }
  }
}

/** An operation that failed half-way through its changes: the batch in memory is spoilt. */
class RuleFault extends Error {
  constructor(cause: unknown) {
    super('an operation failed', { cause });
  }
}

async function rollBack(session: Session): Promise<void> {
  if (!session.lost) await session.command('rollback').catch(() => {});
}
