/** The simulated network: messages to receivers take time, and each receiver treats them in its manner of the moment. */
import type { Delivery } from '../../core/delivery.ts';
import type { Endpoint } from '../../core/directory.ts';
import type { PushResult } from '../../core/transport.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Manner, Weather } from './weather.ts';

interface NetworkParts {
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly random: Random;
}

const HAS_EFFECT: Readonly<Record<Manner, boolean>> = {
  takes: true,
  fails: false,
  refuses: false,
  hangs: false,
  'takes-and-hangs': true,
  cuts: false,
  'takes-and-cuts': true,
};

const RESULT: Readonly<Record<Manner, PushResult>> = {
  takes: { kind: 'acknowledged' },
  fails: { kind: 'retry', reason: 'status 500' },
  refuses: { kind: 'refused', reason: 'an error list' },
  hangs: { kind: 'retry', reason: 'no answer in time' },
  'takes-and-hangs': { kind: 'retry', reason: 'no answer in time' },
  cuts: { kind: 'retry', reason: 'connection cut' },
  'takes-and-cuts': { kind: 'retry', reason: 'connection cut' },
};

export class Network {
  readonly #parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  /** One attempt; ends within the endpoint's time, whether or not the process that made it still lives. */
  async push(
    by: { readonly owner: string },
    delivery: Delivery,
    endpoint: Endpoint,
    repeated: boolean,
  ): Promise<PushResult> {
    const { time, weather, ledger, random } = this.#parts;
    ledger.attemptBegins(by, delivery, endpoint.timeout_ms);
    if (repeated && delivery.attempts === 0) ledger.breaks(`${delivery.id} is marked as repeated, but was never tried`);
    const within_ms = endpoint.timeout_ms;
    const there_ms = random.chance(0.7) ? random.between(0, 20) : random.between(0, within_ms / 2);
    await time.wait(there_ms);
    const manner = weather.manner(delivery.receiver, time.elapsed_ms);
    if (HAS_EFFECT[manner]) {
      const { id, receiver, cause, interaction, notice } = delivery;
      ledger.arrived({ id, receiver, cause, interaction, notice });
    }
    const hangs = manner === 'hangs' || manner === 'takes-and-hangs';
    await time.wait(hangs ? within_ms - there_ms : random.between(0, Math.min(within_ms - there_ms, 50)));
    ledger.attemptEnds(by, delivery.id, manner);
    return RESULT[manner];
  }
}
