/** Senders that go on whatever happens, and a receiver that comes and goes. */
import { setTimeout as pass } from 'node:timers/promises';
import type { TestSystem } from '../support/hub.ts';
import { errorCodeIn, isAcknowledged, newOrder, type Order } from '../support/orders.ts';
import type { TestReceiver } from '../support/receiver.ts';
import type { Tally } from './tally.ts';

export interface Load {
  /** No new messages; what is under way ends. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly senders?: number;
  /** Between two messages of one sender. */
  readonly pause_ms?: number;
}

/** After a refusal, or where nobody answered. */
const AGAIN_ms = 120;

/** Every other sender repeats a message until it is acknowledged; the others send each once and go on. */
export function startLoad(system: TestSystem, tally: Tally, { senders = 4, pause_ms = 10 }: LoadOptions = {}): Load {
  let running = true;

  async function send(order: Order): Promise<boolean> {
    try {
      const answer = await system.client.ebxml(order);
      const acknowledged = isAcknowledged(answer, order.messageId);
      tally.answered(acknowledged ? 'acknowledged' : `${answer.status} ${errorCodeIn(answer)}`);
      if (acknowledged) tally.acknowledged.add(order.messageId);
      return acknowledged;
    } catch {
      tally.answered('no answer');
      return false;
    }
  }

  async function sender(number: number): Promise<void> {
    while (running) {
      const order = newOrder(system);
      tally.sent(order);
      let acknowledged = await send(order);
      while (!acknowledged && running) {
        await pass(AGAIN_ms);
        if (number % 2 === 1) break;
        acknowledged = await send(order);
      }
      await pass(pause_ms);
    }
  }

  const all = Array.from({ length: senders }, (_, number) => sender(number));
  return {
    async stop() {
      running = false;
      await Promise.all(all);
    },
  };
}

/** Takes, refuses, cuts and hangs by turns; gives a function that makes it well for good. */
export function flap(receiver: TestReceiver): () => void {
  const manners = ['take', 'take', 'take', 'take', 503, 'cut', 'hang'] as const;
  let timer: NodeJS.Timeout;
  const turn = (): void => {
    receiver.manner = manners[Math.floor(Math.random() * manners.length)] ?? 'take';
    timer = setTimeout(turn, 100 + Math.random() * 250);
  };
  turn();
  return () => {
    clearTimeout(timer);
    receiver.manner = 'take';
  };
}
