/** Measures a server under load: as fast as it goes in a closed loop, then its latency at half of that. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './child.ts';
import { monotonic_ms } from './clock.ts';
import type { GeneratorQuestions } from './generator-process.ts';
import type { Pattern, Sent } from './load.ts';
import type { ReceiverQuestions } from './receiver-process.ts';
import { percentile, type Row } from './rows.ts';
import { threadsOf, usageOf } from './usage.ts';

export interface Stage {
  readonly server: { readonly pid: number };
  readonly services?: readonly number[];
  readonly generator: Child<GeneratorQuestions>;
  /** Where effects arrive; without one the answer is the end of a message. */
  readonly receiver?: Child<ReceiverQuestions>;
}

export interface Times {
  readonly measure_ms: number;
  readonly warmUp_ms: number;
}

export type Counts = Pick<Row, 'accepted' | 'refused' | 'lost' | 'doubled' | 'unexpected' | 'broken'>;
export type Throughput = Pick<
  Row,
  | 'perSecond'
  | 'server_us'
  | 'services_us'
  | 'generator_us'
  | 'receiver_us'
  | 'serverCores'
  | 'allCores'
  | 'busiestThread'
>;
export type Latency = Pick<Row, 'latencyRate_perSecond' | 'p50_ms' | 'p99_ms'>;

const ANSWERS_WITHIN_ms = 20_000;
const EFFECTS_WITHIN_ms = 20_000;

export async function measureThroughput(
  stage: Stage,
  pattern: Pattern,
  times: Times,
): Promise<Throughput & { readonly counts: Counts }> {
  const { generator, receiver, server, services } = stage;
  await generator.ask('start', pattern);
  await sleep(times.warmUp_ms);
  const before = look(stage);
  await sleep(times.measure_ms);
  const after = look(stage);
  const { sent, done_ms, counts } = await finish(stage);
  let messages = 0;
  for (const at of done_ms) if (at > before.at_ms && at <= after.at_ms) messages++;
  const elapsed_us = (after.at_ms - before.at_ms) * 1_000;
  const spent = (part: 'server' | 'services' | 'generator' | 'receiver'): number => after[part] - before[part];
  const each = (part: Parameters<typeof spent>[0]): number => spent(part) / Math.max(1, messages);
  const busiest = [...after.threads].map(([thread, cpu_us]) => cpu_us - (before.threads.get(thread) ?? 0));
  if (sent.statuses.length === 0) throw new Error(`process ${server.pid} was never sent anything`);
  return {
    perSecond: (messages * 1e6) / elapsed_us,
    server_us: each('server'),
    ...(services && { services_us: each('services') }),
    generator_us: each('generator'),
    ...(receiver && { receiver_us: each('receiver') }),
    serverCores: spent('server') / elapsed_us,
    allCores: (spent('server') + spent('services') + spent('generator') + spent('receiver')) / elapsed_us,
    busiestThread: Math.max(0, ...busiest) / elapsed_us,
    counts,
  };
}

/** Latency counts from when a message was to be sent, so that a server which stalls cannot hide it. */
export async function measureLatency(
  stage: Stage,
  perSecond: number,
  times: Times,
): Promise<Latency & { readonly counts: Counts }> {
  await stage.generator.ask('start', { kind: 'open', perSecond });
  await sleep(Math.min(times.warmUp_ms, 2_000));
  const from_ms = monotonic_ms();
  await sleep(times.measure_ms);
  const to_ms = monotonic_ms();
  const { sent, done_ms, counts } = await finish(stage);
  const waits: number[] = [];
  sent.intended_ms.forEach((intended_ms, index) => {
    if (intended_ms <= from_ms || intended_ms > to_ms) return;
    const at_ms = done_ms[index] ?? 0;
    waits.push(at_ms === 0 ? Number.POSITIVE_INFINITY : at_ms - intended_ms);
  });
  const sorted = Float64Array.from(waits);
  return {
    latencyRate_perSecond: perSecond,
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    counts,
  };
}

export const NO_COUNTS: Counts = { accepted: 0, refused: 0, lost: 0, doubled: 0, unexpected: 0, broken: 0 };

export const addCounts = (one: Counts, other: Counts): Counts => ({
  accepted: one.accepted + other.accepted,
  refused: one.refused + other.refused,
  lost: one.lost + other.lost,
  doubled: one.doubled + other.doubled,
  unexpected: one.unexpected + other.unexpected,
  broken: one.broken + other.broken,
});

interface Look {
  readonly at_ms: number;
  readonly server: number;
  readonly services: number;
  readonly generator: number;
  readonly receiver: number;
  readonly threads: ReadonlyMap<string, number>;
}

function look({ server, services = [], generator, receiver }: Stage): Look {
  return {
    at_ms: monotonic_ms(),
    server: usageOf(server.pid).cpu_us,
    services: usageOf(...services).cpu_us,
    generator: usageOf(generator.pid).cpu_us,
    receiver: receiver === undefined ? 0 : usageOf(receiver.pid).cpu_us,
    threads: threadsOf(server.pid),
  };
}

/** Stops the load, waits for what is under way, and matches what was sent with what arrived. */
async function finish({ generator, receiver }: Stage): Promise<{ sent: Sent; done_ms: Float64Array; counts: Counts }> {
  const sent = await generator.ask('stop', ANSWERS_WITHIN_ms, ANSWERS_WITHIN_ms + 10_000);
  const isAccepted = (status: number | undefined): boolean => status !== undefined && status >= 200 && status < 300;
  const accepted = sent.statuses.reduce((sum, status) => sum + (isAccepted(status) ? 1 : 0), 0);
  const answers = { accepted, refused: sent.statuses.length - accepted, broken: sent.broken };
  if (receiver === undefined)
    return { sent, done_ms: sent.answered_ms, counts: { ...answers, lost: 0, doubled: 0, unexpected: 0 } };

  const asked = { first: sent.first, count: sent.statuses.length };
  let arrivals = await receiver.ask('arrivals', asked);
  const end_ms = monotonic_ms() + EFFECTS_WITHIN_ms;
  while (arrivals.times.reduce((sum, times) => sum + (times > 0 ? 1 : 0), 0) < accepted && monotonic_ms() < end_ms) {
    await sleep(100);
    arrivals = await receiver.ask('arrivals', asked);
  }
  await sleep(200); // what comes a second time comes a little later
  const { arrived_ms, times } = await receiver.ask('arrivals', asked);
  let [lost, doubled, unexpected] = [0, 0, 0];
  times.forEach((count, index) => {
    if (count > 1) doubled++;
    if (count === 0 && isAccepted(sent.statuses[index])) lost++;
    if (count > 0 && !isAccepted(sent.statuses[index])) unexpected++;
  });
  return { sent, done_ms: arrived_ms, counts: { ...answers, lost, doubled, unexpected } };
}
