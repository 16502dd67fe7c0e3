/** The caller's end: operations of one turn of the event loop cross to the store's thread in one message. */
import type { MessagePort } from 'node:worker_threads';
import { HubError } from '../../core/errors.ts';
import type { Call, OperationName, Operations, Reply } from './protocol.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: HubError) => void;
}

export interface StoreCalls {
  call<Name extends OperationName>(
    name: Name,
    ...args: Parameters<Operations[Name]>
  ): Promise<ReturnType<Operations[Name]>>;
  /** Rejects whatever waits: the store's thread is gone. */
  fail(why: string): void;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

export function createStoreCalls(port: MessagePort): StoreCalls {
  const waiting = new Map<number, Waiting>();
  let next = 1;
  let outgoing: Call[] = [];
  let failed: string | undefined;
  const whenIdle: (() => void)[] = [];

  const unavailable = (why: string): HubError =>
    new HubError('STORE_UNAVAILABLE', { retryAfter_s: 1 }, { cause: new Error(why) });

  function flush(): void {
    const calls = outgoing;
    outgoing = [];
    port.postMessage(calls);
  }

  port.on('message', (replies: readonly Reply[]) => {
    for (const [number, value, failure] of replies) {
      const waiter = waiting.get(number);
      waiting.delete(number);
      if (failure === undefined) waiter?.resolve(value as never);
      else waiter?.reject(unavailable(failure));
    }
    if (waiting.size === 0) {
      port.unref();
      for (const resolve of whenIdle.splice(0)) resolve();
    }
  });
  port.unref();

  return {
    call: (name, ...args) =>
      new Promise((resolve, reject) => {
        if (failed !== undefined) {
          reject(unavailable(failed));
          return;
        }
        if (waiting.size === 0) port.ref();
        const number = next++;
        waiting.set(number, { resolve, reject });
        if (outgoing.push([number, name, args]) === 1) setImmediate(flush);
      }),
    fail(why) {
      failed = why;
      for (const waiter of waiting.values()) waiter.reject(unavailable(why));
      waiting.clear();
      for (const resolve of whenIdle.splice(0)) resolve();
    },
    idle: () => (waiting.size === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve))),
  };
}
