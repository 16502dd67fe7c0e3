/** The journey of a prescription: ordered on either wire, released to the nominated pharmacy, dispensed. */
import { expect } from 'chai';
import {
  dispenseNotification,
  type ExamplePrescription,
  nominatedRelease,
  prescriptionOrder,
} from '../../examples/eps/examples.ts';
import type { TestHub } from '../support/hub.ts';
import { errorCodeIn, freshId, isAcknowledged, newOrder, newPrescription } from '../support/orders.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import { onBothStacks } from './story.ts';

const PRESCRIBE = '/fhir-prescribing/FHIR/R4/$process-message';
const RELEASE = '/fhir-dispensing/FHIR/R4/Task/$release';
const DISPENSE = '/fhir-dispensing/FHIR/R4/$process-message';

interface Released {
  readonly parameter: {
    readonly name: string;
    readonly resource: { readonly total: number; readonly entry?: readonly { readonly resource: object }[] };
  }[];
}

/** What the pharmacy is given, each prescription as the text of its Bundle. */
async function release(hub: TestHub): Promise<string[]> {
  const { pharmacy } = hub.systems;
  const { status, body } = await pharmacy.client.fhir('POST', RELEASE, {
    body: nominatedRelease({ ods: pharmacy.ods }),
  });
  expect(status).to.equal(200);
  const answer: Partial<Released> = JSON.parse(body);
  const passed = answer.parameter?.find(({ name }) => name === 'passedPrescriptions');
  return (passed?.resource.entry ?? []).map(({ resource }) => JSON.stringify(resource));
}

async function dispense(hub: TestHub, prescription: ExamplePrescription): Promise<number> {
  const { pharmacy } = hub.systems;
  const answer = await pharmacy.client.fhir('POST', DISPENSE, {
    body: dispenseNotification(prescription, { messageId: freshId(), ods: pharmacy.ods, at: Date.now() }),
    token: await hub.token(pharmacy, ['B0570']),
  });
  return answer.status;
}

const stateOf = async (hub: TestHub, prescription: ExamplePrescription): Promise<string | undefined> => {
  const key = prescription.prescriptionId.slice(0, -1);
  const record = await hub.store.records.get<{ issues: { status: string }[] }>('eps.prescription', key);
  return record?.value.issues[0]?.status;
};

onBothStacks('a prescription', {}, (hub) => {
  it('ordered by ebXML is acknowledged, and its application acknowledgement is pushed to the surgery', async () => {
    const { surgery } = hub().systems;
    const order = newOrder(surgery);
    const answer = await surgery.client.ebxml(order);
    expect(isAcknowledged(answer, order.messageId)).to.equal(true);

    const track = await hub().settled(order.messageId);
    expect(track.deliveries.map(({ interaction, receiver }) => ({ interaction, receiver }))).to.deep.equal([
      { interaction: ACKNOWLEDGEMENT, receiver: surgery.systemId },
    ]);
    const [pushed, ...others] = surgery.door.taken.filter(({ refTo }) => refTo === order.messageId);
    expect(others).to.deep.equal([]);
    expect(pushed?.payload).to.include('<acknowledgement typeCode="AA">');
    expect(pushed?.payload).to.include(`<messageRef><id root="${order.prescription.messageId}"/>`);
  });

  it('ordered by ebXML is released as FHIR, once, with its items', async () => {
    const { surgery } = hub().systems;
    await release(hub());
    const order = newOrder(surgery);
    await surgery.client.ebxml(order);
    await hub().settled(order.messageId);

    const [released, ...others] = await release(hub());
    expect(others).to.deep.equal([]);
    expect(released).to.include(order.prescription.prescriptionId);
    expect(released).to.include(order.prescription.patient.nhsNumber);
    for (const item of order.prescription.items) expect(released).to.include(item.code);
    expect(await release(hub())).to.deep.equal([]);
  });

  it('ordered by FHIR goes to the nominated pharmacy and is dispensed', async () => {
    const { surgery } = hub().systems;
    await release(hub());
    const prescription = newPrescription(surgery.ods);
    const ordered = await surgery.client.fhir('POST', PRESCRIBE, {
      body: prescriptionOrder(prescription),
      token: await hub().token(surgery, ['B0420']),
    });
    expect(ordered.status).to.equal(200);
    expect(await stateOf(hub(), prescription)).to.equal('0001');

    const released = await release(hub());
    expect(released.filter((bundle) => bundle.includes(prescription.prescriptionId))).to.have.length(1);
    expect(await stateOf(hub(), prescription)).to.equal('0002');

    expect(await dispense(hub(), prescription)).to.equal(200);
    expect(await stateOf(hub(), prescription)).to.equal('0006');
  });

  it('without a token of a person, or with one whose role does not prescribe, is not ordered by FHIR', async () => {
    const { surgery } = hub().systems;
    const prescription = newPrescription(surgery.ods);
    const body = prescriptionOrder(prescription);
    const nobody = await surgery.client.fhir('POST', PRESCRIBE, { body });
    expect([nobody.status, errorCodeIn(nobody)]).to.deep.equal([401, 'PERSON_REQUIRED']);
    const clerk = await surgery.client.fhir('POST', PRESCRIBE, { body, token: await hub().token(surgery, ['B0370']) });
    expect([clerk.status, errorCodeIn(clerk)]).to.deep.equal([403, 'ROLE_NOT_PERMITTED']);
    const stolen = await surgery.client.fhir('POST', PRESCRIBE, {
      body,
      token: await hub().token(hub().systems.village, ['B0420']),
    });
    expect([stolen.status, errorCodeIn(stolen)]).to.deep.equal([401, 'TOKEN_INVALID']);
    expect(await stateOf(hub(), prescription)).to.equal(undefined);
  });

  it('nominated to one pharmacy is not released to another organisation in its name', async () => {
    const { surgery, pharmacy } = hub().systems;
    const order = newOrder(surgery);
    await surgery.client.ebxml(order);
    await hub().settled(order.messageId);
    const claimed = await pharmacy.client.fhir('POST', RELEASE, { body: nominatedRelease({ ods: 'FB999' }) });
    expect([claimed.status, errorCodeIn(claimed)]).to.deep.equal([403, 'PARTY_MISMATCH']);
    expect(await stateOf(hub(), order.prescription)).to.equal('0001');
  });
});
