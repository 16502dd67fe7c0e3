/** The five scenarios: what is started for each, what is measured, and what is cleared away. */
import { join } from 'node:path';
import { type Services, startServices } from '../test/support/services.ts';
import { type Child, startChild } from './child.ts';
import { monotonic_ms } from './clock.ts';
import type { EchoQuestions } from './echo-process.ts';
import type { GeneratorQuestions } from './generator-process.ts';
import { type Hall, openHall, registrations, sendersOf, serverMaterial } from './hall.ts';
import type { HubQuestions } from './hub-process.ts';
import { addCounts, type Counts, measureLatency, measureThroughput, NO_COUNTS, type Stage } from './measure.ts';
import type { BenchOptions, ScenarioName } from './options.ts';
import type { ReceiverQuestions } from './receiver-process.ts';
import type { Row } from './rows.ts';
import { usageOf } from './usage.ts';

export const TITLES: Readonly<Record<ScenarioName, string>> = {
  a: 'bare mutual-TLS echo',
  b: 'accept only',
  c: 'end to end, embedded',
  d: 'end to end, services',
  e: 'idle connections',
};

const HOST = '127.0.0.1';
const ORDER_PATH = '/Prescription';
const START_WITHIN_ms = 60_000;
const STOP_WITHIN_ms = 30_000;
const HANDSHAKES_AT_ONCE = 16;
/** Orders of the connections of (e) count from here, apart from the good sender's. */
const FIRST_IDLE_ORDER = 2_000_000;
/** The good sender of (e): slow enough for any hub, often enough for a 99th percentile. */
const GOOD_SENDER_perSecond = 100;
const CACHES_WITHIN_ms = 30_000;
const MB = 1_000_000;

/** Far above what a bench can send: the limits that keep one system from taking the hub from the others. */
const ENVIRONMENT = {
  HUB_MESSAGE_PORT: '0',
  HUB_ADMIN_PORT: '0',
  HUB_OPERATIONS_PORT: '0',
  HUB_CONNECTIONS_PER_ADDRESS: '25000',
  HUB_MESSAGES_PER_SYSTEM_perSecond: '1000000',
  // the lake is filled while it is measured, not after
  HUB_LAKE_EVERY_s: '5',
} as const;

export async function measureEcho(options: BenchOptions): Promise<Row> {
  await using ending = new AsyncDisposableStack();
  const hall = await hallFor(options, ending);
  const echo = startChild<EchoQuestions>('echo-process', hall);
  ending.defer(() => echo.stop());
  const port = await echo.ask('open', await serverMaterial(hall));
  const generator = generatorFor(hall, ending);
  const { body_bytes } = await connect(generator, { hall, options, port, path: '/echo' });
  const stage: Stage = { server: echo, generator };
  return await bothLoops('a', stage, { options, body_bytes, strange: async () => 0 });
}

export async function measureAcceptOnly(options: BenchOptions): Promise<Row> {
  await using ending = new AsyncDisposableStack();
  const hall = await hallFor(options, ending);
  const receiver = await receiverFor(hall, ending);
  const hub = hubFor(hall, options, ending, 'b');
  const environment = { ...environmentOf(hall, options), HUB_MOST_UNDECIDED: '10000000' };
  const systems = registrations(hall, receiver.ports);
  const port = await hub.ask('start', { environment, systems, acceptOnly: true }, START_WITHIN_ms);
  const generator = generatorFor(hall, ending);
  const { body_bytes } = await connect(generator, { hall, options, port, path: ORDER_PATH });
  const row = await bothLoops('b', { server: hub, generator }, { options, body_bytes, strange: strangeOf(receiver) });
  const { undecided } = await hub.ask('backlog', null);
  return { ...row, lost: Math.max(0, row.accepted - undecided), doubled: Math.max(0, undecided - row.accepted) };
}

/** (c) on the embedded store; (d) on RabbitMQ, PostgreSQL and Redis. */
export async function measureEndToEnd(name: 'c' | 'd', options: BenchOptions): Promise<Row> {
  await using ending = new AsyncDisposableStack();
  const hall = await hallFor(options, ending);
  const receiver = await receiverFor(hall, ending);
  const services = name === 'd' ? await servicesFor(ending) : undefined;
  const hub = hubFor(hall, options, ending, name);
  const environment = { ...environmentOf(hall, options), ...services?.environment };
  const systems = registrations(hall, receiver.ports);
  const port = await hub.ask('start', { environment, systems, acceptOnly: false }, START_WITHIN_ms);
  const generator = generatorFor(hall, ending);
  const { body_bytes } = await connect(generator, { hall, options, port, path: ORDER_PATH, effects: true });
  const stage: Stage = {
    server: hub,
    generator,
    receiver: receiver.child,
    ...(services && { services: services.pids }),
  };
  return await bothLoops(name, stage, { options, body_bytes, strange: strangeOf(receiver) });
}

