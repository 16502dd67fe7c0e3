/** The five scenarios: what is started for each, what is measured, and what is cleared away. */
import { startChild } from './child.ts';
import { monotonic_ms } from './clock.ts';
import type { EchoQuestions } from './echo-process.ts';
import { registrations, serverMaterial } from './hall.ts';
import { addCounts, type Counts, measureLatency, measureThroughput, NO_COUNTS, type Stage } from './measure.ts';
import type { BenchOptions, ScenarioName } from './options.ts';
import {
  connect,
  environmentOf,
  generatorFor,
  hallFor,
  hubFor,
  receiverFor,
  servicesFor,
  strangeOf,
} from './processes.ts';
import type { Row } from './rows.ts';
import { usageOf } from './usage.ts';

export const TITLES: Readonly<Record<ScenarioName, string>> = {
  a: 'bare mutual-TLS echo',
  b: 'accept only',
  c: 'end to end, embedded',
  d: 'end to end, services',
  e: 'idle connections',
};

const ORDER_PATH = '/Prescription';
const START_WITHIN_ms = 60_000;
const STOP_WITHIN_ms = 30_000;
/** The good sender of (e): slow enough for any hub, often enough for a 99th percentile. */
const GOOD_SENDER_perSecond = 100;
const CACHES_WITHIN_ms = 30_000;
const MB = 1_000_000;

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
