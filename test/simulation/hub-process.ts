/** One process of the hub: the real broker and rules over a view of the simulated world that ends when the process dies. */
import { createEmbeddedBroker } from '../../broker/embedded/dispatcher.ts';
import type { PathLimits } from '../../broker/parts.ts';
import { createMessagePath, type MessagePath } from '../../broker/path.ts';
import type { Clock } from '../../core/clock.ts';
import type { DirectoryReader } from '../../core/directory.ts';
import type { CheckedDocument } from '../../core/document.ts';
import { HubError } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import type { Transport } from '../../core/transport.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { SharedQueue } from './shared-queue.ts';
import { INTERACTIONS } from './town.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weather } from './weather.ts';

export interface HubWorld {
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly store: Store;
  readonly network: Network;
  readonly directory: DirectoryReader;
  readonly random: Random;
  readonly limits: PathLimits;
  /** Between the processes; each moves its own work where there is none. */
  readonly queue: SharedQueue | undefined;
  readDocument(schema: string, body: Uint8Array): CheckedDocument;
  /** Wraps the transport of every process; as it is where nothing is to be broken on purpose. */
  transport(transport: Transport): Transport;
}

const never = <Value>(): Promise<Value> => new Promise<Value>(() => undefined);

export class HubProcess {
  readonly owner: string;
  readonly path: MessagePath;
  readonly clock: Clock;
  /** What this process sees of the store; its mailboxes use it too. */
  readonly store: Store;
  readonly #world: HubWorld;
  #alive = true;
  #frozenUntil_ms = 0;

  constructor(owner: string, world: HubWorld) {
    this.owner = owner;
    this.#world = world;
    const { time, ledger, network, directory, limits, readDocument } = world;
    this.clock = {
      now: () => time.now(),
      timer: (after_ms, callback) => time.timer(after_ms, () => this.#resume(callback)),
    };
    this.store = this.#viewOf(world.store);
    const transport = world.transport({
      push: (delivery, endpoint, repeated) => this.#answered(network.push(this, delivery, endpoint, repeated)),
      close: async () => undefined,
    });
    this.path = createMessagePath({
      store: this.store,
      broker: world.queue?.brokerOf(() => this) ?? createEmbeddedBroker(),
      directory,
      clock: this.clock,
      transport,
      telemetry: {
        stage: () => undefined,
        trouble: (what, error) => ledger.note(`${owner} trouble: ${what}: ${error}`),
      },
      interactions: INTERACTIONS,
      readDocument,
      owner,
      limits,
    });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Nothing of it happens any more: no timer fires, no answer comes back; what it had sent off may still arrive. */
  crash(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#world.ledger.crashed(this);
  }

  /** Stops in the middle of whatever it does, and goes on later as if no time had passed. */
  freeze(for_ms: number): void {
    const { time, ledger } = this.#world;
    ledger.note(`${this.owner} freezes for ${for_ms} ms`);
    ledger.counts.freezes++;
    this.#frozenUntil_ms = Math.max(this.#frozenUntil_ms, time.elapsed_ms + for_ms);
  }

  /** What came of it, once this process can take notice; never, where it has died. */
  async #answered<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } finally {
      await this.awake();
    }
  }

  /** Resolves when it runs; never, where it has died. */
  async awake(): Promise<void> {
    const { time } = this.#world;
    while (this.#alive && time.elapsed_ms < this.#frozenUntil_ms)
      await time.wait(this.#frozenUntil_ms - time.elapsed_ms);
    if (!this.#alive) await never();
  }

  #resume(callback: () => void): void {
    if (!this.#alive) return;
    const { time } = this.#world;
    if (time.elapsed_ms < this.#frozenUntil_ms)
      time.timer(this.#frozenUntil_ms - time.elapsed_ms, () => this.#resume(callback));
    else callback();
  }

  /** One operation on the store, with the weather of the moment. */
  async #ask<Result>(operation: string, effect: () => Promise<Result>): Promise<Result> {
    const { time, weather, random, ledger } = this.#world;
    if (!this.#alive) return never();
    const { fault = 0, slowest_ms = 0, stall_ms = 0 } = weather.store(time.elapsed_ms) ?? {};
    const crash = !weather.healed && random.chance(weather.crashAtOperation);
    const fails = random.chance(fault);
    const crashesFirst = crash && random.chance(0.5);
    const stallsFirst = random.chance(0.5);
    const way_ms = (stalls: boolean): number =>
      random.between(0, random.between(0, slowest_ms)) + (stalls ? stall_ms : 0);
    if (slowest_ms + stall_ms > 0) await time.wait(way_ms(stallsFirst));
    if (crashesFirst) this.crash();
    if (!this.#alive && random.chance(0.5)) return never();
    if (fails && random.chance(0.5)) {
      this.#fault(operation, 'before');
      await this.awake();
      throw new HubError('STORE_UNAVAILABLE');
    }
    const result = await effect();
    if (crash) this.crash();
    if (slowest_ms + stall_ms > 0) await time.wait(way_ms(!stallsFirst));
    await this.awake();
    if (fails) {
      this.#fault(operation, 'after');
      throw new HubError('STORE_UNAVAILABLE');
    }
    ledger.note(`${this.owner} ${operation}`);
    return result;
  }

  #fault(operation: string, when: string): void {
    const { ledger } = this.#world;
    ledger.counts.faults++;
    ledger.note(`${this.owner} ${operation} fails ${when} its effect`);
  }

  #viewOf(store: Store): Store {
    const { ledger } = this.#world;
    const plain =
      <Asked extends readonly unknown[], Result>(operation: string, ask: (...asked: Asked) => Promise<Result>) =>
      (...asked: Asked): Promise<Result> =>
        this.#ask(operation, () => ask(...asked));
    return {
      ...store,
      records: {
        get: <Value>(kind: string, key: string) => this.#ask('get', () => store.records.get<Value>(kind, key)),
        find: <Value>(...query: Parameters<Store['records']['find']>) =>
          this.#ask('find', () => store.records.find<Value>(...query)),
        list: <Value>(...query: Parameters<Store['records']['list']>) =>
          this.#ask('list', () => store.records.list<Value>(...query)),
      },
      admit: plain('admit', store.admit),
      commit: (commit) =>
        this.#ask('commit', async () => {
          const committed = await store.commit(commit);
          ledger.committed(this, commit, committed);
          return committed;
        }),
      undecided: plain('undecided', store.undecided),
      envelopes: plain('envelopes', store.envelopes),
      claim: (request) =>
        this.#ask('claim', async () => {
          const deliveries = await store.claim(request);
          ledger.claimed(this, request, deliveries);
          return deliveries;
        }),
      due: plain('due', store.due),
      settle: (settlements) =>
        this.#ask('settle', async () => {
          const effective = await store.settle(settlements);
          settlements.forEach((settlement, i) => void ledger.settled(this, settlement, effective[i] === true));
          return effective;
        }),
      inbox: plain('inbox', store.inbox),
      inboxMessage: plain('inboxMessage', store.inboxMessage),
      backlog: plain('backlog', store.backlog),
    };
  }
}
