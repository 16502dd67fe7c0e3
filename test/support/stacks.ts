/** The two sizes of the hub as configurations for tests: everything in one process, or on the services of many machines. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import amqp from 'amqplib';
import { DEAD_QUEUE, shardQueue } from '../../broker/rabbitmq/topology.ts';
import { type Config, readConfig } from '../../config.ts';
import { type PostgresService, type RabbitmqService, type RedisService, sharedServices } from './services.ts';

export type Stack = 'embedded' | 'full';
export const STACKS: readonly Stack[] = ['embedded', 'full'];

/** The services that a full stack stands on; the shared ones unless a test brings its own to kill. */
export interface StackServices {
  readonly postgres?: PostgresService;
  readonly rabbitmq?: RabbitmqService;
  readonly redis?: RedisService;
}

/** More than a hub has: queues beyond the last are simply not there. */
const SHARDS_MOST = 16;
const REDIS_DATABASES = 16;
let redisDatabase = 0;

/** A hub in a fresh temporary folder, on free ports; on the full stack with a fresh database, queues and keys. */
export async function freshConfig(
  stack: Stack,
  overrides: Partial<Config> = {},
  services?: StackServices,
): Promise<Config> {
  const dataFolder = overrides.dataFolder ?? (await mkdtemp(join(tmpdir(), 'hub-test-')));
  const base: Config = {
    ...readConfig({}),
    dataFolder,
    messagePort: 0,
    adminPort: 0,
    operationsPort: 0,
    revocationReload_s: 1,
    messagesPerSystem_perSecond: 1_000_000,
    stopWithin_ms: 4_000,
    lake: 'off',
    logLevel: 'silent',
    // in the tests' own thread, where they may look into it; hubs in processes of their own run several
    engines: 1,
  };
  if (stack === 'embedded') return { ...base, ...overrides };
  const { postgres, rabbitmq, redis } = services ?? (await sharedServices('postgres', 'rabbitmq', 'redis'));
  if (!postgres || !rabbitmq || !redis) throw new Error('a full stack needs PostgreSQL, RabbitMQ and Redis');
  await emptyQueues(rabbitmq.url);
  redisDatabase = (redisDatabase + 1) % REDIS_DATABASES;
  return {
    ...base,
    store: 'postgres',
    postgresUrl: await postgres.createDatabase(),
    broker: 'rabbitmq',
    rabbitmqUrl: rabbitmq.url,
    sharedMemory: 'redis',
    redisUrl: `${redis.url}/${redisDatabase}`,
    ...overrides,
  };
}

/** The hub's queues have fixed names: what an earlier hub left in them is not for this one. */
async function emptyQueues(url: string): Promise<void> {
  const connection = await amqp.connect(url, { timeout: 5_000 });
  connection.on('error', () => undefined);
  const channel = await connection.createChannel();
  for (let shard = 0; shard < SHARDS_MOST; shard++) await channel.deleteQueue(shardQueue(shard));
  await channel.deleteQueue(DEAD_QUEUE);
  await connection.close();
}
