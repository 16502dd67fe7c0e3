/** What the store promises about deliveries: each has one holder at a time and a lane keeps its order. */
import { expect } from 'chai';
import type { DeliveryRef, Store } from '../../../core/store.ts';
import { ACKNOWLEDGED, AT, deliverySteps, heldIds, ids, waitingIds } from './delivery-steps.ts';
import { deliveryId, draft, guid, kept, message, PHARMACY } from './samples.ts';

export function deliveryPromises(store: () => Store): void {
  const { send, claim, due, settle } = deliverySteps(store);

  describe('a delivery', () => {
    it('is claimed whole, as it was drafted', async () => {
      const whole = draft(1, {
        lane: `${PHARMACY}/é`,
        refToMessageId: guid(5),
        subject: 'A notice 😀',
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        body: 'Ünïcödé “body” 😀 \' " \\ %',
        contract: { ...draft(1).contract, order: 'key', backoff: 1.5, acknowledgementRequested: false },
        notice: true,
      });
      await send(1, [whole, draft(2)]);
      const claimed = await store().claim({ lease: { owner: 'a', until: AT + 1 }, now: AT, limit: 10 });
      expect(claimed).to.deep.equal([kept(whole, message(1)), kept(draft(2), message(1))]);
    });

    it('is due from the moment of its decision, oldest first, and listing it takes no lease', async () => {
      await send(1, [draft(1)], AT + 2);
      await send(2, [draft(2)], AT);
      await send(3, [draft(3), draft(4, { lane: 'L' })], AT + 1);
      expect(await due(AT - 1)).to.deep.equal([]);
      expect(await due(AT)).to.deep.equal(ids(2));
      const refs: DeliveryRef[] = [
        { id: deliveryId(2), receiver: PHARMACY, lane: null },
        { id: deliveryId(3), receiver: PHARMACY, lane: null },
        { id: deliveryId(4), receiver: PHARMACY, lane: 'L' },
        { id: deliveryId(1), receiver: PHARMACY, lane: null },
      ];
      for (let time = 0; time < 2; time++) {
        const listed = await store().due({ now: AT + 2, limit: 10 });
        expect(listed.map(({ id, receiver, lane }) => ({ id, receiver, lane }))).to.deep.equal(refs);
      }
      expect(await due(AT + 2, 1)).to.deep.equal(ids(2));
    });

    it('is claimed oldest first, no more than asked for, or only those named', async () => {
      for (const number of [1, 2, 3, 4]) await send(number, [draft(number)], AT + number);
      expect(await claim('a', AT + 9, { limit: 2 })).to.deep.equal(ids(1, 2));
      expect(await claim('b', AT + 9, { ids: ids(4, 1) })).to.deep.equal(ids(4));
      expect(await claim('b', AT + 9, { ids: [] })).to.deep.equal([]);
      expect(await claim('b', AT + 9, { ids: [guid(404)] })).to.deep.equal([]);
      expect(await due(AT + 9)).to.deep.equal(ids(3));
    });

    it('is not claimed before its time, even by name', async () => {
      await send(1, [draft(1)]);
      expect(await claim('a', AT - 1, { ids: ids(1) })).to.deep.equal([]);
      expect(await claim('a', AT, { ids: ids(1) })).to.deep.equal(ids(1));
    });

    it('has one holder: 20 claim at the same time and none gets what another has', async () => {
      for (let number = 0; number < 10; number++) {
        await send(
          number,
          [0, 1, 2].map((part) => draft(number * 3 + part)),
        );
      }
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, owner) => claim(`owner-${owner}`, AT, { limit: 4 })),
      );
      const all = claims.flat();
      expect(new Set(all).size).to.equal(all.length);
      const left = await claim('last', AT);
      expect(new Set([...all, ...left]).size).to.equal(30);
      expect(all.length + left.length).to.equal(30);
    });

    it('may be taken by another when its lease has lapsed, and then the first holder cannot settle it', async () => {
      await send(1, [draft(1)]);
      expect(await claim('a', AT, { until: AT + 50 })).to.deep.equal(ids(1));
      expect(await claim('b', AT + 49)).to.deep.equal([]);
      expect(await due(AT + 49)).to.deep.equal([]);
      expect(await due(AT + 50)).to.deep.equal(ids(1));
      expect(await claim('b', AT + 50)).to.deep.equal(ids(1));
      expect(await settle([deliveryId(1), 'a', AT + 60, ACKNOWLEDGED])).to.deep.equal([false]);
      expect(await settle([deliveryId(1), 'b', AT + 60, ACKNOWLEDGED])).to.deep.equal([true]);
    });

    it('is still its holder’s to settle when the lease has lapsed and nobody took it', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT, { until: AT + 50 });
      expect(await settle([deliveryId(1), 'a', AT + 90, ACKNOWLEDGED])).to.deep.equal([true]);
    });

    it('to a mailbox is never claimed nor due', async () => {
      await send(1, [draft(1, { mode: 'pull' })]);
      expect(await claim('a', AT + 1e9)).to.deep.equal([]);
      expect(await claim('a', AT + 1e9, { ids: ids(1) })).to.deep.equal([]);
      expect(await due(AT + 1e9)).to.deep.equal([]);
    });
  });

  describe('a lane', () => {
    const inLane = (number: number, lane = 'L') => draft(number, { lane });

    it('gives one at a time, in the order of the decisions, while others run beside it', async () => {
      await send(1, [inLane(1), inLane(2), draft(3), inLane(4, 'M')]);
      await send(2, [inLane(5)], AT + 1);
      expect(await due(AT + 9)).to.deep.equal(ids(1, 3, 4));
      expect(await claim('a', AT + 9, { ids: ids(5, 2) })).to.deep.equal([]);
      expect(await claim('a', AT + 9)).to.deep.equal(ids(1, 3, 4));
      expect(await claim('b', AT + 9)).to.deep.equal([]);
      await settle([deliveryId(1), 'a', AT + 10, ACKNOWLEDGED]);
      expect(await due(AT + 10)).to.deep.equal(ids(2));
      expect(await claim('b', AT + 10)).to.deep.equal(ids(2));
      await settle([deliveryId(2), 'b', AT + 11, ACKNOWLEDGED]);
      expect(await claim('a', AT + 11)).to.deep.equal(ids(5));
    });

    it('waits while its head waits for another attempt, and goes on when the head is given up', async () => {
      await send(1, [inLane(1), inLane(2)]);
      await claim('a', AT);
      await settle([deliveryId(1), 'a', AT + 1, { kind: 'retry', at: AT + 100, reason: 'no answer' }]);
      expect(await due(AT + 99)).to.deep.equal([]);
      expect(await claim('a', AT + 100)).to.deep.equal(ids(1));
      await settle([deliveryId(1), 'a', AT + 101, { kind: 'dead', reason: 'ATTEMPTS_EXHAUSTED' }]);
      expect(await claim('a', AT + 101)).to.deep.equal(ids(2));
    });

    it('has one holder, though 20 claim it at the same time', async () => {
      await send(
        1,
        Array.from({ length: 5 }, (_, index) => inLane(index)),
      );
      const claims = await Promise.all(Array.from({ length: 20 }, (_, owner) => claim(`owner-${owner}`, AT)));
      expect(claims.flat()).to.deep.equal(ids(0));
    });
  });

  describe('a lease taken with the decision', () => {
    const lease = { owner: 'a', until: AT + 50 };

    it('holds new push deliveries at once, whole, but only the heads of their lanes', async () => {
      const drafts = [draft(1), draft(2, { lane: 'L' }), draft(3, { lane: 'L' }), draft(4, { mode: 'pull' })];
      const committed = await send(1, drafts, AT, lease);
      expect(committed).to.deep.equal({
        kind: 'committed',
        held: drafts.slice(0, 2).map((each) => kept(each, message(1))),
        waiting: [{ id: deliveryId(3), receiver: PHARMACY, lane: 'L' }],
      });
      expect(await claim('b', AT + 49)).to.deep.equal([]);
      expect(await settle([deliveryId(1), 'a', AT + 1, ACKNOWLEDGED])).to.deep.equal([true]);
      expect(await claim('b', AT + 50)).to.deep.equal(ids(2));
    });

    it('leaves a lane alone where something earlier is unsettled', async () => {
      await send(1, [draft(1, { lane: 'L' })]);
      const behind = await send(2, [draft(2, { lane: 'L' })], AT, lease);
      expect([heldIds(behind), waitingIds(behind)]).to.deep.equal([[], ids(2)]);
      await claim('b', AT);
      await settle([deliveryId(1), 'b', AT, ACKNOWLEDGED]);
      expect(heldIds(await send(3, [draft(3, { lane: 'L' })], AT, lease))).to.deep.equal([]);
      await claim('b', AT);
      await settle([deliveryId(2), 'b', AT, ACKNOWLEDGED]);
      await claim('b', AT);
      await settle([deliveryId(3), 'b', AT, ACKNOWLEDGED]);
      expect(heldIds(await send(4, [draft(4, { lane: 'L' })], AT, lease))).to.deep.equal(ids(4));
    });

    it('is not taken when none was asked for', async () => {
      const committed = await send(1, [draft(1), draft(2, { lane: 'L' })]);
      expect([heldIds(committed), waitingIds(committed)]).to.deep.equal([[], ids(1, 2)]);
      expect(await due(AT)).to.deep.equal(ids(1, 2));
    });
  });
}
