import { expect } from 'chai';
import type { Prescription } from '../../../adapters/eps/model.ts';
import { faults } from '../../../examples/eps/examples.ts';
import { at, attribute } from '../../../schemas/xml-read.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';
import { Prescribing, pharmacy, surgery, told } from './surgery-and-pharmacies.ts';

const DAY_MS = 86_400_000;

/** What the two wires cannot both carry is left out: the register of a number, and the form of the signature. */
function comparable({ signature, author, supply: _supply, ...rest }: Prescription): object {
  const { numbers: _numbers, userId: _userId, ...person } = author;
  return { ...rest, author: person, signedAt: signature?.signedAt };
}

describe('a prescription order', () => {
  it('is kept to be dispensed, found by patient and by nominated pharmacy', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    expect(told(await service.order(prescription))).to.equal('HTTP 200');
    expect(service.states(prescription)).to.equal('0001 0007 0007');
    const found = (index: string, value: string) =>
      service.bench.records.find('eps.prescription', index, value, { limit: 10 });
    expect(await found('nominated', 'FA565/0001')).to.have.length(1);
    expect(await found('patient', prescription.patient.nhsNumber)).to.have.length(1);
    const [kept] = await found('patient', prescription.patient.nhsNumber);
    expect(kept?.key).to.equal(prescription.prescriptionId.slice(0, -1));
  });

  it('means the same by FHIR and by HL7v3', async () => {
    const [byFhir, byHl7] = [new Prescribing(), new Prescribing()];
    const prescription = byFhir.draft();
    await byFhir.order(prescription);
    await byHl7.orderHl7(prescription);
    const [fhir, hl7] = [byFhir.record(prescription), byHl7.record(prescription)];
    if (!fhir || !hl7) throw new Error('not kept');
    expect(comparable(fhir.prescription)).to.deep.equal(comparable(hl7.prescription));
    expect(fhir.issues).to.deep.equal(hl7.issues);
  });

  it('tells the trail and the lake what was ordered, and no name or number to the lake', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.order(prescription);
    expect(service.bench.events).to.deep.equal([
      {
        action: 'prescription-order',
        outcome: 'success',
        patient: prescription.patient.nhsNumber,
        entity: `eps.prescription/${prescription.prescriptionId.slice(0, -1)}`,
      },
    ]);
    expect(service.bench.facts).to.deep.equal([
      {
        kind: 'prescription-ordered',
        patient: prescription.patient.nhsNumber,
        attributes: {
          organisation: 'A83008',
          treatmentType: '0001',
          prescriptionType: '0101',
          items: 2,
          medications: '322237000 39113611000001102',
        },
      },
    ]);
  });

  it('gets the first answer again when it is repeated, and changes nothing', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    const first = await service.order(prescription);
    await service.release();
    const again = await service.order(prescription);
    expect(again.answer).to.deep.equal(first.answer);
    expect(again.records).to.deep.equal([]);
    expect(service.states(prescription)).to.equal('0002 0008 0008');
  });

  it('is refused as a duplicate in another message, or with other content in the same', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.order(prescription);
    const other = { ...prescription, messageId: service.id().toUpperCase() };
    expect(told(await service.order(other))).to.equal('ALREADY_EXISTS 0002');
    const changed = await service.order(prescription, (message) => message.replaceAll('"value":60', '"value":90'));
    expect(told(changed)).to.equal('ALREADY_EXISTS 0002');
    expect(told(await service.orderHl7(prescription))).to.equal('ALREADY_EXISTS 0002');
  });

  it('that starts later than a day from now waits for its day, and is then released', async () => {
    const service = new Prescribing();
    const prescription = service.draft({ at: service.bench.now + 3 * DAY_MS });
    await service.order(prescription);
    expect(service.states(prescription)).to.equal('9001 0007 0007');
    await service.release();
    expect(service.states(prescription)).to.equal('9001 0007 0007');
    service.bench.now += 3 * DAY_MS;
    await service.release();
    expect(service.states(prescription)).to.equal('0002 0008 0008');
  });

  it('for six issues opens the first and keeps the others for later', async () => {
    const service = new Prescribing();
    const prescription = service.draft({ issues: 6 });
    await service.orderHl7(prescription);
    const record = service.record(prescription);
    expect(record?.issues.map(({ status }) => status)).to.deep.equal(['0001', '9000', '9000', '9000', '9000', '9000']);
    expect(record?.prescription.repeats).to.deep.equal({ low: 1, high: 6 });
  });

  describe('is refused', () => {
    const cases: readonly (readonly [string, string, (service: Prescribing) => Promise<unknown>])[] = [
      [
        'with a wrong check character',
        'PRESCRIPTION_ID_INVALID 5009',
        (s) => s.order(faults.wrongCheckCharacter(s.draft())),
      ],
      ['with a wrong NHS number', 'NHS_NUMBER_INVALID 0007', (s) => s.order(faults.wrongNhsNumber(s.draft()))],
      ['with five items', 'RULE_REFUSED 0010', (s) => s.order(s.draft({ items: 5 }))],
      ['with one item twice', 'RULE_REFUSED 5008', (s) => s.order(faults.sameItemTwice(s.draft()))],
      ['for somebody not yet born', 'VALUE_INVALID 9006', (s) => s.order(faults.notYetBorn(s.draft()))],
      ['without the nominated pharmacy', 'VALUE_INVALID 0008', (s) => s.order(s.draft(), withoutPerformer)],
      [
        'without a signature',
        'RULE_REFUSED 0003',
        (s) => s.order(s.draft(), (m) => m.replace(/"data":"[^"]*"/, '"data":""')),
      ],
      ['with two patients', 'RULE_REFUSED 0009', (s) => s.order(s.draft(), secondPatient)],
      [
        'with an id of another form',
        'PRESCRIPTION_ID_INVALID 0007',
        (s) => s.order({ ...s.draft(), prescriptionId: 'A-B' }),
      ],
      ['without items', 'VALUE_INVALID 0008', (s) => s.order({ ...s.draft(), items: [] })],
      ['with a hundred issues', 'RULE_REFUSED 0019', (s) => s.order(s.draft({ issues: 100 }))],
      [
        'with a GUID in small letters, in HL7v3',
        'VALUE_INVALID 0007',
        (s) => s.orderHl7(s.draft(), undefined, smallLetters),
      ],
      ['in another system’s name', 'PARTY_MISMATCH -', (s) => s.orderHl7(s.draft(), undefined, otherSender)],
      [
        'in another practice’s name',
        'PARTY_MISMATCH -',
        (s) => s.order(s.draft(), (m) => m.replace('A83008', 'B81001')),
      ],
    ];
    const withoutPerformer = (message: string) => message.replaceAll(/,"performer":\{[^}]*\}\}/g, '');
    const secondPatient = (message: string) =>
      message.replace(/"subject":\{"reference":"[^"]*"\}/, '"subject":{"reference":"urn:uuid:other"}');
    const smallLetters = (message: string) =>
      message.replace(/(pertinentLineItem[^>]*><id root=")([^"]*)/, (_, before, id) => before + id.toLowerCase());
    const otherSender = (message: string) => message.replaceAll(surgery.systemId, '200999999999');

    for (const [what, code, send] of cases) {
      it(`${what}: ${code}`, async () => {
        const service = new Prescribing();
        const decision = (await send(service)) as Awaited<ReturnType<Prescribing['order']>>;
        expect(told(decision)).to.equal(code);
        expect(service.bench.kept.size).to.equal(0);
        expect(service.bench.events.map(({ outcome }) => outcome)).to.deep.equal(['refused']);
        expect(service.bench.facts).to.deep.equal([]);
      });
    }
  });
});

