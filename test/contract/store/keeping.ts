/** What the store promises about time: what is done may be purged, what is kept outlives a restart, a closed store refuses. */
import { expect } from 'chai';
import { keyOf } from '../../../core/envelope.ts';
import type { Store } from '../../../core/store.ts';
import { readChain } from './audit.ts';
import type { OpenedStore } from './opened-store.ts';
import {
  commitOf,
  commitWhole,
  deliveryId,
  draft,
  guid,
  message,
  PATIENT,
  PHARMACY,
  plain,
  refusal,
  START,
  settlement,
} from './samples.ts';

const AT = START + 1_000;
const FACT = { kind: 'prescription-ordered', patient: PATIENT, attributes: { items: 1 } };
const acknowledge = async (store: Store, number: number) => {
  await store.claim({ lease: { owner: 'a', until: AT + 9 }, now: AT, limit: 1, ids: [deliveryId(number)] });
  return store.settle([settlement(deliveryId(number), 'a', AT, { kind: 'acknowledged' })]);
};

export function keepingPromises(opened: () => OpenedStore): void {
  const store = () => opened().store;

  describe('purging', () => {
    it('forgets messages decided long ago, and leaves records, audit and facts alone', async () => {
      await store().admit(message(1));
      const records = [{ kind: 'prescription', key: 'A', version: 0, value: { a: 1 } }];
      await store().commit(commitOf(message(1), { records, deliveries: [draft(1)], decision: { facts: [FACT] } }));
      await acknowledge(store(), 1);
      expect(await store().purge({ decidedBefore: AT, limit: 100 })).to.equal(0);
      expect(await store().purge({ decidedBefore: AT + 1, limit: 100 })).to.equal(1);
      expect(await store().purge({ decidedBefore: AT + 1, limit: 100 })).to.equal(0);
      expect(await store().track(guid(1))).to.deep.equal([]);
      expect(await store().envelopes([keyOf(message(1))])).to.deep.equal([]);
      expect(await store().records.get('prescription', 'A')).to.deep.include({ version: 1 });
      expect(await readChain(store())).to.have.length(3);
      expect(await store().facts({ after: 0, limit: 10 })).to.have.length(1);
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'new' });
    });

    it('keeps what is undecided, waits for a receiver, or is dead', async () => {
      await store().admit(message(1));
      await store().commit(commitWhole(message(2), { deliveries: [draft(2)] }));
      await store().commit(commitWhole(message(3), { deliveries: [draft(3, { mode: 'pull' })] }));
      await store().commit(commitWhole(message(4), { extra: { dead: 'The rules failed.' } }));
      await store().commit(commitWhole(message(5), { deliveries: [draft(5, { mode: 'pull' })] }));
      await store().settle([settlement(deliveryId(5), undefined, AT, { kind: 'dead', reason: 'EXPIRED' })]);
      await store().commit(commitWhole(message(6), { deliveries: [draft(6), draft(7)] }));
      await acknowledge(store(), 6);
      expect(await store().purge({ decidedBefore: AT + 1e9, limit: 100 })).to.equal(0);
      expect(await store().envelopes([1, 2, 3, 4, 5, 6].map((number) => keyOf(message(number))))).to.have.length(6);
      await acknowledge(store(), 7);
      expect(await store().purge({ decidedBefore: AT + 1e9, limit: 100 })).to.equal(1);
    });

    it('takes no more than asked for', async () => {
      for (const number of [1, 2, 3]) await store().commit(commitWhole(message(number)));
      expect(await store().purge({ decidedBefore: AT + 1, limit: 2 })).to.equal(2);
      expect(await store().purge({ decidedBefore: AT + 1, limit: 2 })).to.equal(1);
    });
  });

  describe('a store', () => {
    it('is empty when it is new', async () => {
      expect(await store().backlog()).to.deep.equal({ undecided: 0, undelivered: 0, dead: 0, unreadFacts: 0 });
      expect(await store().auditLines({ after: 0, limit: 10 })).to.deep.equal([]);
      expect(await store().records.list('prescription', { limit: 10 })).to.deep.equal([]);
    });

    it('counts what waits', async () => {
      await store().admit(message(1));
      await store().admit(message(2));
      await store().commit(commitWhole(message(3), { deliveries: [draft(1), draft(2)], decision: { facts: [FACT] } }));
      await store().commit(commitWhole(message(4), { extra: { dead: 'The rules failed.' } }));
      expect(await store().backlog()).to.deep.equal({ undecided: 2, undelivered: 2, dead: 1, unreadFacts: 1 });
      await acknowledge(store(), 1);
      expect((await store().backlog()).undelivered).to.equal(1);
    });

    it('is healthy while it is open, and refuses with STORE_UNAVAILABLE when it is closed', async () => {
      await store().admit(message(1));
      expect(await store().healthy()).to.equal(true);
      await store().close();
      expect(await store().healthy()).to.equal(false);
      const refusals = await Promise.all([
        refusal(store().admit(message(2))),
        refusal(store().commit(commitOf(message(1)))),
        refusal(store().audit({}, AT, [{ action: 'refuse', outcome: 'refused' }])),
        refusal(store().records.get('prescription', 'A')),
        refusal(store().track(guid(1))),
        refusal(store().settle([settlement(deliveryId(1), 'a', AT, { kind: 'acknowledged' })])),
        refusal(store().backlog()),
      ]);
      expect(new Set(refusals)).to.deep.equal(new Set(['STORE_UNAVAILABLE']));
    });

    it('that lives on disk has everything after it was closed and opened again, and its chain goes on', async function () {
      const { reopen } = opened();
      if (!reopen) return this.skip();
      const records = [{ kind: 'prescription', key: 'A', version: 0, value: { a: '😀' }, indexes: { patient: 'P' } }];
      const deliveries = [draft(1), draft(2, { mode: 'pull' }), draft(3, { lane: 'L' }), draft(4, { lane: 'L' })];
      await store().admit(message(1));
      await store().admit(message(2));
      await store().commit(
        commitOf(message(1), {
          records,
          deliveries,
          decision: { facts: [FACT] },
          extra: { lease: { owner: 'a', until: AT + 50 } },
        }),
      );
      await store().commit(commitWhole(message(3), { extra: { dead: 'The rules failed.' } }));
      const everything = async (from: Store) =>
        plain({
          lines: await readChain(from),
          facts: await from.facts({ after: 0, limit: 10 }),
          record: await from.records.get('prescription', 'A'),
          found: await from.records.find('prescription', 'patient', 'P', { limit: 10 }),
          tracks: [await from.track(guid(1)), await from.track(guid(2)), await from.track(guid(3))],
          undecided: await from.undecided({ before: AT, limit: 10 }),
          envelopes: await from.envelopes([keyOf(message(1)), keyOf(message(2))]),
          due: [await from.due({ now: AT, limit: 10 }), await from.due({ now: AT + 50, limit: 10 })],
          inbox: await from.inbox(PHARMACY, { after: 0, limit: 10 }),
          dead: await from.deadLetters({ limit: 10 }),
          backlog: await from.backlog(),
        });
      const before = await everything(store());
      const [fact] = await store().facts({ after: 0, limit: 1 });
      await store().forgetFacts(0);
      await store().close();
      const again = await reopen();
      expect(await everything(again)).to.deep.equal(before);
      expect(await again.settle([settlement(deliveryId(1), 'a', AT, { kind: 'acknowledged' })])).to.deep.equal([true]);
      await again.forgetFacts(fact?.seq ?? 0);
      await again.commit(commitOf(message(2), { decision: { facts: [FACT] } }));
      expect(await again.facts({ after: fact?.seq ?? 0, limit: 10 })).to.have.length(1);
      expect(await readChain(again)).to.have.length(6);
      expect(await again.admit(message(1))).to.deep.include({ kind: 'same' });
    });
  });
}
