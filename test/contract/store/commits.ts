/** What the store promises about decisions: everything or nothing, once, and never over a newer record. */
import { expect } from 'chai';
import { keyOf } from '../../../core/envelope.ts';
import type { Commit, Store } from '../../../core/store.ts';
import { commitOf, commitWhole, decision, draft, guid, message, ORDERED, refusal, START } from './samples.ts';

const write = (key: string, version: number, value: object | null = { version }) => ({
  kind: 'prescription',
  key,
  version,
  value,
});
const SECOND = { answer: { kind: 'refused', code: 'RULE_REFUSED', text: 'Never shown.' } } as const;

/** Everything that a commit could have changed. */
async function everything(store: Store): Promise<unknown> {
  return {
    lines: await store.auditLines({ after: 0, limit: 1_000 }),
    facts: await store.facts({ after: 0, limit: 1_000 }),
    records: await store.records.list('prescription', { limit: 1_000 }),
    due: await store.due({ now: START + 1e9, limit: 1_000 }),
    backlog: await store.backlog(),
    tracks: await store.track(guid(1)),
  };
}

/** A commit that asks for one of each. */
const full = (parts: Partial<Commit> = {}): Commit =>
  commitOf(message(1), {
    records: [write('A', 0), write('B', 0)],
    decision: { facts: [{ kind: 'prescription-ordered', attributes: { items: 2, urgent: false, form: 'é' } }] },
    deliveries: [draft(1)],
    extra: parts,
  });