describe('an order by HL7v3', () => {
  const typeOf = (body: string | undefined) => {
    const root = parseCheckedXml(Buffer.from(body ?? ''));
    const reason = at(root, 'ControlActEvent/reason/justifyingDetectedIssueEvent/code');
    return {
      type: attribute(at(root, 'acknowledgement'), 'typeCode'),
      refersTo: attribute(at(root, 'acknowledgement/messageRef/id'), 'root'),
      ...(reason && { system: attribute(reason, 'codeSystem'), code: attribute(reason, 'code') }),
    };
  };

  for (const name of ['PORX_IN020101UK31', 'PORX_IN020101SM31'] as const) {
    it(`named ${name} is acknowledged to the system that sent it, in its conversation`, async () => {
      const service = new Prescribing();
      const prescription = service.draft();
      const { send } = await service.orderHl7(prescription, name);
      expect(send).to.have.length(1);
      const [acknowledgement] = send ?? [];
      expect(acknowledgement?.to).to.equal(surgery.systemId);
      expect(acknowledgement?.interaction).to.equal('urn:nhs:names:services:mm:MCCI_IN010000UK13');
      expect(acknowledgement?.refToMessageId).to.equal(acknowledgement?.conversationId);
      expect(typeOf(acknowledgement?.body)).to.deep.equal({ type: 'AA', refersTo: prescription.messageId });
      expect(service.states(prescription)).to.equal('0001 0007 0007');
    });
  }

  it('is told the code of the list when a rule refuses it', async () => {
    const service = new Prescribing();
    const prescription = service.draft({ items: 5 });
    const { send } = await service.orderHl7(prescription);
    expect(typeOf(send?.[0]?.body)).to.deep.equal({
      type: 'AE',
      refersTo: prescription.messageId,
      system: '2.16.840.1.113883.2.1.3.2.4.17.22',
      code: '0010',
    });
  });

  it('is acknowledged again when it is repeated', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    await service.orderHl7(prescription);
    const { send, records } = await service.orderHl7(prescription);
    expect(typeOf(send?.[0]?.body).type).to.equal('AA');
    expect(records).to.deep.equal([]);
    expect(pharmacy.ods).to.equal(service.record(prescription)?.nomination?.ods);
  });
});
