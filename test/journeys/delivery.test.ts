/** A delivery under its contract: tried again with growing waits, given up with a reason, told of, and replayed once. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { ACCESS_NOTIFICATION } from '../../adapters/cpis/tables.ts';
import { FAILURE_NOTICE } from '../../broker/notice.ts';
import type { DeadLetter } from '../../core/delivery.ts';
import { revokeSystem, suspendSystem } from '../../directory/changes.ts';
import { eventually } from '../support/eventually.ts';
import type { TestHub } from '../support/hub.ts';
import { freshId, newOrder } from '../support/orders.ts';
import { ACKNOWLEDGEMENT, changeDirectory } from '../support/registration.ts';
import { child, look, meet, noticesOf, uploadPlan } from './plans.ts';
import { onBothStacks } from './story.ts';

const INTERVAL_ms = 600;
/** The store is swept once a second for what is due; the machine is shared. */
const LATE_ms = 2_500;
const QUIET_ms = 1_300;

const practice = {
  kind: 'general-practice',
  wire: 'ebxml',
  contracts: { [ACKNOWLEDGEMENT]: { retryInterval_ms: 200, backoff: 1 } },
} as const;
const systems = {
  leaving: { ...practice, ods: 'E81001', name: 'Surgery that is suspended' },
  gone: { ...practice, ods: 'E81002', name: 'Surgery that is revoked' },
  /** May take longer than any lease of a delivery lasts. */
  unhurried: { ...practice, ods: 'E81003', name: 'Surgery that may take two minutes', timeout_ms: 120_000 },
  surgery: { contracts: { [ACKNOWLEDGEMENT]: { retryInterval_ms: INTERVAL_ms, backoff: 2, retries: 6 } } },
  authority: {
    contracts: {
      [ACCESS_NOTIFICATION]: { persistDuration_ms: 1_500, retryInterval_ms: 400, backoff: 1, retries: 100 },
    },
  },
};

async function deadLetterOf(hub: TestHub, messageId: string): Promise<DeadLetter> {
  return eventually('it is dead-lettered', async () => {
    const letters = await hub.store.deadLetters({ limit: 100 });
    return letters.find(({ cause }) => cause.messageId === messageId);
  });
}

/** A child with a plan is seen while its authority's door does as `manner` says. */
async function seen(hub: TestHub, index: number): Promise<string> {
  const person = child(index);
  await meet(hub, person);
  await uploadPlan(hub, person);
  const requestId = freshId();
  await look(hub, person, { requestId });
  return requestId;
}

