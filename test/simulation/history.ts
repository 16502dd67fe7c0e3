/** One seed, one history: a hub and its town live through the weather, the world is healed, and then everything must be right. */
import { DEFAULT_LIMITS, type PathLimits } from '../../broker/parts.ts';
import type { CheckedDocument } from '../../core/document.ts';
import type { Store } from '../../core/store.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import type { Transport } from '../../core/transport.ts';
import { known } from '../../examples/cpis/examples.ts';
import { mailboxOf } from '../../routes/mailbox/mailbox.ts';
import { createMemoryStore } from '../../store/memory/store.ts';
import { HubProcess, type HubWorld } from './hub-process.ts';
import { Ledger } from './ledger.ts';
import { CHILDREN, childOf, closingPulls, drawLetters } from './letters.ts';
import { Network } from './network.ts';
import { Random } from './random.ts';
import { Senders } from './senders.ts';
import { SharedQueue } from './shared-queue.ts';
import { drawTown, type Town } from './town.ts';
import { judge, type Verdict } from './verdict.ts';
import { VirtualTime } from './virtual-time.ts';
import { type Blow, Weather } from './weather.ts';

export interface HistoryOptions {
  readonly readDocument: (schema: string, body: Uint8Array) => CheckedDocument;
  readonly keepTrace?: boolean;
  /** Parts broken on purpose, to see that the simulation notices. */
  readonly breakStore?: (store: Store) => Store;
  readonly breakTransport?: (transport: Transport) => Transport;
  readonly breakLimits?: Partial<PathLimits>;
}

const START = Date.parse('2026-03-02T09:00:00Z');
/** Longest wait for everything to end once the world is healed: beyond any lease, back-off and circuit. */
const HEALED_WITHIN_ms = 20 * 60_000;
const LOOK_EVERY_ms = 1_000;

const drawLimits = (random: Random): PathLimits => ({
  ...DEFAULT_LIMITS,
  lease_ms: random.pick([15_000, 30_000, 60_000]),
  perReceiver: random.pick([1, 2, 16]),
  queuePerReceiver: random.pick([1, 3, 2_000]),
  circuitFailures: random.pick([1, 3, 5]),
  circuitOpenMost_ms: random.pick([4_000, 60_000]),
  undecidedAfter_ms: random.pick([1_000, 5_000]),
  mostUndecided: random.pick([3, 50_000]),
  holdAtMost: random.pick([0, 2, 1_000]),
  // of the machine that runs the test, which is no part of the history
  mostMemory_bytes: Number.POSITIVE_INFINITY,
});

export async function liveThrough(seed: number, options: HistoryOptions): Promise<Verdict> {
  const random = new Random(seed);
  const time = new VirtualTime(START);
  const ledger = new Ledger(time, options.keepTrace ?? false);
  const town = drawTown(random);
  const length_ms = random.between(20_000, 120_000);
  const systems = town.all.map(({ systemId }) => systemId);
  const weather = new Weather(random, systems, length_ms);
  const letters = drawLetters({ random, town, start: START, length_ms });
  const memory = createMemoryStore();
  await seedPeople(memory);
  const world: HubWorld = {
    time,
    weather,
    ledger,
    store: options.breakStore?.(memory) ?? memory,
    network: new Network({ time, weather, ledger, random: random.fork() }),
    directory: town.directory,
    queue: random.chance(0.25) ? new SharedQueue({ time, weather, random: random.fork() }) : undefined,
    random: random.fork(),
    limits: { ...drawLimits(random), ...options.breakLimits },
    readDocument: options.readDocument,
    transport: options.breakTransport ?? ((transport) => transport),
  };
  const processes: HubProcess[] = [];
  const alive = (): HubProcess[] => processes.filter((process) => process.alive);
  const start = (): void => {
    const process = new HubProcess(`hub-${processes.length + 1}`, world);
    processes.push(process);
    void begin(process);
  };
  const lot = random.fork();
  const listening = (): HubProcess | undefined => (alive().length === 0 ? undefined : lot.pick(alive()));
  const senders = new Senders({ ...world, random: random.fork(), process: listening });

  start();
  for (const blow of weather.blows) time.timer(blow.at_ms, () => strike(blow));
  function strike(blow: Blow): void {
    switch (blow.kind) {
      case 'crash':
        for (const process of alive().slice(0, 1)) process.crash();
        return;
      case 'second-process':
        start();
        return;
      case 'freeze':
        listening()?.freeze(blow.for_ms);
        return;
      case 'jump':
        ledger.note(`the clock jumps by ${blow.by_ms} ms`);
        ledger.counts.jumps++;
        time.jump(blow.by_ms);
    }
  }
  // whoever watches over the hub starts it again when no process is left
  const restart = random.fork();
  const watch = (): void => {
    if (alive().length === 0) time.timer(restart.pick([0, 100, 5_000, 20_000]), () => alive().length === 0 && start());
    time.timer(LOOK_EVERY_ms, watch);
  };
  watch();
  collectMail(world, town, listening);
  for (const letter of letters) senders.post(letter);
  await time.runUntil(length_ms);

  ledger.note('the world is healed');
  weather.heal();
  time.setRight();
  const quiet = quietness(memory, senders, time);
  const end_ms = length_ms + HEALED_WITHIN_ms;
  await time.runUntil(end_ms, quiet);
  for (const letter of closingPulls(town, random)) senders.post(letter);
  await time.runUntil(end_ms + HEALED_WITHIN_ms, quiet);
  return judge({ seed, town, store: memory, ledger, told: senders.told, elapsed_ms: time.elapsed_ms });
}

