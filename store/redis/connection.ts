/** One connection to Redis that answers in time or refuses: no queue while it is away, nothing sent twice. */
import { Redis } from 'ioredis';
import { deadline } from '../../core/deadline.ts';
import { HubError } from '../../core/errors.ts';

export interface RedisConnectionOptions {
  /** redis://user:password@host:6379/0, or rediss:// over TLS. */
  readonly url: string;
  /** Told once when the connection is lost and once for each thing that is wrong with the server. */
  readonly trouble?: (what: string, error: unknown) => void;
}

/** The caller has an answer or a refusal within 500 ms: these two, one inside the other. */
const COMMAND_WITHIN_MS = 400;
const ANSWER_WITHIN_MS = 450;
const RECONNECT_MAX_MS = 1_000;

export class RedisConnection {
  readonly #redis: Redis;
  readonly #trouble: (what: string, error: unknown) => void;
  #closed = false;
  #well = true;
  #connecting: Promise<void> | undefined;
  /** One more with each connection that is lost; what was learnt on an earlier one says nothing of the next. */
  generation = 0;

  constructor({ url, trouble = () => undefined }: RedisConnectionOptions) {
    this.#trouble = trouble;
    this.#redis = new Redis(url, {
      commandTimeout: COMMAND_WITHIN_MS,
      connectTimeout: 2_000,
      // A server that hangs is given up and connected to anew; what was asked of it is not asked again.
      socketTimeout: 2_000,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_MAX_MS),
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    this.#redis.on('ready', () => {
      this.#well = true;
    });
    this.#redis.on('close', () => {
      this.generation++;
    });
    this.#redis.on('error', (error) => this.tell('Redis does not answer.', error));
  }

  /** Says what is wrong, once until it is well again. */
  tell(what: string, error: unknown): void {
    if (!this.#well || this.#closed) return;
    this.#well = false;
    this.#trouble(what, error);
  }

  /** Does the work within 450 ms, or rejects with HubError STORE_UNAVAILABLE: it may have been done or not. */
  async run<Result>(work: (redis: Redis) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw new HubError('STORE_UNAVAILABLE');
    try {
      return await deadline(
        this.#connected().then(() => work(this.#redis)),
        ANSWER_WITHIN_MS,
        'Redis',
      );
    } catch (thrown) {
      if (thrown instanceof HubError && thrown.code !== 'DEADLINE_PASSED') throw thrown;
      throw new HubError('STORE_UNAVAILABLE', { what: 'Redis', retryAfter_s: 1 }, { cause: thrown });
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#redis.disconnect();
  }

  /** Waits only while a connection is being made; one that is away is refused at once. All who wait share one wait. */
  async #connected(): Promise<void> {
    const redis = this.#redis;
    if (redis.status !== 'connecting' && redis.status !== 'connect') return;
    if (!this.#connecting) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const refuse = () => reject(new HubError('STORE_UNAVAILABLE', { what: 'Redis', retryAfter_s: 1 }));
      redis.once('ready', resolve).once('close', refuse);
      this.#connecting = promise.finally(() => {
        redis.off('ready', resolve).off('close', refuse);
        this.#connecting = undefined;
      });
    }
    await this.#connecting;
  }
}
