/** What the store promises about facts: in order, none missed, none twice, forgotten when they are in the lake. */
import { expect } from 'chai';
import type { Fact } from '../../../core/decision.ts';
import type { Store } from '../../../core/store.ts';
import { commitWhole, message, PATIENT, party, START, SURGERY } from './samples.ts';

export function factPromises(store: () => Store): void {
  const fact = (number: number, extra: Partial<Fact> = {}): Fact => ({
    kind: 'prescription-ordered',
    attributes: { number },
    ...extra,
  });
  const learn = (number: number, ...facts: Fact[]) =>
    store().commit(commitWhole(message(number), { decision: { facts } }));
  const numbers = async (after = 0, limit = 1_000) =>
    (await store().facts({ after, limit })).map(({ attributes }) => attributes['number']);

  describe('a fact', () => {
    it('is kept with when, which organisation and which interaction', async () => {
      const whole = fact(1, { patient: PATIENT, attributes: { code: '39113611000001102', items: 2.5, urgent: false } });
      await learn(1, whole, fact(2));
      const [first, second] = await store().facts({ after: 0, limit: 10 });
      const from = { at: START + 1_000, ods: party(SURGERY).ods, interaction: message(1).interaction };
      expect(first).to.deep.equal({ ...whole, ...from, seq: first?.seq });
      expect(second).to.deep.equal({ ...fact(2), ...from, seq: second?.seq });
      expect(second?.seq).to.be.greaterThan(first?.seq ?? Number.NaN);
      expect(first?.seq).to.be.greaterThan(0);
    });

    it('is read in order, a page at a time', async () => {
      for (let number = 1; number <= 5; number++) await learn(number, fact(number), fact(number + 10));
      const seen: unknown[] = [];
      for (let after = 0; ; ) {
        const page = await store().facts({ after, limit: 3 });
        expect(page.length).to.be.at.most(3);
        seen.push(...page.map(({ attributes }) => attributes['number']));
        const last = page.at(-1);
        if (!last) break;
        after = last.seq;
      }
      expect(seen).to.deep.equal([1, 11, 2, 12, 3, 13, 4, 14, 5, 15]);
    });

    it('is forgotten up to the number given, and no number is used again', async () => {
      await learn(1, fact(1), fact(2), fact(3));
      const all = await store().facts({ after: 0, limit: 10 });
      await store().forgetFacts(all[1]?.seq ?? 0);
      expect(await numbers()).to.deep.equal([3]);
      expect((await store().backlog()).unreadFacts).to.equal(1);
      const last = all[2]?.seq ?? 0;
      await store().forgetFacts(last);
      await store().forgetFacts(last);
      expect(await numbers()).to.deep.equal([]);
      expect((await store().backlog()).unreadFacts).to.equal(0);
      await learn(2, fact(4));
      expect(await numbers(last)).to.deep.equal([4]);
    });

    it('is missed by no reader who keeps the last number, though many decide at the same time', async () => {
      let writing = true;
      const writers = Promise.all(Array.from({ length: 40 }, (_, index) => learn(index + 1, fact(index + 1)))).finally(
        () => {
          writing = false;
        },
      );
      const seen: unknown[] = [];
      let after = 0;
      for (let last = false; !last; ) {
        last = !writing;
        for (const { seq, attributes } of await store().facts({ after, limit: 1_000 })) {
          seen.push(attributes['number']);
          after = seq;
        }
      }
      await writers;
      expect([...seen].sort((left, right) => Number(left) - Number(right))).to.deep.equal(
        Array.from({ length: 40 }, (_, index) => index + 1),
      );
    });
  });
}
