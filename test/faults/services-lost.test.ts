/** The services die beside a running hub: RabbitMQ, PostgreSQL, Redis killed, Redis flushed. The hub goes on by itself. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import { isAcknowledged, newOrder } from '../support/orders.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import { type Services, startServices } from '../support/services.ts';
import { flap, startLoad } from './load.ts';
import { expectNothingLost, expectUnbrokenTrail, sentBeside, Tally } from './tally.ts';

const systems = {
  surgery: {
    timeout_ms: 500,
    contracts: { [ACKNOWLEDGEMENT]: { retries: 100, retryInterval_ms: 200, backoff: 1 } },
  },
} as const;
/** A delivery whose lease nobody remembers is free again after a minute. */
const RECOVERED_WITHIN_ms = 80_000;

describe('a hub on the full stack', function () {
  this.timeout(120_000);
  let services: Services;
  let hub: HubProcess;
  let pid: number;

  before(async function () {
    this.timeout(300_000);
    services = await startServices({ which: ['postgres', 'rabbitmq', 'redis'] });
    hub = await startHubProcess({ stack: 'full' }, systems, services);
    pid = hub.pid;
  });

  after(async () => {
    await hub?.stop();
    await services?.stop();
  });

  /** `fault` happens under load; afterwards everything that was acknowledged must be there, and the hub be well. */
  async function survives(title: string, fault: (tally: Tally) => Promise<void>): Promise<Tally> {
    const { surgery } = hub.systems;
    const tally = new Tally(title);
    const calm = flap(surgery.door);
    const load = startLoad(surgery, tally);
    await pass(500);
    await fault(tally);
    const before = tally.acknowledged.size;
    await eventually('messages are acknowledged again', () => tally.acknowledged.size > before + 20, 20_000);
    await load.stop();
    calm();
    await eventually(
      'every acknowledged message has its effect at the receiver',
      () => tally.missingAt(surgery.door).length === 0,
      RECOVERED_WITHIN_ms,
    );
    const store = await hub.openStore();
    try {
      await expectNothingLost(tally, surgery.door, store);
      await expectUnbrokenTrail(store);
    } finally {
      await store.close();
    }
    expect(hub.pid).to.equal(pid);
    return tally;
  }

  async function expectWell(): Promise<void> {
    const { surgery } = hub.systems;
    const order = sentBeside(newOrder(surgery));
    expect(isAcknowledged(await surgery.client.ebxml(order), order.messageId)).to.equal(true);
    await eventually('it is delivered', () => surgery.door.taken.some(({ refTo }) => refTo === order.messageId));
  }

  it('goes on when Redis is flushed, and forgets no message for it', async () => {
    const tally = await survives('Redis flushed', async () => {
      const redis = new Redis(services.redis?.url ?? '');
      await redis.flushall();
      await pass(300);
      await redis.flushall();
      await redis.quit();
    });
    // a message from before the flush, sent again after it, is still the same message
    const [old] = [...tally.orders.values()].filter(({ messageId }) => tally.acknowledged.has(messageId));
    if (old === undefined) throw new Error('nothing was acknowledged');
    const { surgery } = hub.systems;
    expect(isAcknowledged(await surgery.client.ebxml(old), old.messageId)).to.equal(true);
    await expectWell();
    expect(surgery.door.taken.filter(({ refTo }) => refTo === old.messageId).map(({ id }) => id).length).to.equal(1);
  });

  it('goes on when Redis is killed, and when it comes back', async () => {
    await survives('Redis killed', async () => {
      await services.redis?.kill();
      await pass(1_000);
      await services.redis?.restart();
    });
    await expectWell();
  });

  it('refuses and says when to come back while PostgreSQL is dead, and goes on when it is back', async () => {
    const tally = await survives('PostgreSQL killed', async (sent) => {
      await services.postgres?.kill();
      await eventually('a sender is told that the store is away', () => sent.answers.has('503 STORE_UNAVAILABLE'));
      const { surgery } = hub.systems;
      const refused = await surgery.client.ebxml(sentBeside(newOrder(surgery)));
      expect(refused.status).to.equal(503);
      expect(Number(refused.headers['retry-after'])).to.be.at.least(1);
      await services.postgres?.restart();
    });
    expect([...tally.answers.keys()].filter((what) => /^5(?!03)/.test(what))).to.deep.equal([]);
    await expectWell();
  });

  it('goes on without RabbitMQ when it is killed, and with it when it is back', async () => {
    const tally = await survives('RabbitMQ killed', async () => {
      await services.rabbitmq?.kill();
      await pass(1_000);
      await services.rabbitmq?.restart();
    });
    expect([...tally.answers.keys()].filter((what) => /^5(?!03)/.test(what))).to.deep.equal([]);
    await expectWell();
  });
});
