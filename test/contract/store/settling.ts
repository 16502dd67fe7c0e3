/** What the store promises about settling: it counts once, for the holder, and is written down. */
import { expect } from 'chai';
import type { Store } from '../../../core/store.ts';
import { ACKNOWLEDGED, AT, deliverySteps, ids } from './delivery-steps.ts';
import { deliveryId, draft, guid, kept, message, PHARMACY } from './samples.ts';

export function settlingPromises(store: () => Store): void {
  const { send, claim, due, settle } = deliverySteps(store);

  describe('settling', () => {
    const trackOf = async (number: number) =>
      (await store().track(deliveryId(number)))
        .flatMap(({ deliveries }) => deliveries)
        .find(({ id }) => id === deliveryId(number));
    const events = async () =>
      (await store().auditLines({ after: 0, limit: 100 })).filter(({ action }) => action === 'deliver');

    it('with an acknowledgement is the end of it', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT);
      expect(await settle([deliveryId(1), 'a', AT + 5, ACKNOWLEDGED])).to.deep.equal([true]);
      expect(await settle([deliveryId(1), 'a', AT + 6, ACKNOWLEDGED])).to.deep.equal([false]);
      expect(await trackOf(1)).to.deep.include({ stage: 'acknowledged', settledAt: AT + 5, attempts: 0 });
      expect(await due(AT + 1e9)).to.deep.equal([]);
      expect((await store().backlog()).undelivered).to.equal(0);
      expect(await events()).to.have.length(1);
    });

    it('writes who received what, and when, in the audit trail', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT);
      await settle([deliveryId(1), 'a', AT + 5, ACKNOWLEDGED]);
      const [line] = await events();
      expect(line).to.deep.include({
        at: AT + 5,
        system: PHARMACY,
        ods: null,
        user: null,
        role: null,
        messageId: deliveryId(1),
        interaction: draft(1).interaction,
        action: 'deliver',
        outcome: 'success',
        entity: `delivery/${deliveryId(1)}`,
      });
    });

    it('with a failed attempt counts it, frees the lease and waits until the time given', async () => {
      await send(1, [draft(1)]);
      for (const attempt of [1, 2]) {
        const now = AT + attempt * 100;
        await claim('a', now);
        const outcome = { kind: 'retry', at: now + 100, reason: 'no answer' } as const;
        expect(await settle([deliveryId(1), 'a', now + 1, outcome])).to.deep.equal([true]);
        expect(await settle([deliveryId(1), 'a', now + 1, ACKNOWLEDGED])).to.deep.equal([false]);
        expect(await trackOf(1)).to.deep.include({ stage: 'waiting', attempts: attempt, createdAt: AT });
        expect(await due(now + 99)).to.deep.equal([]);
        expect(await due(now + 100)).to.deep.equal(ids(1));
      }
      expect(await events()).to.have.length(2);
      const [again] = await store().claim({ lease: { owner: 'b', until: AT + 999 }, now: AT + 300, limit: 1 });
      expect(again).to.deep.equal(kept(draft(1), message(1), AT, 2));
    });

    it('that defers counts nothing and writes nothing', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT);
      expect(await settle([deliveryId(1), 'a', AT + 1, { kind: 'deferred', at: AT + 100 }])).to.deep.equal([true]);
      expect(await trackOf(1)).to.deep.include({ stage: 'waiting', attempts: 0 });
      expect(await due(AT + 99)).to.deep.equal([]);
      expect(await claim('b', AT + 100)).to.deep.equal(ids(1));
      expect(await events()).to.deep.equal([]);
    });

    it('that gives up keeps the reason, and its notice goes out in the same step', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT);
      const notice = draft(2, { notice: true });
      const outcome = { kind: 'dead', reason: 'ATTEMPTS_EXHAUSTED', notice } as const;
      expect(await settle([deliveryId(1), 'a', AT + 5, outcome])).to.deep.equal([true]);
      expect(await trackOf(1)).to.deep.include({ stage: 'dead', reason: 'ATTEMPTS_EXHAUSTED' });
      expect(await store().backlog()).to.deep.include({ undelivered: 1, dead: 1 });
      const [held] = await store().claim({ lease: { owner: 'a', until: AT + 99 }, now: AT + 5, limit: 10 });
      expect(held).to.deep.equal(kept(notice, message(1), AT + 5));
      expect(await events()).to.have.length(1);
    });

    it('does nothing without the lease: no effect, no line, no notice', async () => {
      await send(1, [draft(1)]);
      const dead = { kind: 'dead', reason: 'no', notice: draft(2, { notice: true }) } as const;
      expect(await settle([deliveryId(1), 'a', AT, dead])).to.deep.equal([false]);
      await claim('a', AT);
      expect(
        await settle(
          [deliveryId(1), 'b', AT, dead],
          [deliveryId(1), undefined, AT, ACKNOWLEDGED],
          [guid(404), 'a', AT, ACKNOWLEDGED],
        ),
      ).to.deep.equal([false, false, false]);
      expect(await events()).to.deep.equal([]);
      expect(await trackOf(1)).to.deep.include({ stage: 'waiting', attempts: 0 });
      expect(await store().backlog()).to.deep.include({ undelivered: 1, dead: 0 });
    });

    it('takes many at once, each on its own, the same one once', async () => {
      await send(1, [draft(1), draft(2), draft(3)]);
      await claim('a', AT);
      expect(
        await settle(
          [deliveryId(1), 'a', AT, ACKNOWLEDGED],
          [deliveryId(2), 'b', AT, ACKNOWLEDGED],
          [deliveryId(1), 'a', AT, ACKNOWLEDGED],
          [deliveryId(3), 'a', AT, { kind: 'retry', at: AT + 9, reason: 'no answer' }],
        ),
      ).to.deep.equal([true, false, false, true]);
      expect(await store().settle([])).to.deep.equal([]);
    });

    it('takes effect once, though 20 acknowledge at the same time', async () => {
      await send(1, [draft(1)]);
      await claim('a', AT);
      const results = await Promise.all(
        Array.from({ length: 20 }, () => settle([deliveryId(1), 'a', AT, ACKNOWLEDGED])),
      );
      expect(results.flat().filter(Boolean)).to.have.length(1);
      expect(await events()).to.have.length(1);
    });
  });
}