export async function measureIdle(options: BenchOptions): Promise<Row> {
  await using ending = new AsyncDisposableStack();
  const hall = await hallFor(options, ending);
  const receiver = await receiverFor(hall, ending);
  const hub = hubFor(hall, options, ending, 'e', ['--expose-gc']);
  // what the lake takes for its batches would be counted as the connections'
  const environment = { ...environmentOf(hall, options), HUB_LAKE: 'off' };
  const systems = registrations(hall, receiver.ports);
  const port = await hub.ask('start', { environment, systems, acceptOnly: false }, START_WITHIN_ms);
  const good = generatorFor(hall, ending);
  const { body_bytes } = await connect(good, { hall, options, port, path: ORDER_PATH, effects: true });
  const stage: Stage = { server: hub, generator: good, receiver: receiver.child };
  const warm = await measureThroughput(stage, { kind: 'closed', inFlight: options.inFlight }, options);
  const warmed = await fillCaches(stage, options);
  await hub.ask('collect', null);
  const before = usageOf(hub.pid).memory_bytes;

  const idle = generatorFor(hall, ending);
  const begun = performance.now();
  const opened = await connect(idle, { hall, options, port, path: ORDER_PATH, idle: true });
  const perSecond = (opened.connections * 1_000) / (performance.now() - begun);
  const one = await idle.ask('stop', STOP_WITHIN_ms, STOP_WITHIN_ms + 10_000);
  await hub.ask('collect', null);
  const collected = usageOf(hub.pid).memory_bytes;
  const latency = await measureLatency(stage, GOOD_SENDER_perSecond, options);
  // threads cannot be told to collect: the good sender's messages make them, and what is less is what is in use
  const after = Math.min(collected, usageOf(hub.pid).memory_bytes);
  const each_KB = (after - before) / opened.connections / 1024;
  const accepted = one.statuses.filter((status) => status === 202).length;
  const { counts, ...cost } = warm;
  const arrivals = await receiver.child.ask('arrivals', { first: one.first, count: one.statuses.length });
  const arrived = arrivals.times.filter((times) => times > 0).length;
  const fromIdle: Counts = {
    accepted,
    refused: one.statuses.length - accepted,
    lost: Math.max(0, accepted - arrived),
    doubled: arrivals.times.filter((times) => times > 1).length,
    unexpected: 0,
    broken: one.broken,
  };
  const { counts: fromLatency, ...waits } = latency;
  return {
    scenario: 'e',
    title: TITLES.e,
    ...cost,
    perSecond,
    ...waits,
    ...[warmed, fromIdle, fromLatency].reduce(addCounts, counts),
    strange: await strangeOf(receiver)(),
    peak_MB: usageOf(hub.pid).peak_bytes / MB,
    body_bytes,
    idle: { connections: opened.connections, stillOpen: await idle.ask('connections', null), each_KB },
  };
}

/** As many orders as connections will send: the store's caches are then as full before these as after them. */
async function fillCaches(stage: Stage, { idle, inFlight }: BenchOptions): Promise<Counts> {
  let counts = NO_COUNTS;
  const end_ms = monotonic_ms() + CACHES_WITHIN_ms;
  while (counts.accepted < idle && monotonic_ms() < end_ms) {
    const round = await measureThroughput(stage, { kind: 'closed', inFlight }, { warmUp_ms: 0, measure_ms: 1_000 });
    counts = addCounts(counts, round.counts);
  }
  return counts;
}

async function bothLoops(
  scenario: ScenarioName,
  stage: Stage,
  parts: { readonly options: BenchOptions; readonly body_bytes: number; strange(): Promise<number> },
): Promise<Row> {
  const { options, body_bytes } = parts;
  const inFlight = stage.receiver === undefined ? {} : { inFlight: options.inFlight };
  const { counts: fast, ...throughput } = await measureThroughput(stage, { kind: 'closed', ...inFlight }, options);
  const { counts: half, ...latency } = await measureLatency(stage, Math.max(1, throughput.perSecond / 2), options);
  return {
    scenario,
    title: TITLES[scenario],
    ...throughput,
    ...latency,
    ...addCounts(fast, half),
    strange: await parts.strange(),
    peak_MB: usageOf(stage.server.pid).peak_bytes / MB,
    body_bytes,
  };
}

