/** The shared memory in Redis keeps the contract, and admits no replay when Redis hangs, dies or forgets. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { HubError } from '../../core/errors.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';
import { createRedisSharedMemory, type RedisSharedMemoryOptions } from '../../store/redis/shared-memory.ts';
import { sharedMemoryContract } from '../contract/shared-memory-suite.ts';
import { refusal } from '../contract/store/samples.ts';
import { type RedisService, type Services, sharedService, startServices } from '../support/services.ts';

sharedMemoryContract('Redis', async () => {
  const { url } = await sharedService('redis');
  const options = { url, prefix: `test-${randomUUID()}:`, startsEmpty: true };
  const memory = createRedisSharedMemory(options);
  const neighbour = createRedisSharedMemory(options);
  return {
    memory,
    neighbour,
    pass: (ms) => pass(ms),
    close: async () => {
      await memory.close();
      await neighbour.close();
    },
  };
});

describe('the shared memory, when Redis is in trouble', function () {
  this.timeout(30_000);
  const LIFE_MS = 1_500;
  let services: Services;
  let redis: RedisService;
  const open: SharedMemory[] = [];
  const connect = (extra: Partial<RedisSharedMemoryOptions> = {}): SharedMemory => {
    const memory = createRedisSharedMemory({ url: redis.url, onceLife_max_ms: LIFE_MS, ...extra });
    open.push(memory);
    return memory;
  };
  const command = async (...words: [string, ...string[]]) => {
    const client = new Redis(redis.url, { retryStrategy: () => null });
    await client.call(...words).finally(() => client.disconnect());
  };
  const took = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  /** Resolves when `once` answers again. */
  const answered = async (memory: SharedMemory, key: string): Promise<boolean> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await memory.once(key, LIFE_MS).catch(() => undefined);
      if (answer !== undefined) return answer;
      await pass(50);
    }
    throw new Error('never answered again');
  };

  before(async () => {
    services = await startServices({ which: ['redis'] });
    if (!services.redis) throw new Error('no Redis');
    redis = services.redis;
  });
  beforeEach(async () => {
    await command('flushall');
  });
  afterEach(() => Promise.all(open.splice(0).map((memory) => memory.close())));
  after(() => services?.stop());

  it('admits no replay after a flush: it refuses until what was forgotten has ended, in every process', async () => {
    const [here, there] = [connect({ startsEmpty: true }), connect({ startsEmpty: true })];
    const used = performance.now();
    expect(await here.once('nonce', LIFE_MS)).to.equal(true);
    expect(await there.once('nonce', LIFE_MS)).to.equal(false);
    await command('flushall');
    while (performance.now() < used + LIFE_MS - 50) {
      for (const memory of [here, there]) {
        expect(await refusal(memory.once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
      }
      await pass(50);
    }
    expect(await answered(there, 'another')).to.equal(true);
    expect(performance.now()).to.be.greaterThan(used + LIFE_MS);
    expect(await here.once('another', LIFE_MS)).to.equal(false);
  });

  it('refuses a shorter life as long: it may be the same nonce, nearer to its end', async () => {
    const memory = connect({ startsEmpty: true });
    await memory.once('nonce', LIFE_MS);
    await command('flushall');
    await pass(300);
    expect(await refusal(memory.once('nonce', 100))).to.equal('STORE_UNAVAILABLE');
    await pass(300);
    expect(await refusal(memory.once('nonce', 100))).to.equal('STORE_UNAVAILABLE');
  });

  it('says when to come back', async () => {
    const memory = connect();
    const thrown = await memory.once('nonce', LIFE_MS).catch((error: unknown) => error);
    expect(thrown).to.be.instanceOf(HubError);
    expect((thrown as HubError).details.retryAfter_s).to.be.within(1, 2);
  });

  it('refuses a process that starts on an empty Redis, unless the hub has never kept anything', async () => {
    expect(await refusal(connect().once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
    await command('flushall');
    expect(await connect({ startsEmpty: true }).once('nonce', LIFE_MS)).to.equal(true);
    expect(await connect().once('other', LIFE_MS)).to.equal(true);
  });

  it('refuses a life that is longer than the longest', async () => {
    expect(await refusal(connect({ startsEmpty: true }).once('nonce', LIFE_MS + 1))).to.equal('INTERNAL');
  });

  it('admits no replay after a kill and a restart, and answers again without being told', async () => {
    const memory = connect({ startsEmpty: true });
    const used = performance.now();
    expect(await memory.once('nonce', LIFE_MS)).to.equal(true);
    await redis.kill();
    const first = await took(async () => {
      expect(await refusal(memory.once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
    });
    expect(first).to.be.lessThan(500);
    expect(await memory.healthy()).to.equal(false);
    await redis.restart();
    while (performance.now() < used + LIFE_MS - 100) {
      expect(await memory.once('nonce', LIFE_MS).catch(() => 'refused')).to.equal('refused');
      await pass(50);
    }
    expect(await answered(memory, 'another')).to.equal(true);
    expect(await memory.healthy()).to.equal(true);
  });

  it('takes a restarted server for a forgetful one, though its disk brought the epoch back', async () => {
    await command('set', 'unrelated', '1');
    const memory = connect({ startsEmpty: true });
    expect(await memory.once('nonce', LIFE_MS)).to.equal(true);
    // As a server would find it on its disk: everything but the newest key, and its own earlier name.
    await command('del', 'vertebra:once:nonce');
    await command('hset', 'vertebra:epoch', 'server', 'the-process-before');
    expect(await refusal(connect().once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
    expect(await refusal(memory.once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
  });

  it('refuses within half a second while Redis hangs, and answers when it goes on', async () => {
    const memory = connect({ startsEmpty: true });
    expect(await memory.once('nonce', LIFE_MS)).to.equal(true);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      const calls = [
        () => memory.once('nonce', LIFE_MS),
        () => memory.once('other', LIFE_MS),
        () => memory.take('system', { perSecond: 1, burst: 1 }),
        () => memory.add('count', 1, LIFE_MS),
        () => memory.get('value'),
        () => memory.set('value', '1', LIFE_MS),
      ];
      for (const call of calls) {
        const ms = await took(async () => expect(await refusal(call())).to.equal('STORE_UNAVAILABLE'));
        expect(ms).to.be.lessThan(500);
      }
      expect(await memory.healthy()).to.equal(false);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    expect(await answered(memory, 'fresh')).to.equal(true);
  });

  it('refuses within half a second where nothing listens, and says so once', async () => {
    const told: string[] = [];
    const memory = connect({ url: 'redis://127.0.0.1:1', trouble: (what) => told.push(what) });
    for (let call = 0; call < 3; call++) {
      const ms = await took(async () => {
        expect(await refusal(memory.once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
      });
      expect(ms).to.be.lessThan(500);
    }
    await pass(400);
    expect(told).to.deep.equal(['Redis does not answer.']);
  });

  it('refuses once-keys of a server that may evict them', async () => {
    await command('config', 'set', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
    try {
      expect(await refusal(connect({ startsEmpty: true }).once('nonce', LIFE_MS))).to.equal('STORE_UNAVAILABLE');
      await command('config', 'set', 'maxmemory-policy', 'noeviction');
      expect(await connect({ startsEmpty: true }).once('nonce', LIFE_MS)).to.equal(true);
    } finally {
      await command('config', 'set', 'maxmemory', '0', 'maxmemory-policy', 'noeviction');
    }
  });
});
