/** Electronic prescriptions: ordered by FHIR and by ebXML, released to the nominated pharmacy, dispensed. */
import { currentIssue, PRESCRIPTION, type PrescriptionRecord, prescriptionKey } from '../../adapters/eps/records.ts';
import { PRESCRIPTION_STATUS } from '../../adapters/eps/states.ts';
import {
  dispenseNotification,
  type ExamplePrescription,
  examplePrescription,
  nominatedRelease,
  prescriptionOrder,
  prescriptionOrderHl7,
} from '../eps/examples.ts';
import { freshId, identifiersIn, PRESCRIPTION_ID } from './answers.ts';
import type { Story } from './scene.ts';

const PRESCRIBING = '/fhir-prescribing/FHIR/R4/$process-message';
const DISPENSING = '/fhir-dispensing/FHIR/R4';
/** The hub's number in HL7v3 wrappers. */
const HUB_SYSTEM = '200000001285';

export const prescriptions: Story = async (chapter, { systems, store, patients, hub }) => {
  const { surgery, emergency, pharmacy } = systems;
  const draft = (ods: string): ExamplePrescription =>
    examplePrescription({
      id: freshId,
      ods,
      nominated: pharmacy.system.ods,
      patient: patients.ordered,
      at: Date.now(),
    });
  const [byFhir, byEbxml] = [draft(surgery.system.ods), draft(emergency.system.ods)];
  const ids = [byFhir.prescriptionId, byEbxml.prescriptionId].sort();

  const order = async (id: string) =>
    surgery.client.fhir('POST', PRESCRIBING, {
      requestId: id,
      token: await surgery.token(),
      body: prescriptionOrder(byFhir),
    });
  const orderId = freshId();
  await chapter.send({ what: 'order by FHIR', from: surgery, expected: 200, id: orderId, send: order });

  const ebxmlId = freshId();
  await chapter.send({
    what: 'order by ebXML',
    from: emergency,
    tells: ['emergency'],
    expected: 202,
    id: ebxmlId,
    send: (messageId) =>
      emergency.client.ebxml({
        messageId,
        from: emergency.system.partyKey,
        to: hub.partyKey,
        cpaId: hub.cpaId,
        service: 'urn:nhs:names:services:mm',
        action: 'PORX_IN020101UK31',
        payload: prescriptionOrderHl7(byEbxml, { from: emergency.system.systemId, to: HUB_SYSTEM }),
      }),
  });
  await chapter.expect('the department is told that its order is good', 'AA', () =>
    acknowledgementOf(emergency.endpoint?.received.map(({ body }) => body.toString()) ?? [], byEbxml.messageId),
  );

  const release = async (id: string) =>
    pharmacy.client.fhir('POST', `${DISPENSING}/Task/$release`, {
      requestId: id,
      token: await pharmacy.token(),
      body: nominatedRelease({ ods: pharmacy.system.ods }),
    });
  const ours = (body: string): string[] =>
    identifiersIn(body, PRESCRIPTION_ID)
      .filter((id) => ids.includes(id))
      .sort();
  const first = await chapter.send({
    what: 'release of all nominated',
    from: pharmacy,
    expected: 200,
    send: release,
  });
  await chapter.expect('the pharmacy has both prescriptions', ids, () => ours(first.body));
  const second = await chapter.send({ what: 'release, asked again', from: pharmacy, expected: 200, send: release });
  await chapter.expect('the second time there is nothing left', [], () => ours(second.body));

  await chapter.send({
    what: 'dispense notification',
    from: pharmacy,
    expected: 200,
    send: async (id) =>
      pharmacy.client.fhir('POST', `${DISPENSING}/$process-message`, {
        requestId: id,
        token: await pharmacy.token(),
        body: dispenseNotification(byFhir, { messageId: freshId(), ods: pharmacy.system.ods, at: Date.now() }),
      }),
  });
  const statusOf = async ({ prescriptionId }: ExamplePrescription): Promise<string | undefined> => {
    const kept = await store.records.get<PrescriptionRecord>(PRESCRIPTION, prescriptionKey(prescriptionId));
    return kept && PRESCRIPTION_STATUS[currentIssue(kept.value).status];
  };
  await chapter.expect(
    'one is dispensed, the other waits at the pharmacy',
    ['Dispensed', 'With Dispenser'],
    async () => [(await statusOf(byFhir)) ?? 'not kept', (await statusOf(byEbxml)) ?? 'not kept'],
  );

  return { 'prescription-ordered': 2, 'prescription-released': 2, 'prescription-dispensed': 1 };
};

/** AA or AE, as the application acknowledgement of this message says it. */
function acknowledgementOf(received: readonly string[], messageId: string): string {
  const found = received.find((message) => message.includes('MCCI_IN010000UK13') && message.includes(messageId));
  return /<acknowledgement[^>]* typeCode="(A[AE])"/.exec(found ?? '')?.[1] ?? 'nothing yet';
}
