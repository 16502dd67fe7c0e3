/** The processes of a scenario: each is started here, and its end is put on the scenario's stack. */
import { join } from 'node:path';
import * as runtime from '../bin/runtime-flags.mjs';
import { type Services, startServices } from '../test/support/services.ts';
import { type Child, startChild } from './child.ts';
import type { GeneratorQuestions } from './generator-process.ts';
import { type Hall, openHall, sendersOf } from './hall.ts';
import type { HubQuestions } from './hub-process.ts';
import type { BenchOptions, ScenarioName } from './options.ts';
import type { ReceiverQuestions } from './receiver-process.ts';

const HOST = '127.0.0.1';
const HANDSHAKES_AT_ONCE = 16;
/** Orders of the connections of (e) count from here, apart from the good sender's. */
const FIRST_IDLE_ORDER = 2_000_000;
const STOP_WITHIN_ms = 30_000;

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

export async function hallFor({ systems }: BenchOptions, ending: AsyncDisposableStack): Promise<Hall> {
  const hall = await openHall(systems);
  ending.defer(() => hall.close());
  return hall;
}

export const environmentOf = ({ dataFolder }: Hall, { settings }: BenchOptions): Readonly<Record<string, string>> => ({
  ...ENVIRONMENT,
  HUB_DATA_FOLDER: dataFolder,
  ...settings,
});

export function hubFor(
  hall: Hall,
  { profile }: BenchOptions,
  ending: AsyncDisposableStack,
  scenario: ScenarioName,
  nodeOptions: readonly string[] = [],
): Child<HubQuestions> {
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, scenario)}`];
  const hub = startChild<HubQuestions>('hub-process', {
    folder: hall.folder,
    nodeOptions: [...runtime.NODE_FLAGS, ...nodeOptions, ...profiling],
    environment: runtime.ENVIRONMENT,
  });
  ending.defer(async () => {
    await hub.ask('stop', null, STOP_WITHIN_ms).catch(() => undefined);
    await hub.stop(STOP_WITHIN_ms);
  });
  return hub;
}

export function generatorFor(hall: Hall, ending: AsyncDisposableStack): Child<GeneratorQuestions> {
  const generator = startChild<GeneratorQuestions>('generator-process', hall);
  ending.defer(() => generator.stop());
  return generator;
}

interface Receiver {
  readonly child: Child<ReceiverQuestions>;
  readonly ports: readonly number[];
}

export async function receiverFor(hall: Hall, ending: AsyncDisposableStack): Promise<Receiver> {
  const child = startChild<ReceiverQuestions>('receiver-process', hall);
  ending.defer(() => child.stop());
  const identities = hall.systems.map(({ identity }) => identity);
  return { child, ports: await child.ask('open', { identities, feedback: feedbackOf(hall) }) };
}

const feedbackOf = ({ folder }: Hall): string => join(folder, 'feedback.sock');

export const strangeOf =
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

export function connect(
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
export async function servicesFor(
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
