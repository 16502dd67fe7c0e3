/**
 * Shared memory for many hub processes, in Redis. Losing Redis refuses; it never admits a replay.
 *
 * Redis may forget: flushed, restarted without its newest writes, failed over to a server that had not heard of them.
 * So an epoch is kept beside the keys: the server process that they belong to, and since when it has forgotten nothing.
 * A once-key is admitted only while the epoch is the one that this process knows, checked in the same step, and only
 * when the epoch is older than the longest life: what an earlier epoch may have known has then ended by itself.
 * Until then `once` refuses and says when to come back.
 */
import { randomUUID } from 'node:crypto';
import { HubError } from '../../core/errors.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';
import { RedisConnection, type RedisConnectionOptions } from './connection.ts';
import { ADD, BEGIN, ONCE, TAKE } from './scripts.ts';

export interface RedisSharedMemoryOptions extends RedisConnectionOptions {
  /** Before every key, so that hubs may share a server. */
  readonly prefix?: string;
  /** No once-key lives longer; also how long `once` refuses after Redis has forgotten. The same in every process. */
  readonly onceLife_max_ms?: number;
  /**
   * True only where this hub has never kept anything (a new installation, a test): an empty Redis is then new and not
   * forgetful, and `once` answers at once. Speaks of the first connection alone.
   */
  readonly startsEmpty?: boolean;
}

const FIVE_MINUTES_MS = 5 * 60 * 1_000;

/**
 * Connects in the background and for as long as it takes. Every method rejects with HubError STORE_UNAVAILABLE within
 * 500 ms where Redis cannot answer; the effect may then have happened. `healthy` says whether Redis answers.
 */
export function createRedisSharedMemory({
  prefix = 'vertebra:',
  onceLife_max_ms = FIVE_MINUTES_MS,
  startsEmpty = false,
  ...rest
}: RedisSharedMemoryOptions): SharedMemory {
  const connection = new RedisConnection(rest);
  const epochKey = `${prefix}epoch`;
  let epoch: { readonly id: string; readonly generation: number } | undefined;
  let beginning: Promise<string> | undefined;
  let mayBeNew = startsEmpty;

  async function begin(): Promise<string> {
    const { generation } = connection;
    const id = await connection.run((redis) => redis.eval(BEGIN, 1, epochKey, randomUUID(), mayBeNew ? '1' : '0'));
    if (id === 'evicts') {
      const error = new HubError('STORE_UNAVAILABLE', {
        what: 'Redis may evict keys before their time: set its maxmemory-policy to noeviction',
      });
      connection.tell('Redis may evict keys.', error);
      throw error;
    }
    mayBeNew = false;
    epoch = { id: String(id), generation };
    return epoch.id;
  }

  /** The epoch of this connection; several who ask at the same time ask once. */
  async function currentEpoch(): Promise<string> {
    if (epoch?.generation === connection.generation) return epoch.id;
    beginning ??= begin().finally(() => {
      beginning = undefined;
    });
    return beginning;
  }

  async function once(key: string, life_ms: number): Promise<boolean> {
    if (life_ms > onceLife_max_ms) throw new HubError('INTERNAL', { what: 'a once-key that lives too long' });
    const answer = await connection.run(async (redis) => {
      const id = await currentEpoch();
      // Learnt on a connection that is gone: the server behind this one may be another.
      if (epoch?.generation !== connection.generation) throw new HubError('STORE_UNAVAILABLE', { retryAfter_s: 1 });
      const said = await redis.eval(
        ONCE,
        2,
        epochKey,
        `${prefix}once:${key}`,
        id,
        Math.max(1, Math.ceil(life_ms)),
        onceLife_max_ms,
      );
      if (said !== 'lost') return said;
      // The new epoch begins now, so that the wait for it is no longer than it must be.
      epoch = undefined;
      await currentEpoch();
      return onceLife_max_ms;
    });
    if (answer === 'new') return true;
    if (answer === 'known') return false;
    throw new HubError('STORE_UNAVAILABLE', {
      what: 'Redis has forgotten what was used before',
      retryAfter_s: Math.ceil(Number(answer) / 1_000),
    });
  }

  return {
    once,
    take: (bucket, { perSecond, burst }) =>
      connection.run(async (redis) => Number(await redis.eval(TAKE, 1, `${prefix}take:${bucket}`, perSecond, burst))),
    add: (counter, amount, life_ms) =>
      connection.run(async (redis) =>
        Number(await redis.eval(ADD, 1, `${prefix}add:${counter}`, amount, Math.ceil(life_ms))),
      ),
    get: (key) => connection.run(async (redis) => (await redis.get(`${prefix}value:${key}`)) ?? undefined),
    set: (key, value, life_ms) =>
      connection.run(async (redis) => {
        await redis.set(`${prefix}value:${key}`, value, 'PX', Math.ceil(life_ms));
      }),
    delete: (key) =>
      connection.run(async (redis) => {
        await redis.del(`${prefix}value:${key}`);
      }),
    healthy: () =>
      connection
        .run((redis) => redis.ping())
        .then(
          () => true,
          () => false,
        ),
    close: () => connection.close(),
  };
}
