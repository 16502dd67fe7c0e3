import { expect } from 'chai';
import { otherPharmacy, Prescribing, pharmacy, told } from './surgery-and-pharmacies.ts';

describe('a dispense notification', () => {
  async function released(items = 2) {
    const service = new Prescribing();
    const prescription = service.draft({ items });
    await service.order(prescription);
    await service.release();
    return { service, prescription };
  }

  it('completes a prescription when all of it is dispensed', async () => {
    const { service, prescription } = await released();
    expect(told(await service.dispense(prescription))).to.equal('HTTP 200');
    expect(service.states(prescription)).to.equal('0006 0001 0001');
    expect(service.bench.facts.map(({ kind }) => kind)).to.deep.equal([
      'prescription-ordered',
      'prescription-released',
      'prescription-dispensed',
    ]);
    expect(service.bench.facts[2]?.attributes).to.include({ status: '0006', items: 2, itemsDispensed: 2 });
  });

  it('may come in parts: owed, partly, in full', async () => {
    const { service, prescription } = await released();
    await service.dispense(prescription, { items: ['0001', '0004'], status: '0003' });
    expect(service.states(prescription)).to.equal('0003 0001 0004');
    await service.dispense(prescription, { items: ['0001', '0003'], status: '0003' });
    expect(service.states(prescription)).to.equal('0003 0001 0003');
    await service.dispense(prescription);
    expect(service.states(prescription)).to.equal('0006 0001 0001');
    expect(service.record(prescription)?.issues[0]?.dispenses).to.have.length(3);
  });

  it('that does not say what the prescription is now leaves it to its lines', async () => {
    for (const [items, states] of [
      [['0001', '0002'], '0006 0001 0002'],
      [['0002', '0002'], '0007 0002 0002'],
      [['0001', '0008'], '0003 0001 0008'],
    ] as const) {
      const { service, prescription } = await released();
      await service.dispense(prescription, { items, status: null });
      expect(service.states(prescription)).to.equal(states);
    }
  });

  it('gets the first answer again when it is repeated', async () => {
    const { service, prescription } = await released();
    const messageId = service.id();
    const first = await service.dispense(prescription, { messageId });
    const again = await service.dispense(prescription, { messageId });
    expect(again.answer).to.deep.equal(first.answer);
    expect(again.records).to.deep.equal([]);
    expect(told(await service.dispense(prescription, { messageId, items: ['0002', '0001'] }))).to.equal(
      'ALREADY_EXISTS 0002',
    );
  });

  it('is refused to whoever does not have the prescription, and told who has', async () => {
    const { service, prescription } = await released();
    const { answer } = await service.dispense(prescription, {}, otherPharmacy);
    expect(answer).to.include({ kind: 'refused', serviceCode: '0004' });
    expect(answer.kind === 'refused' && answer.text).to.include(pharmacy.ods);
    expect(service.states(prescription)).to.equal('0002 0008 0008');
  });

  it('is refused before the prescription is released, and after it is complete', async () => {
    const service = new Prescribing();
    const prescription = service.draft();
    expect(told(await service.dispense(prescription))).to.equal('NOT_FOUND 0005');
    await service.order(prescription);
    expect(told(await service.dispense(prescription))).to.equal('STATE_CONFLICT 0012');
    await service.release();
    await service.dispense(prescription);
    expect(told(await service.dispense(prescription))).to.equal('STATE_CONFLICT 0012');
  });

  it('must speak of every item, of no other, and of the right patient', async () => {
    const { service, prescription } = await released();
    const [first] = prescription.items;
    if (!first) throw new Error('no item');
    const half = { ...prescription, items: [first] };
    expect(told(await service.dispense(half))).to.equal('RULE_REFUSED 0014');
    const stranger = { ...prescription, items: [first, { ...first, id: service.id().toUpperCase() }] };
    expect(told(await service.dispense(stranger))).to.equal('RULE_REFUSED 0014');
    const patient = { ...prescription.patient, nhsNumber: '9990548609' };
    expect(told(await service.dispense({ ...prescription, patient }))).to.equal('PATIENT_MISMATCH 0009');
  });

  it('cannot take back what was supplied, nor end with an item still owed', async () => {
    const { service, prescription } = await released();
    expect(told(await service.dispense(prescription, { items: ['0001', '0004'] }))).to.equal('STATE_CONFLICT 0012');
    await service.dispense(prescription, { items: ['0001', '0004'], status: '0003' });
    const back = await service.dispense(prescription, { items: ['0002', '0001'] });
    expect(told(back)).to.equal('STATE_CONFLICT 0013');
    expect(service.states(prescription)).to.equal('0003 0001 0004');
  });

  it('that amends an earlier one is refused in plain words', async () => {
    const { service, prescription } = await released();
    const amended = await service.dispense(prescription, {}, pharmacy, (message) =>
      message.replace(
        '"eventCoding"',
        '"extension":[{"url":"https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf","valueIdentifier":' +
          '{"value":"a14d4fc1-82a2-4a82-aae2-50e212e7b907"}}],"eventCoding"',
      ),
    );
    expect(amended.answer).to.include({ kind: 'refused', serviceCode: '9999' });
  });
});
