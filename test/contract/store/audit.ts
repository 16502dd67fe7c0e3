/** What the store promises about the audit trail: one chain without a gap, whoever writes to it at the same time. */
import { expect } from 'chai';
import { type AuditLine, CHAIN_START, lineHash } from '../../../core/audit-chain.ts';
import { actorOf } from '../../../core/envelope.ts';
import type { Store } from '../../../core/store.ts';
import { commitOf, commitWhole, DOCTOR, draft, message, ORDERED, PATIENT, START, settlement } from './samples.ts';

/** Every line, read a page at a time; throws where the chain does not hold. */
export async function readChain(store: Store, page = 7): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for (let previous = CHAIN_START; ; ) {
    const next = await store.auditLines({ after: lines.length, limit: page });
    expect(next.length).to.be.at.most(page);
    if (next.length === 0) return lines;
    for (const line of next) {
      expect(line.seq).to.equal(lines.length + 1);
      expect(line.hash).to.equal(lineHash(previous, line));
      previous = line.hash;
      lines.push(line);
    }
  }
}

export function auditPromises(store: () => Store): void {
  describe('the audit trail', () => {
    it('names the system, organisation, person, role, message and interaction of each decision', async () => {
      const envelope = message(1, { person: DOCTOR });
      await store().admit(envelope);
      await store().commit(commitOf(envelope));
      const [accept, ordered] = await readChain(store());
      const { system, ods, user, role, messageId, interaction } = actorOf(envelope);
      const who = { system, ods, user, role, messageId, interaction };
      const { hash: _first, ...acceptLine } = accept ?? ({} as Partial<AuditLine>);
      const { hash: _second, ...orderedLine } = ordered ?? ({} as Partial<AuditLine>);
      expect(acceptLine).to.deep.equal({
        ...who,
        seq: 1,
        at: envelope.receivedAt,
        action: 'accept',
        outcome: 'success',
      });
      expect(orderedLine).to.deep.equal({ ...who, ...ORDERED, seq: 2, at: START + 1_000 });
    });

    it('writes nothing for a repeat or a conflict', async () => {
      await store().admit(message(1));
      await store().admit(message(1));
      await store().admit(message(1, {}, 'other bytes'));
      expect(await readChain(store())).to.have.length(1);
    });

    it('keeps the order of a decision’s events', async () => {
      const event = (action: string) => ({ action, outcome: 'refused', code: 'RULE_REFUSED' }) as const;
      const events = [event('first'), event('second'), event('third')] as const;
      await store().commit(commitWhole(message(1), { decision: { events } }));
      expect((await readChain(store())).map(({ action }) => action)).to.deep.equal(['first', 'second', 'third']);
    });

    it('takes lines that belong to no message, in order, with whoever is known', async () => {
      await store().audit({}, START, [{ action: 'refuse', outcome: 'refused', code: 'CERTIFICATE_UNKNOWN' }]);
      await store().audit({ user: 'opérateur “1” 😀', role: 'admin' }, START + 1, [
        { action: 'system-add', outcome: 'success', entity: 'system/200000000001' },
        { action: 'system-revoke', outcome: 'failed', reason: 'not there' },
      ]);
      await store().audit({ user: 'nobody' }, START + 2, []);
      const lines = await readChain(store());
      expect(lines.map(({ action, at }) => [action, at])).to.deep.equal([
        ['refuse', START],
        ['system-add', START + 1],
        ['system-revoke', START + 1],
      ]);
      expect(lines[0]).to.deep.include({ system: null, ods: null, user: null, role: null, messageId: null });
      expect(lines[1]).to.deep.include({ user: 'opérateur “1” 😀', role: 'admin', interaction: null });
    });

    it('is one chain without a gap, though everything writes to it at the same time', async () => {
      for (let number = 1; number <= 10; number++) {
        await store().commit(commitWhole(message(number), { deliveries: [draft(number)] }));
      }
      await store().claim({ lease: { owner: 'a', until: START + 1e6 }, now: START + 1_000, limit: 100 });
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => [
          store().admit(message(100 + index)),
          store().commit(commitWhole(message(200 + index))),
          store().audit({ user: 'operator' }, START, [ORDERED, ORDERED]),
          store().settle([settlement(draft(index + 1).id, 'a', START + 2_000, { kind: 'acknowledged' })]),
        ]).flat(),
      );
      expect(await readChain(store())).to.have.length(10 + 10 * 5);
    });

    it('shows every line to a reader who keeps the last number, while others write', async () => {
      let writing = true;
      const writers = Promise.all(
        Array.from({ length: 40 }, (_, index) => store().commit(commitWhole(message(index + 1)))),
      ).finally(() => {
        writing = false;
      });
      const seen: number[] = [];
      for (let last = false; !last; ) {
        last = !writing;
        for (const line of await store().auditLines({ after: seen.length, limit: 1_000 })) seen.push(line.seq);
      }
      await writers;
      expect(seen).to.deep.equal(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    it('shows a patient’s lines and nobody else’s, newest first, a page at a time', async () => {
      for (let number = 1; number <= 5; number++) {
        const patient = number === 3 ? '9990000026' : PATIENT;
        await store().audit({}, START + number, [
          { ...ORDERED, patient },
          { action: 'other', outcome: 'success' },
        ]);
      }
      const page = async (limit: number, before?: number) =>
        (await store().auditForPatient(PATIENT, { limit, ...(before !== undefined && { before }) })).map(
          ({ seq }) => seq,
        );
      expect(await page(100)).to.deep.equal([9, 7, 3, 1]);
      expect(await page(2)).to.deep.equal([9, 7]);
      expect(await page(2, 7)).to.deep.equal([3, 1]);
      expect(await page(2, 1)).to.deep.equal([]);
      const [line] = await store().auditForPatient(PATIENT, { limit: 1 });
      expect(line).to.deep.equal((await readChain(store())).find(({ seq }) => seq === 9));
    });
  });
}
