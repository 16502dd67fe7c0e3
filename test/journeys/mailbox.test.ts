/** The mailbox of a system without a door: listed, fetched as often as wanted, acknowledged, and nobody else's. */
import { expect } from 'chai';
import type { TestHub, TestSystem } from '../support/hub.ts';
import { errorCodeIn, newOrder } from '../support/orders.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import { onBothStacks } from './story.ts';

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly interaction: string;
}

async function list({ client }: TestSystem, query = ''): Promise<Entry[]> {
  const { status, body } = await client.fhir('GET', `/mailbox${query}`);
  expect(status).to.equal(200);
  return JSON.parse(body).messages;
}

async function orderFrom(hub: TestHub, system: TestSystem): Promise<string> {
  const order = newOrder(system);
  await system.client.ebxml(order);
  await hub.settled(order.messageId, 'waiting');
  return order.messageId;
}

onBothStacks('a mailbox', {}, (hub) => {
  it('keeps what was sent in order, page by page, until it is acknowledged', async () => {
    const { village } = hub().systems;
    const sent: string[] = [];
    for (let i = 0; i < 3; i++) sent.push(await orderFrom(hub(), village));

    const all = await list(village);
    expect(all.map(({ interaction }) => interaction)).to.deep.equal(sent.map(() => ACKNOWLEDGEMENT));
    const [first, second, third] = all;
    expect(await list(village, '?limit=2')).to.deep.equal([first, second]);
    expect(await list(village, `?after=${second?.seq}&limit=2`)).to.deep.equal([third]);

    for (const [place, entry] of all.entries()) {
      const once = await village.client.fhir('GET', `/mailbox/${entry.id}`);
      const twice = await village.client.fhir('GET', `/mailbox/${entry.id}`);
      expect(once.headers['x-ref-to-message-id']).to.equal(sent[place]);
      expect(once.body).to.include('<acknowledgement typeCode="AA">');
      expect(twice.body).to.equal(once.body);
      expect((await village.client.fhir('PUT', `/mailbox/${entry.id}/acknowledge`)).status).to.equal(204);
      expect((await village.client.fhir('PUT', `/mailbox/${entry.id}/acknowledge`)).status).to.equal(204);
      expect((await village.client.fhir('GET', `/mailbox/${entry.id}`)).status).to.equal(404);
    }
    expect(await list(village)).to.deep.equal([]);
    const collected = (await hub().audit()).filter(({ action }) => action === 'collect');
    expect(collected.map(({ entity }) => entity)).to.deep.equal(sent.map((id) => `message/${id}`));
  });

  it('is not another system’s to see, fetch or empty', async () => {
    const { village, pharmacy } = hub().systems;
    const messageId = await orderFrom(hub(), village);
    const [entry] = await list(village);
    expect(await list(pharmacy)).to.deep.equal([]);
    const fetched = await pharmacy.client.fhir('GET', `/mailbox/${entry?.id}`);
    expect([fetched.status, errorCodeIn(fetched)]).to.deep.equal([404, 'NOT_FOUND']);
    await pharmacy.client.fhir('PUT', `/mailbox/${entry?.id}/acknowledge`);
    expect(await list(village)).to.have.length(1);
    expect((await hub().track(messageId)).deliveries[0]?.stage).to.equal('waiting');
    await village.client.fhir('PUT', `/mailbox/${entry?.id}/acknowledge`);
    await hub().settled(messageId);
  });

  it('is still there after a restart', async () => {
    const messageId = await orderFrom(hub(), hub().systems.village);
    await hub().restart();
    const { village } = hub().systems;
    const [entry, ...others] = await list(village);
    expect(others).to.deep.equal([]);
    const fetched = await village.client.fhir('GET', `/mailbox/${entry?.id}`);
    expect(fetched.headers['x-ref-to-message-id']).to.equal(messageId);
  });
});
