/** The hub stops in order: what is in hand ends well, what is new is refused, and the next start goes on from there. */
import { request } from 'node:https';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { type Answered, createSystemClient, writeEbxml } from '../../examples/connected-system.ts';
import { eventually } from '../support/eventually.ts';
import type { TestHub, TestSystem } from '../support/hub.ts';
import { isAcknowledged, newOrder, type Order } from '../support/orders.ts';
import { onBothStacks } from './story.ts';

/** Sends the first half of a message; `finish` sends the rest and gives the answer. */
function beginOrder(hub: TestHub, { identity }: TestSystem, order: Order): { finish(): Promise<Answered> } {
  const { contentType, soapAction, body } = writeEbxml(order);
  const half = Math.floor(body.length / 2);
  const asking = request(`${hub.url}/Prescription`, {
    method: 'POST',
    cert: identity.certificatePem,
    key: identity.keyPem,
    ca: identity.authorityPem,
    headers: { 'content-type': contentType, soapaction: soapAction, 'content-length': body.length },
  });
  const answer = new Promise<Answered>((resolve, reject) => {
    asking.once('error', reject);
    asking.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
  });
  asking.write(body.subarray(0, half));
  return {
    finish() {
      asking.end(body.subarray(half));
      return answer;
    },
  };
}

onBothStacks('a hub that is stopped', {}, (hub) => {
  it('finishes the request in hand, refuses new ones, and delivers after its next start', async () => {
    const { surgery } = hub().systems;
    const { door } = surgery;
    door.manner = 503;
    const order = newOrder(surgery);
    const begun = beginOrder(hub(), surgery, order);
    await pass(200);
    const stopped = hub().halt();
    await pass(100);

    const late = createSystemClient(hub().url, surgery.identity);
    const refused = await late.ebxml(newOrder(surgery)).then(
      ({ status }) => status,
      (thrown: Error & { code?: string }) => thrown.code,
    );
    expect(refused).to.be.oneOf([503, 'ECONNREFUSED']);
    await late.close();
    expect(isAcknowledged(await begun.finish(), order.messageId)).to.equal(true);
    const ended = performance.now();
    await stopped;
    // connections that are kept alive do not hold it up until its time is over
    expect(performance.now() - ended).to.be.below(hub().config.stopWithin_ms / 2);

    door.manner = 'take';
    await hub().start();
    await hub().settled(order.messageId);
    expect(door.taken.filter(({ refTo }) => refTo === order.messageId)).to.have.length(1);
  });

  it('lets a delivery under way end, so that it is not made again', async () => {
    const { surgery } = hub().systems;
    const { door } = surgery;
    const order = newOrder(surgery);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    door.hold = held;
    await surgery.client.ebxml(order);
    await eventually('the delivery is under way', () => door.inHand === 1);
    const stopped = hub().halt();
    await pass(200);
    release();
    door.hold = undefined;
    await stopped;

    await hub().start();
    await hub().settled(order.messageId, 'acknowledged', 2_000);
    expect(door.arrivals.filter(({ refTo }) => refTo === order.messageId)).to.have.length(1);
  });

  it('stopped while it has much to do loses nothing and doubles nothing', async () => {
    const { surgery } = hub().systems;
    const { door } = surgery;
    const orders = Array.from({ length: 60 }, () => newOrder(surgery));
    const sending = orders.map((order) =>
      surgery.client.ebxml(order).then(
        (answer) => isAcknowledged(answer, order.messageId),
        () => false,
      ),
    );
    await Promise.race(sending);
    const stopped = hub().halt();
    const acknowledged = await Promise.all(sending);
    await stopped;
    await hub().start();
    const kept = orders.filter((_, index) => acknowledged[index]);
    expect(kept.length).to.be.greaterThan(0);
    for (const { messageId } of kept) await hub().settled(messageId);
    const arrived = door.taken.map(({ refTo }) => refTo).filter((id) => kept.some(({ messageId }) => messageId === id));
    expect(arrived.sort()).to.deep.equal(kept.map(({ messageId }) => messageId).sort());
  });
});
