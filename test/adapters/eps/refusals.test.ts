import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import {
  DISPENSE_REFUSALS,
  PRESCRIBE_REFUSALS,
  refuseDispensing,
  refusedAnswer,
  refusePrescribing,
} from '../../../adapters/eps/refusals.ts';
import type { Decision } from '../../../core/decision.ts';
import { faults } from '../../../examples/eps/examples.ts';
import { otherPharmacy, Prescribing, pharmacy } from './surgery-and-pharmacies.ts';

const EPS = 'https://fhir.nhs.uk/CodeSystem/EPS-IssueCode';
const SPINE = 'https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode';
const published = new URL('../../../../shared/corpus/eps/coordinator-examples/spec/errors/release/', import.meta.url);

describe('a refusal of the prescription service', () => {
  const asked: readonly (readonly [
    why: string,
    file: string,
    ask: (service: Prescribing, id: string) => Promise<Decision>,
  ])[] = [
    [
      'that is with another dispenser',
      'with-another-dispenser-error.json',
      async (service, id) => {
        await service.release(pharmacy);
        return service.release(otherPharmacy, id, ['B0570']);
      },
    ],
    [
      'that is not there',
      'not-found-error.json',
      (service) => service.release(otherPharmacy, service.draft().prescriptionId, ['B0570']),
    ],
  ];
  for (const [why, file, ask] of asked) {
    it(`of a prescription ${why} has the owner’s own coding`, async function () {
      if (!existsSync(new URL(file, published))) {
        console.log('      skipped: the corpus of published examples is not here');
        return this.skip();
      }
      const [coding] = JSON.parse(readFileSync(new URL(file, published), 'utf8')).issue[0].details.coding;
      const service = new Prescribing();
      const prescription = service.draft();
      await service.order(prescription);
      const { answer } = await ask(service, prescription.prescriptionId);
      expect(answer).to.deep.include({ kind: 'refused', coding, status: 400 });
    });
  }

  it('of an order names the code in the list that the owner has it in, without the detail', async () => {
    const service = new Prescribing();
    const { answer } = await service.order(faults.wrongCheckCharacter(service.draft()));
    expect(answer).to.deep.include({
      code: 'PRESCRIPTION_ID_INVALID',
      coding: { system: EPS, code: 'INVALID_CHECK_DIGIT', display: 'Error in check digit' },
    });
    const missing = refusedAnswer(refusePrescribing('0008', 'MedicationRequest.dispenseRequest'));
    expect(missing).to.deep.include({
      text: 'A required value is missing: MedicationRequest.dispenseRequest',
      coding: { system: SPINE, code: 'MISSING_VALUE', display: 'A required value is missing' },
    });
  });

  it('has the status 400 whatever it is, as nothing of the lists is of denied access', () => {
    const answers = [
      ...(Object.keys(PRESCRIBE_REFUSALS) as (keyof typeof PRESCRIBE_REFUSALS)[]).map((code) =>
        refusedAnswer(refusePrescribing(code)),
      ),
      ...(Object.keys(DISPENSE_REFUSALS) as (keyof typeof DISPENSE_REFUSALS)[]).map((code) =>
        refusedAnswer(refuseDispensing(code)),
      ),
    ];
    for (const { status, coding } of answers) {
      expect(status).to.equal(400);
      expect(coding?.system).to.be.oneOf([EPS, SPINE]);
      expect(coding?.code).to.match(/^[A-Z][A-Z_]+$/);
    }
    expect(answers.filter(({ coding }) => coding?.system === SPINE).map(({ coding }) => coding?.code)).to.have.members([
      'INVALID_RESOURCE_ID',
      'MISSING_VALUE',
      'FAILURE_TO_PROCESS_MESSAGE',
      'RESOURCE_NOT_FOUND',
    ]);
  });
});
