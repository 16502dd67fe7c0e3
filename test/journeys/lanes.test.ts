/** Order and isolation: a lane keeps its order through an outage while others run, and a sick receiver slows nobody. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import type { TestHub, TestSystem } from '../support/hub.ts';
import { newOrder } from '../support/orders.ts';
import { ACKNOWLEDGEMENT, type SystemPlan } from '../support/registration.ts';
import { onBothStacks } from './story.ts';

const MESSAGES = 8;
const OUTAGE_ms = 1_500;
const TIMEOUT_ms = 400;

const practice = { kind: 'general-practice', wire: 'ebxml' } as const;
const systems = {
  ordered: {
    ...practice,
    ods: 'C83001',
    name: 'Surgery that wants its messages in order',
    contracts: { [ACKNOWLEDGEMENT]: { order: 'receiver', retryInterval_ms: 200, backoff: 1, retries: 50 } },
  },
  hanging: {
    ...practice,
    ods: 'C83002',
    name: 'Surgery whose system hangs',
    timeout_ms: TIMEOUT_ms,
    contracts: { [ACKNOWLEDGEMENT]: { retryInterval_ms: 200, backoff: 1, retries: 50 } },
  },
} satisfies Readonly<Record<string, SystemPlan>>;

const decided = (hub: TestHub, messageId: string): Promise<unknown> =>
  eventually('it is decided', async () => (await hub.store.track(messageId))[0]?.stage === 'decided');

/** One after the other: each is decided before the next is sent. */
async function sendInTurn(hub: TestHub, system: TestSystem, count: number): Promise<string[]> {
  const sent: string[] = [];
  for (let i = 0; i < count; i++) {
    const order = newOrder(system);
    await system.client.ebxml(order);
    await decided(hub, order.messageId);
    sent.push(order.messageId);
  }
  return sent;
}

const told = ({ door }: TestSystem, sent: readonly string[]): string[] =>
  door.taken.map(({ refTo }) => refTo).filter((id) => sent.includes(id));

onBothStacks('a lane', { systems }, (hub) => {
  it('keeps its order through an outage, while another receiver is served', async () => {
    const { ordered, surgery } = hub().systems;
    ordered.door.manner = 503;
    const sent = await sendInTurn(hub(), ordered, MESSAGES);
    const others = await sendInTurn(hub(), surgery, MESSAGES);
    await eventually('the other receiver has all of its own', () => told(surgery, others).length === MESSAGES, 3_000);
    await pass(OUTAGE_ms);
    expect(told(ordered, sent)).to.deep.equal([]);
    // only the head of the lane was tried
    expect(new Set(ordered.door.arrivals.map(({ refTo }) => refTo))).to.deep.equal(new Set(sent.slice(0, 1)));

    ordered.door.manner = 'take';
    await eventually('the lane runs again', () => told(ordered, sent).length === MESSAGES, 20_000);
    expect(told(ordered, sent)).to.deep.equal(sent);
  });

  it('keeps its order through a restart of the hub', async () => {
    const door = hub().systems.ordered.door;
    door.manner = 503;
    const sent = await sendInTurn(hub(), hub().systems.ordered, MESSAGES);
    await hub().restart();
    door.manner = 'take';
    await eventually('the lane runs again', () => told(hub().systems.ordered, sent).length === MESSAGES, 20_000);
    expect(told(hub().systems.ordered, sent)).to.deep.equal(sent);
  });
});

onBothStacks('a receiver that hangs', { systems }, (hub) => {
  it('opens its circuit and is left alone, while others are served at once, and gets everything when it is well', async () => {
    const { hanging, surgery } = hub().systems;
    hanging.door.manner = 'hang';
    const stuck = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const order = newOrder(hanging);
        await hanging.client.ebxml(order);
        return order.messageId;
      }),
    );
    const stateOf = () =>
      hub()
        .hub.engine?.path.deliverer.circuits()
        .find(({ receiver }) => receiver === hanging.systemId);
    await eventually('the circuit opens', () => stateOf()?.state === 'open');

    const waits_ms: number[] = [];
    for (let i = 0; i < 10; i++) {
      const order = newOrder(surgery);
      const begun = performance.now();
      await surgery.client.ebxml(order);
      await eventually('it is delivered', () => told(surgery, [order.messageId]).length === 1);
      waits_ms.push(performance.now() - begun);
    }
    expect(Math.max(...waits_ms)).to.be.below(1_000);
    // while the circuit is open nothing is tried but one, now and then
    const tried = hanging.door.arrivals.length;
    await pass(900);
    expect(hanging.door.arrivals.length - tried).to.be.at.most(2);
    expect(tried).to.be.below(stuck.length);

    hanging.door.manner = 'take';
    await eventually('everything arrives', () => new Set(told(hanging, stuck)).size === stuck.length, 20_000);
    expect(told(hanging, stuck)).to.have.length(stuck.length);
    for (const id of stuck) await hub().settled(id);
    expect(stateOf()?.state ?? 'closed').to.equal('closed');
  });
});
