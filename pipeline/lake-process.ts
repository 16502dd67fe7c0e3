/** A lake in a process of its own, at low priority: DuckDB takes nothing from the accept path, and its death is not the hub's. */
import { type ChildProcess, fork } from 'node:child_process';
import { deadline } from '../core/deadline.ts';
import { type ErrorCode, type Fault, HubError, isErrorCode } from '../core/errors.ts';
import type { LakeFact } from './fact.ts';
import { type Lake, type LakeParts, openLake } from './lake.ts';
import type { QueryLimits, QueryResult } from './query.ts';

export type LakeCall =
  | { readonly method: 'append'; readonly facts: readonly LakeFact[] }
  | { readonly method: 'query'; readonly sql: string; readonly limits?: Partial<QueryLimits> };

export type LakeRequest = LakeCall & { readonly id: number };

export type LakeReply =
  | { readonly id: number; readonly result: QueryResult | null }
  | { readonly id: number; readonly failed: string; readonly code?: ErrorCode; readonly faults?: readonly Fault[] };

export interface LakeProcessParts extends LakeParts {
  /** Longest wait for an answer of the process; then it is ended and a new one does the next call. */
  readonly answerWithin_ms?: number;
}

interface Waiting {
  resolve(result: QueryResult | null): void;
  reject(error: Error): void;
}

/** The same port as `openLake`. The process starts with the first call that needs it, and again after it died. */
export function openLakeProcess({ answerWithin_ms = 120_000, ...parts }: LakeProcessParts): Lake {
  // Names of files need no DuckDB, so they are read here.
  const names = openLake(parts);
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let calls = 0;
  let closed = false;

  function start(): ChildProcess {
    const started = fork(new URL('./lake-worker.ts', import.meta.url), [JSON.stringify(parts)], {
      // an answer that is too large ends this process and not the hub's
      execArgv: ['--max-old-space-size=512'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    started.on('message', (reply: LakeReply) => settle(reply));
    const gone = (): void => {
      if (child === started) child = undefined;
      for (const [id, { reject }] of waiting) {
        waiting.delete(id);
        reject(new Error('The lake process ended.'));
      }
    };
    started.once('exit', gone);
    started.once('error', gone);
    // The hub may end whenever it wants: what the lake has not written is still in the store.
    started.unref();
    started.channel?.unref();
    return started;
  }

  function settle(reply: LakeReply): void {
    const waiter = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) child?.channel?.unref();
    if (!waiter) return;
    if ('result' in reply) waiter.resolve(reply.result);
    else if (reply.code && isErrorCode(reply.code)) {
      waiter.reject(new HubError(reply.code, reply.faults ? { faults: reply.faults } : {}));
    } else waiter.reject(new Error(reply.failed));
  }

  async function call(request: LakeCall): Promise<QueryResult | null> {
    if (closed) throw new Error('The lake is closed.');
    child ??= start();
    const asked = child;
    const id = ++calls;
    const answered = new Promise<QueryResult | null>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      asked.channel?.ref();
      asked.send({ ...request, id }, (error) => {
        if (error && waiting.delete(id)) reject(error);
      });
    });
    try {
      return await deadline(answered, answerWithin_ms, 'the lake');
    } catch (error) {
      // A process that does not answer holds nothing that the store has not: it is not waited for.
      if (waiting.delete(id)) asked.kill('SIGKILL');
      throw error;
    }
  }

  return {
    last: () => names.last(),
    async append(facts) {
      if (facts.length > 0) await call({ method: 'append', facts });
    },
    async query(sql, limits) {
      const result = await call({ method: 'query', sql, ...(limits && { limits }) });
      if (!result) throw new Error('The lake process answered a query with nothing.');
      return result;
    },
    async close() {
      closed = true;
      await names.close();
      const last = child;
      if (!last || last.exitCode !== null || last.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => {
        last.once('exit', () => resolve());
      });
      last.ref();
      last.disconnect();
      await deadline(ended, 10_000, 'the end of the lake process').catch(() => last.kill('SIGKILL'));
    },
  };
}