async function hallFor({ systems }: BenchOptions, ending: AsyncDisposableStack): Promise<Hall> {
  const hall = await openHall(systems);
  ending.defer(() => hall.close());
  return hall;
}

const environmentOf = ({ dataFolder }: Hall, { settings }: BenchOptions): Readonly<Record<string, string>> => ({
  ...ENVIRONMENT,
  HUB_DATA_FOLDER: dataFolder,
  ...settings,
});

function hubFor(
  hall: Hall,
  { profile }: BenchOptions,
  ending: AsyncDisposableStack,
  scenario: ScenarioName,
  nodeOptions: readonly string[] = [],
): Child<HubQuestions> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, scenario)}`];
  const hub = startChild<HubQuestions>('hub-process', {
    folder: hall.folder,
    nodeOptions: [...nodeOptions, ...profiling],
  });
  ending.defer(async () => {
    await hub.ask('stop', null, STOP_WITHIN_ms).catch(() => undefined);
    await hub.stop(STOP_WITHIN_ms);
  });
  return hub;
}

function generatorFor(hall: Hall, ending: AsyncDisposableStack): Child<GeneratorQuestions> {
  const generator = startChild<GeneratorQuestions>('generator-process', hall);
  ending.defer(() => generator.stop());
  return generator;
}

interface Receiver {
  readonly child: Child<ReceiverQuestions>;
  readonly ports: readonly number[];
}

async function receiverFor(hall: Hall, ending: AsyncDisposableStack): Promise<Receiver> {
  const child = startChild<ReceiverQuestions>('receiver-process', hall);
  ending.defer(() => child.stop());
  const identities = hall.systems.map(({ identity }) => identity);
  return { child, ports: await child.ask('open', { identities, feedback: feedbackOf(hall) }) };
}

const feedbackOf = ({ folder }: Hall): string => join(folder, 'feedback.sock');

const strangeOf =
  ({ child }: Receiver) =>
  async (): Promise<number> =>
    (await child.ask('counts', null)).strange;

interface ConnectParts {
  readonly hall: Hall;
  readonly options: BenchOptions;
  readonly port: number;
  readonly path: string;
  /** Orders are done when their effect arrives. */
  readonly effects?: boolean;
  readonly idle?: boolean;
}

function connect(
  generator: Child<GeneratorQuestions>,
  { hall, options, port, path, effects = false, idle = false }: ConnectParts,
): Promise<{ connections: number; body_bytes: number }> {
  const within_ms = 30_000 + (idle ? options.idle * 20 : 0);
  return generator.ask(
    'connect',
    {
      host: HOST,
      port,
      senders: sendersOf(hall, path, idle ? options.idle : options.connections),
      first: idle ? FIRST_IDLE_ORDER : 0,
      ...(effects && { feedback: feedbackOf(hall) }),
      handshakesAtOnce: HANDSHAKES_AT_ONCE,
      within_ms,
      oneEach: idle,
    },
    within_ms + 10_000,
  );
}

/** RabbitMQ, PostgreSQL and Redis of this run alone, with every sync that they would do in production. */
async function servicesFor(
  ending: AsyncDisposableStack,
): Promise<{ readonly environment: Readonly<Record<string, string>>; readonly pids: readonly number[] }> {
  const services: Services = await startServices({ which: ['postgres', 'rabbitmq', 'redis'] });
  ending.defer(() => services.stop());
  const { postgres, rabbitmq, redis } = services;
  if (!postgres || !rabbitmq || !redis) throw new Error('the services were not started');
  return {
    environment: {
      HUB_STORE: 'postgres',
      HUB_POSTGRES_URL: await postgres.createDatabase(),
      HUB_BROKER: 'rabbitmq',
      HUB_RABBITMQ_URL: rabbitmq.url,
      HUB_SHARED_MEMORY: 'redis',
      HUB_REDIS_URL: redis.url,
    },
    pids: [postgres.pid, rabbitmq.pid, redis.pid],
  };
}