/** A process that cannot read its store at the start ends, and its supervisor starts another. */
async function begin(process: HubProcess): Promise<void> {
  await process.path.start().catch(() => process.crash());
}

/** Systems without an endpoint look into their mailboxes now and then, as the mailbox door lets them. */
function collectMail(world: HubWorld, { all }: Town, listening: () => HubProcess | undefined): void {
  const { time, ledger } = world;
  const collect = async (system: Town['all'][number]): Promise<void> => {
    const hub = listening();
    if (hub === undefined) return;
    const mailbox = mailboxOf(hub.store, hub.clock, silentTelemetry);
    for (const { id } of await mailbox.list(system.systemId, { after: 0, limit: 100 })) {
      const delivery = await mailbox.fetch(system.systemId, id);
      if (delivery === undefined) continue;
      const { receiver, cause, interaction, notice } = delivery;
      ledger.arrived({ id, receiver, cause, interaction, notice });
      await mailbox.acknowledge({ ...system, sends: new Set() }, id);
    }
  };
  const look = (): void => {
    for (const system of all) if (system.endpoint === undefined) void collect(system).catch(() => undefined);
    time.timer(4_000, look);
  };
  look();
}

/** True when every sender is content and two looks since then found nothing that waits in the store. */
function quietness(store: Store, senders: Senders, time: VirtualTime): () => boolean {
  let clean = 0;
  let nextLook_ms = 0;
  return () => {
    if (!senders.content) clean = 0;
    else if (time.elapsed_ms >= nextLook_ms) {
      nextLook_ms = time.elapsed_ms + LOOK_EVERY_ms;
      void store.backlog().then(({ undecided, undelivered }) => {
        clean = undecided + undelivered === 0 ? clean + 1 : 0;
      });
    }
    return clean >= 2;
  };
}

/** What demographics know of the children. */
async function seedPeople(store: Store): Promise<void> {
  const records = Array.from({ length: CHILDREN }, (_, index) => known(childOf(index)));
  const cause = {
    messageId: 'SEED',
    sender: {
      systemId: 'SEED',
      partyKey: 'SEED',
      ods: 'SEED',
      kind: 'national-service',
      name: '',
      sends: new Set<string>(),
    },
    interaction: 'simulation:seed',
    wire: 'hub',
    conversationId: 'SEED',
    parameters: {},
    receivedAt: START,
    contentType: '',
    digest: 'SEED',
  } as const;
  const decision = {
    answer: { kind: 'accepted', text: '' },
    records,
    events: [{ action: 'seed', outcome: 'success' }],
  } as const;
  await store.commit({ cause, body: new Uint8Array(), decision, deliveries: [], at: START });
}
