import { expect } from 'chai';
import fc from 'fast-check';
import { currentIssue } from '../../../adapters/eps/records.ts';
import { isLegal, LEGAL_LINES, type LineStatus, type PrescriptionStatus } from '../../../adapters/eps/states.ts';
import type { ExamplePrescription } from '../../../examples/eps/examples.ts';
import { otherPharmacy, Prescribing, passed, pharmacy } from './surgery-and-pharmacies.ts';

type Step =
  | { readonly do: 'order'; readonly which: number; readonly wire: 'order' | 'orderHl7' }
  | { readonly do: 'pull'; readonly other: boolean }
  | { readonly do: 'ask'; readonly which: number; readonly other: boolean }
  | {
      readonly do: 'dispense';
      readonly which: number;
      readonly other: boolean;
      readonly items: readonly string[];
      readonly status: string | null;
    };

const which = fc.nat({ max: 2 });
const other = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const lineStatus = fc.constantFrom('0001', '0002', '0003', '0004', '0005', '0007', '0008');
const items = fc.oneof(
  fc.constantFrom(['0001', '0001'], ['0001', '0002'], ['0001', '0004'], ['0003', '0008'], ['0002', '0002']),
  fc.array(lineStatus, { minLength: 2, maxLength: 2 }),
);
const wire = fc.constantFrom('order' as const, 'orderHl7' as const);
const status = fc.constantFrom('0001', '0003', '0006', '0007', null);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('order' as const), which, wire }),
  fc.record({ do: fc.constant('pull' as const), other }),
  fc.record({ do: fc.constant('ask' as const), which, other }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('dispense' as const), which, other, items, status }) },
);

/** Half of the histories begin with prescriptions at the pharmacy already. */
const BEGINNING: readonly Step[] = [
  { do: 'order', which: 0, wire: 'order' },
  { do: 'order', which: 1, wire: 'orderHl7' },
  { do: 'pull', other: false },
];

const identifierOf = (bundle: object): string => (bundle as { identifier: { value: string } }).identifier.value;

describe('any history of a prescription', () => {
  it('keeps legal combinations, releases nothing twice, and never leaves a finished state', async () => {
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 5, maxLength: 25 }), async (underWay, more) => {
        const steps = underWay ? [...BEGINNING, ...more] : more;
        const service = new Prescribing();
        const drafts: readonly ExamplePrescription[] = [
          service.draft(),
          service.draft(),
          service.draft({ nominated: 'FB123' }),
        ];
        const given: string[] = [];
        const finished = new Map<string, string>();
        for (const one of steps) {
          const draft = 'which' in one ? drafts[one.which] : undefined;
          const from = 'other' in one && one.other ? otherPharmacy : pharmacy;
          if (one.do === 'order' && draft) await service[one.wire](draft);
          if (one.do === 'pull') given.push(...passed(await service.release(from)).map(identifierOf));
          if (one.do === 'ask' && draft) {
            given.push(...passed(await service.release(from, draft.prescriptionId, ['B0570'])).map(identifierOf));
          }
          if (one.do === 'dispense' && draft)
            await service.dispense(draft, { items: one.items, status: one.status }, from);

          for (const kept of drafts) {
            const record = service.record(kept);
            if (!record) continue;
            const { status, lines, dispenser } = currentIssue(record);
            const statuses = lines.map((line) => line.status);
            expect(isLegal(status, statuses), service.states(kept)).to.equal(true);
            expect(dispenser !== undefined, 'a dispenser from release on').to.equal(status !== '0001');
            const ended = finished.get(kept.prescriptionId);
            if (ended !== undefined) expect(service.states(kept)).to.equal(ended);
            if (status === '0006' || status === '0007') finished.set(kept.prescriptionId, service.states(kept));
            ends.add(status);
          }
        }
        expect(given, 'released twice').to.have.length(new Set(given).size);
      }),
      { numRuns: 200 },
    );
    expect([...ends].sort(), 'the histories went everywhere').to.include.members([
      '0001',
      '0002',
      '0003',
      '0006',
      '0007',
    ]);
  });
});

describe('the table of legal combinations', () => {
  it('has every prescription status, and no line of a finished prescription is open', () => {
    const open: readonly LineStatus[] = ['0003', '0004', '0007', '0008'];
    const finished: readonly PrescriptionStatus[] = ['0004', '0005', '0006', '0007', '0008', '0009'];
    expect(Object.keys(LEGAL_LINES)).to.have.length(13);
    for (const status of finished) expect(LEGAL_LINES[status].some((line) => open.includes(line))).to.equal(false);
  });
});
