/** A queue between processes, in the place of a message broker: it carries references, and may lose, double or delay them. */
import type { Broker, Work, WorkHandler } from '../../core/broker.ts';
import type { HubProcess } from './hub-process.ts';
import type { Random } from './random.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weather } from './weather.ts';

interface SharedQueueParts {
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly random: Random;
}

export class SharedQueue {
  readonly #parts: SharedQueueParts;
  readonly #loss: number;
  readonly #handlers = new Map<HubProcess, WorkHandler>();

  constructor(parts: SharedQueueParts) {
    this.#parts = parts;
    this.#loss = parts.random.pick([0, 0.1, 1]);
  }

  /** The queue as one process sees it. */
  brokerOf(process: () => HubProcess): Broker {
    return {
      local: false,
      start: async (handler) => void this.#handlers.set(process(), handler),
      dispatch: (work) => {
        if (process().alive) for (const one of work) this.#carry(one);
      },
      announce: () => undefined,
      depth: 0,
      healthy: () => true,
      stop: async () => void this.#handlers.delete(process()),
    };
  }

  #carry(work: Work): void {
    const { time, weather, random } = this.#parts;
    if (!weather.healed && random.chance(this.#loss)) return;
    const copies = random.chance(0.1) ? 2 : 1;
    for (let i = 0; i < copies; i++)
      time.timer(random.between(0, random.chance(0.9) ? 20 : 8_000), () => this.#hand(work));
  }

  #hand(work: Work): void {
    const handlers = [...this.#handlers].filter(([process]) => process.alive);
    if (handlers.length === 0) return;
    const carried: Work =
      work.kind === 'decide' ? { kind: 'decide', key: work.key } : { kind: 'deliver', ref: work.ref };
    const [process, handler] = this.#parts.random.pick(handlers);
    void process.awake().then(() => handler.handle([carried]));
  }
}
