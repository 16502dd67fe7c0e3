import { join } from 'node:path';
import { expect } from 'chai';
import type { Resource } from '../../../adapters/eps/fhir.ts';
import { readFhirOrder } from '../../../adapters/eps/fhir-order.ts';
import { createCatalogue } from '../../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../../schemas/limits.ts';
import { interaction, otherPharmacy, Prescribing, passed, pharmacy, told } from './surgery-and-pharmacies.ts';

describe('a release of nominated prescriptions', () => {
  const form = createCatalogue({ xsdFolder: join(import.meta.dirname, '../../../schemas'), limits: DEFAULT_LIMITS });
  after(() => form.dispose());

  it('hands each over once, though the pharmacy asks twice', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.order(prescription);
    expect(passed(await service.release())).to.have.length(1);
    expect(service.states(prescription)).to.equal('0002 0008 0008');
    const again = await service.release();
    expect(passed(again)).to.have.length(0);
    expect(JSON.parse(again.answer.kind === 'document' ? again.answer.body : '{}').issue).to.deep.equal([
      {
        code: 'informational',
        severity: 'information',
        details: {
          coding: [
            {
              system: 'https://fhir.nhs.uk/CodeSystem/EPS-IssueCode',
              code: 'NO_MORE_PRESCRIPTIONS',
              display: 'No more prescriptions available',
            },
          ],
        },
      },
    ]);
  });

  it('takes at most 25, and the rest with the next pull', async () => {
    const service = new Prescribing();
    for (let count = 0; count < 30; count++) await service.order(service.draft());
    expect(passed(await service.release())).to.have.length(25);
    expect(passed(await service.release())).to.have.length(5);
    expect(passed(await service.release())).to.have.length(0);
  });

  it('takes only those nominated to the pharmacy that asks', async () => {
    const service = new Prescribing();
    const [mine, others, nobodys] = [service.draft(), service.draft({ nominated: 'FB123' }), draftFor(service)];
    for (const prescription of [mine, others, nobodys]) await service.order(prescription);
    expect(passed(await service.release())).to.have.length(1);
    expect(service.states(mine)).to.equal('0002 0008 0008');
    expect(service.states(others)).to.equal('0001 0007 0007');
    expect(service.states(nobodys)).to.equal('0001 0007 0007');
  });

  for (const wire of ['order', 'orderHl7'] as const) {
    it(`gives what came in by ${wire === 'order' ? 'FHIR' : 'HL7v3'} as FHIR that reads back as the same prescription`, async () => {
      const service = new Prescribing();
      const prescription = service.draft({ issues: 3 });
      await service[wire](prescription);
      const answer = await service.release();
      if (answer.answer.kind !== 'document') throw new Error('no document');
      form.check('fhir:Parameters', Buffer.from(answer.answer.body));
      const [bundle] = passed(answer);
      const read = readFhirOrder(bundle as Resource);
      if (read.kind !== 'read') throw new Error(`unreadable: ${JSON.stringify(read.refused)}`);
      const kept = service.record(prescription)?.prescription;
      const { signature, ...rest } = read.message.prescription;
      const { signature: signed, ...original } = kept ?? { signature: undefined };
      expect({ ...rest, prescribedAt: kept?.prescribedAt }).to.deep.equal(original);
      const text = signed?.form === 'base64' ? signed.text : Buffer.from(signed?.text ?? '').toString('base64');
      expect(signature?.text).to.equal(text);
    });
  }

  it('is good FHIR though the prescriber was named by nothing but a number', async () => {
    const service = new Prescribing();
    await service.order(service.draft(), (message) =>
      message
        .replace(/("resourceType":"Practitioner","identifier":\[[^\]]*\]),"name":\[\{[^}]*\}\]/, '$1')
        .replace(
          /"practitioner":\{"reference":"[^"]*"\}/,
          '"practitioner":{"identifier":{"system":"https://fhir.nhs.uk/Id/sds-user-id","value":"555254239107"}}',
        ),
    );
    const { answer } = await service.release();
    if (answer.kind !== 'document') throw new Error('no document');
    form.check('fhir:Parameters', Buffer.from(answer.body));
    expect(answer.body).to.include('555254239107');
  });

  it('is refused to a pharmacy that names another as the owner', async () => {
    const service = new Prescribing();
    await service.order(service.draft());
    const decision = await service.bench.ask(interaction('fhir:eps:nominated-release'), {
      from: otherPharmacy,
      document: {
        kind: 'json',
        value: {
          resourceType: 'Parameters',
          parameter: [
            {
              name: 'owner',
              resource: {
                resourceType: 'Organization',
                identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'FA565' }],
              },
            },
            { name: 'status', valueCode: 'accepted' },
          ],
        },
      },
    });
    expect(told(decision)).to.equal('PARTY_MISMATCH -');
  });
});

describe('a release of one prescription by its id', () => {
  it('is for a person at any pharmacy', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.order(prescription);
    expect(told(await service.release(otherPharmacy, prescription.prescriptionId))).to.equal('PERSON_REQUIRED -');
    const wrongRole = await service.release(otherPharmacy, prescription.prescriptionId, ['B0420']);
    expect(told(wrongRole)).to.equal('ROLE_NOT_PERMITTED -');
    const released = await service.release(otherPharmacy, prescription.prescriptionId, ['B0570']);
    expect(passed(released)).to.have.length(1);
    expect(service.record(prescription)?.issues[0]?.dispenser).to.equal('FB123');
    expect(passed(await service.release(pharmacy))).to.have.length(0);
  });

  it('names who has it when it is with another dispenser', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.order(prescription);
    await service.release(pharmacy);
    const { answer } = await service.release(otherPharmacy, prescription.prescriptionId, ['B0570']);
    expect(told({ answer, events: [{ action: 'x', outcome: 'success' }] })).to.equal('STATE_CONFLICT 0004');
    expect(answer.kind === 'refused' && answer.text).to.include('FA565');
  });

  it('says so when it is dispensed, unknown, or not an id', async () => {
    const service = new Prescribing();
    const [prescription, unknown] = [service.draft(), service.draft()];
    await service.order(prescription);
    await service.release();
    await service.dispense(prescription);
    const ask = (id: string) => service.release(otherPharmacy, id, ['B0570']);
    expect(told(await ask(prescription.prescriptionId))).to.equal('STATE_CONFLICT 0005');
    expect(told(await ask(unknown.prescriptionId))).to.equal('NOT_FOUND 0003');
    expect(told(await ask('nonsense'))).to.equal('VALUE_INVALID 5888');
  });
});

function draftFor(service: Prescribing) {
  const { nominated: _nominated, ...rest } = service.draft();
  return rest;
}