onBothStacks('a delivery', { systems }, (hub) => {
  it('to a door that fails is tried again after growing waits, and delivered under the same id', async () => {
    const { surgery } = hub().systems;
    const order = newOrder(surgery);
    const attempts = () => surgery.door.arrivals.filter(({ refTo }) => refTo === order.messageId);
    surgery.door.decide = ({ refTo }) => (refTo === order.messageId && attempts().length < 3 ? 503 : undefined);
    await surgery.client.ebxml(order);
    await hub().settled(order.messageId, 'acknowledged', 20_000);

    const seen = attempts();
    expect(seen.map(({ taken }) => taken)).to.deep.equal([false, false, false, true]);
    expect(new Set(seen.map(({ id }) => id)).size).to.equal(1);
    expect(new Set(seen.map(({ body }) => body)).size).to.equal(1);
    seen.slice(1).forEach(({ at }, index) => {
      const wait_ms = at - (seen[index]?.at ?? 0);
      // the wait begins when the failure was seen, a moment after the attempt
      expect(wait_ms).to.be.within(INTERVAL_ms * 2 ** index, INTERVAL_ms * 2 ** index + LATE_ms);
    });
    expect((await hub().track(order.messageId)).deliveries[0]?.attempts).to.equal(3);
  });

  it('to a door that is away waits, and is delivered when it is back', async () => {
    const { surgery } = hub().systems;
    const order = newOrder(surgery);
    await surgery.door.away();
    await surgery.client.ebxml(order);
    await eventually('an attempt fails', async () => {
      const [track] = await hub().store.track(order.messageId);
      return track?.deliveries[0]?.attempts === 1;
    });
    await surgery.door.back();
    await hub().settled(order.messageId);
    expect(surgery.door.taken.filter(({ refTo }) => refTo === order.messageId)).to.have.length(1);
  });

  it('that outlives its persist duration is dead-lettered with the reason, and its sender is told', async () => {
    const { authority, emergency } = hub().systems;
    authority.door.manner = 500;
    const requestId = await seen(hub(), 901);
    const letter = await deadLetterOf(hub(), requestId);
    expect(letter.reason).to.equal('DELIVERY_EXPIRED: HTTP 500');
    expect(letter.attempts).to.be.at.least(2);
    expect(letter.receiver).to.equal(authority.systemId);

    const told = await eventually('the sender is told', async () => {
      const { messages } = JSON.parse((await emergency.client.fhir('GET', '/mailbox')).body);
      return messages.find(({ interaction }: { interaction: string }) => interaction === FAILURE_NOTICE);
    });
    const notice = await emergency.client.fhir('GET', `/mailbox/${told.id}`);
    expect(notice.headers['x-ref-to-message-id']).to.equal(requestId);
    expect(JSON.parse(notice.body)).to.include({
      code: 'DELIVERY_EXPIRED',
      messageId: requestId,
      interaction: ACCESS_NOTIFICATION,
      receiver: authority.systemId,
    });
    await emergency.client.fhir('PUT', `/mailbox/${told.id}/acknowledge`);
  });

  it('that is dead keeps its bytes, and is replayed once', async () => {
    const { authority } = hub().systems;
    authority.door.manner = 400;
    const requestId = await seen(hub(), 902);
    const letter = await deadLetterOf(hub(), requestId);
    expect(letter.reason).to.equal('RECEIVER_REFUSED: HTTP 400');
    const refused = noticesRefused(hub(), 902);
    const kept = await hub().store.deadLetter(letter.id);
    expect(Buffer.from(kept?.body ?? '').toString('utf8')).to.equal(refused.at(-1)?.body);

    authority.door.manner = 'take';
    const operator = { user: 'operator' };
    const replays = await Promise.all([1, 2, 3].map(() => hub().store.replay(letter.id, operator, Date.now())));
    expect(replays.filter(Boolean)).to.have.length(1);
    await eventually('the replay arrives', () => noticesOf(hub(), child(902)).length === 1);
    await pass(QUIET_ms);
    expect(noticesOf(hub(), child(902)).map(({ body }) => body)).to.deep.equal([refused[0]?.body]);
    expect(await hub().store.replay(letter.id, operator, Date.now())).to.equal(false);
    const letters = await hub().store.deadLetters({ limit: 100 });
    expect(letters.map(({ id }) => id)).not.to.include(letter.id);
  });

  it('to a system that is suspended waits, and to one that is revoked is given up', async () => {
    const { leaving, gone } = hub().systems;
    const orders = [newOrder(leaving), newOrder(gone)] as const;
    for (const [index, system] of [leaving, gone].entries()) {
      system.door.manner = 503;
      await system.client.ebxml(orders[index] ?? orders[0]);
    }
    const arrived = await eventually('an attempt is made at each', () => {
      const seen = [leaving.door.arrivals.length, gone.door.arrivals.length] as const;
      return seen[0] > 0 && seen[1] > 0;
    });
    expect(arrived).to.equal(true);
    await changeDirectory(hub().store, suspendSystem, { systemId: leaving.systemId });
    await changeDirectory(hub().store, revokeSystem, { systemId: gone.systemId });
    await hub().hub.refresh();
    for (const { door } of [leaving, gone]) door.manner = 'take';

    expect((await deadLetterOf(hub(), orders[1].messageId)).reason).to.equal(
      'RECEIVER_UNKNOWN: the receiver is revoked',
    );
    await pass(QUIET_ms);
    expect([...leaving.door.taken, ...gone.door.taken]).to.deep.equal([]);
    expect((await hub().track(orders[0].messageId)).deliveries[0]?.stage).to.equal('waiting');
  });

  it('to a door that may take longer than a lease lasts is made all the same', async () => {
    const { unhurried } = hub().systems;
    const order = newOrder(unhurried);
    await unhurried.client.ebxml(order);
    await hub().settled(order.messageId);
    expect(unhurried.door.taken.map(({ refTo }) => refTo)).to.deep.equal([order.messageId]);
  });

  it('that died leaves the whole story in the audit trail', async () => {
    const { authority } = hub().systems;
    authority.door.manner = 410;
    const requestId = await seen(hub(), 903);
    await deadLetterOf(hub(), requestId);
    const lines = (await hub().audit()).filter(({ entity }) => entity === `message/${requestId}`);
    expect(lines.map(({ action, outcome, code, system }) => [action, outcome, code, system])).to.deep.equal([
      ['deliver', 'failed', 'RECEIVER_REFUSED', authority.systemId],
    ]);
    authority.door.manner = 'take';
  });
});

const noticesRefused = (hub: TestHub, index: number) =>
  hub.systems.authority.door.arrivals.filter(({ taken, body }) => !taken && body.includes(child(index).nhsNumber));