export function commitPromises(store: () => Store): void {
  describe('a decision', () => {
    it('keeps records, deliveries, audit, facts and the answer together', async () => {
      await store().admit(message(1));
      expect(await store().commit(full())).to.deep.equal({
        kind: 'committed',
        held: [],
        waiting: [{ id: draft(1).id, receiver: draft(1).receiver, lane: null }],
      });
      expect(await store().records.get('prescription', 'A')).to.deep.equal({ ...write('A', 1), value: { version: 0 } });
      expect(await store().facts({ after: 0, limit: 10 })).to.have.length(1);
      expect((await store().auditLines({ after: 0, limit: 10 })).map(({ action }) => action)).to.deep.equal([
        'accept',
        ORDERED.action,
      ]);
      expect(await store().backlog()).to.deep.equal({ undecided: 0, undelivered: 1, dead: 0, unreadFacts: 1 });
    });

    it('is taken once: the repeat gets the first answer and changes nothing', async () => {
      await store().admit(message(1));
      await store().commit(full());
      const before = await everything(store());
      const repeat = full({ decision: decision({ ...SECOND, records: [write('A', 1)] }), deliveries: [draft(2)] });
      expect(await store().commit(repeat)).to.deep.equal({ kind: 'same', answer: decision().answer });
      expect(await store().commit({ ...repeat, body: message(1).body })).to.deep.include({ kind: 'same' });
      expect(await everything(store())).to.deep.equal(before);
    });

    it('is a conflict for other bytes under the id, decided or not', async () => {
      const other = message(1, {}, 'other bytes');
      await store().admit(message(1));
      const accepted = await everything(store());
      expect(await store().commit(commitWhole(other))).to.deep.equal({ kind: 'conflict' });
      expect(await everything(store())).to.deep.equal(accepted);
      await store().commit(full());
      const decided = await everything(store());
      expect(await store().commit(commitWhole(other))).to.deep.equal({ kind: 'conflict' });
      expect(await everything(store())).to.deep.equal(decided);
    });

    it('may bring its message along, which is then decided at once without a line for its acceptance', async () => {
      expect(await store().commit(commitWhole(message(1)))).to.deep.include({ kind: 'committed' });
      expect((await store().auditLines({ after: 0, limit: 10 })).map(({ action }) => action)).to.deep.equal([
        ORDERED.action,
      ]);
      expect(await store().undecided({ before: START + 1e9, limit: 10 })).to.deep.equal([]);
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'same', answer: decision().answer });
      const [envelope] = await store().envelopes([keyOf(message(1))]);
      expect(Buffer.from(envelope?.body ?? []).toString()).to.equal(Buffer.from(message(1).body).toString());
    });

    it('is refused for a message that was never admitted and brings no bytes', async () => {
      expect(await refusal(store().commit(commitOf(message(1), { records: [write('A', 0)] })))).to.equal('INTERNAL');
      expect(await store().records.get('prescription', 'A')).to.equal(undefined);
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'new' });
    });

    it('is stale when any record is newer, gone or already there, and then nothing of it is kept', async () => {
      await store().admit(message(2));
      await store().commit(commitOf(message(2), { records: [write('B', 0), write('C', 0)] }));
      await store().admit(message(1));
      const before = await everything(store());
      for (const stale of [write('B', 0), write('B', 2), write('B', 0, null), write('D', 1), write('D', 1, null)]) {
        const asked = full({ decision: { ...full().decision, records: [write('A', 0), stale, write('C', 1)] } });
        expect(await store().commit(asked)).to.deep.equal({ kind: 'stale' });
        expect(await everything(store())).to.deep.equal(before);
      }
      expect(await store().commit(full({ decision: decision({ records: [write('B', 1)] }) }))).to.deep.include({
        kind: 'committed',
      });
    });

    it('leaves no trace of a message it brought along when it is stale', async () => {
      expect(await store().commit(commitWhole(message(1), { records: [write('A', 3)] }))).to.deep.equal({
        kind: 'stale',
      });
      expect(await store().track(guid(1))).to.deep.equal([]);
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'new' });
    });

    it('is committed once, though 50 copies of it are asked for at the same time', async () => {
      const asked = commitWhole(message(1), { records: [write('A', 0)], deliveries: [draft(1)] });
      const results = await Promise.all(Array.from({ length: 50 }, () => store().commit(asked)));
      expect(results.filter(({ kind }) => kind === 'committed')).to.have.length(1);
      expect(results.filter(({ kind }) => kind === 'same')).to.have.length(49);
      expect(await store().auditLines({ after: 0, limit: 100 })).to.have.length(1);
    });

    it('wins a record version alone, though 20 are asked for at the same time', async () => {
      for (let version = 0; version < 3; version++) {
        const rivals = Array.from({ length: 20 }, (_, rival) => message(version * 100 + rival + 1));
        const results = await Promise.all(
          rivals.map((rival) =>
            store().commit(
              commitWhole(rival, { records: [write('A', version, { winner: rival.messageId }), write('B', version)] }),
            ),
          ),
        );
        expect(results.filter(({ kind }) => kind === 'committed')).to.have.length(1);
        expect(results.filter(({ kind }) => kind === 'stale')).to.have.length(19);
        const winner = rivals[results.findIndex(({ kind }) => kind === 'committed')];
        expect(await store().records.get('prescription', 'A')).to.deep.include({
          version: version + 1,
          value: { winner: winner?.messageId },
        });
      }
    });

    it('ends where writers of the same two records name them in opposite orders', async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, rival) => {
          const records = [write('A', 0), write('B', 0)];
          return store().commit(commitWhole(message(rival + 1), { records: rival % 2 ? records : records.reverse() }));
        }),
      );
      expect(results.map(({ kind }) => kind).sort()).to.deep.equal(['committed', ...Array(19).fill('stale')]);
    });

    it('that writes other records than its neighbours is never stale', async () => {
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, number) =>
          store().commit(commitWhole(message(number + 1), { records: [write(`R${number}`, 0)] })),
        ),
      );
      expect(results.every(({ kind }) => kind === 'committed')).to.equal(true);
    });
  });

  describe('a message that the rules failed on', () => {
    it('is dead with its reason, and answers a repeat as it answered the first', async () => {
      await store().admit(message(1));
      expect(await store().commit(full({ dead: 'The rules failed.' }))).to.deep.include({ kind: 'committed' });
      const [track] = await store().track(guid(1));
      expect(track).to.deep.include({ stage: 'dead', reason: 'The rules failed.' });
      expect(await store().undecided({ before: START + 1e9, limit: 10 })).to.deep.equal([]);
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'same', answer: decision().answer });
      expect(await store().commit(full())).to.deep.equal({ kind: 'same', answer: decision().answer });
      expect((await store().backlog()).dead).to.equal(1);
    });
  });
}
