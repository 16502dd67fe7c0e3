/** The embedded broker: work stays in this process and is handed on in batches, a bounded number at a time. */
import type { Broker, Work, WorkHandler } from '../../core/broker.ts';

export interface EmbeddedBrokerOptions {
  /** Work handed on at once. */
  readonly batch?: number;
  /** Batches under way at once. */
  readonly concurrency?: number;
}

export function createEmbeddedBroker({ batch = 64, concurrency = 16 }: EmbeddedBrokerOptions = {}): Broker {
  let handler: WorkHandler | undefined;
  let queue: Work[] = [];
  let underWay = 0;
  let inHand = 0;
  let scheduled = false;
  let stopped = false;
  const whenIdle: (() => void)[] = [];

  function drain(): void {
    scheduled = false;
    while (handler !== undefined && queue.length > 0 && underWay < concurrency) {
      const taken = queue.length <= batch ? queue : queue.slice(0, batch);
      queue = queue.length <= batch ? [] : queue.slice(batch);
      underWay++;
      inHand += taken.length;
      void handler.handle(taken).finally(() => {
        underWay--;
        inHand -= taken.length;
        if (queue.length > 0) drain();
        else if (underWay === 0) for (const resolve of whenIdle.splice(0)) resolve();
      });
    }
  }

  return {
    local: true,
    async start(given) {
      handler = given;
      drain();
    },
    dispatch(work) {
      if (stopped) return;
      queue.push(...work);
      if (scheduled) return;
      scheduled = true;
      setImmediate(drain);
    },
    announce: () => undefined,
    get depth() {
      return queue.length + inHand;
    },
    healthy: () => handler !== undefined && !stopped,
    async stop(within_ms) {
      stopped = true;
      queue = [];
      if (underWay === 0) return;
      await Promise.race([
        new Promise<void>((resolve) => whenIdle.push(resolve)),
        new Promise<void>((resolve) => setTimeout(resolve, within_ms).unref()),
      ]);
    },
  };
}
