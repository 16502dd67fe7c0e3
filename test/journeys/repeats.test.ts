/** A message sent again: the same bytes get the first answer and have no second effect, other bytes are a conflict. */
import { expect } from 'chai';
import { localAuthorityUpload } from '../../examples/cpis/examples.ts';
import type { ExamplePrescription } from '../../examples/eps/examples.ts';
import { exampleNhsNumber, prescriptionOrder } from '../../examples/eps/examples.ts';
import type { TestHub } from '../support/hub.ts';
import { errorCodeIn, freshId, isAcknowledged, newOrder, newPrescription } from '../support/orders.ts';
import { child, meet } from './plans.ts';
import { onBothStacks } from './story.ts';

const PRESCRIBE = '/fhir-prescribing/FHIR/R4/$process-message';

const changesOf = async (hub: TestHub, { prescriptionId }: ExamplePrescription): Promise<number> => {
  const key = prescriptionId.slice(0, -1);
  const record = await hub.store.records.get<{ changes: unknown[] }>('eps.prescription', key);
  return record?.value.changes.length ?? 0;
};

onBothStacks('a message sent again', {}, (hub) => {
  it('with the same bytes by ebXML is acknowledged again, and has one effect', async () => {
    const { surgery } = hub().systems;
    const order = newOrder(surgery);
    const first = await surgery.client.ebxml(order);
    await hub().settled(order.messageId);
    const again = await surgery.client.ebxml(order);
    expect([first, again].map((answer) => isAcknowledged(answer, order.messageId))).to.deep.equal([true, true]);
    expect(await changesOf(hub(), order.prescription)).to.equal(1);
    expect(surgery.door.taken.filter(({ refTo }) => refTo === order.messageId)).to.have.length(1);
  });

  it('twenty times at once has one effect, and every copy is acknowledged', async () => {
    const { surgery } = hub().systems;
    const order = newOrder(surgery);
    const answers = await Promise.all(Array.from({ length: 20 }, () => surgery.client.ebxml(order)));
    expect(answers.every((answer) => isAcknowledged(answer, order.messageId))).to.equal(true);
    const track = await hub().settled(order.messageId);
    expect(track.deliveries).to.have.length(1);
    expect(await changesOf(hub(), order.prescription)).to.equal(1);
    const lines = (await hub().audit()).filter(({ messageId }) => messageId === order.messageId);
    expect(lines.map(({ action }) => action)).to.deep.equal(['accept', 'prescription-order']);
  });

  it('with the same bytes by FHIR gets the first answer to the byte, a refusal too', async () => {
    const { surgery } = hub().systems;
    const prescription = newPrescription(surgery.ods);
    const good = { requestId: freshId(), body: prescriptionOrder(prescription) };
    const bad = { requestId: freshId(), body: prescriptionOrder({ ...newPrescription(surgery.ods), ods: 'B82001' }) };
    for (const [message, status] of [
      [good, 200],
      [bad, 403],
    ] as const) {
      const options = { ...message, token: await hub().token(surgery, ['B0420']) };
      const first = await surgery.client.fhir('POST', PRESCRIBE, options);
      const again = await surgery.client.fhir('POST', PRESCRIBE, options);
      expect([first.status, again.status]).to.deep.equal([status, status]);
      expect(again.body).to.equal(first.body);
    }
    expect(await changesOf(hub(), prescription)).to.equal(1);
  });

  it('under an id that was used for other bytes is a conflict on every wire, and changes nothing', async () => {
    const { surgery, authority } = hub().systems;
    const first = newOrder(surgery);
    await surgery.client.ebxml(first);
    await hub().settled(first.messageId);
    const other = { ...newOrder(surgery), messageId: first.messageId };
    const byEbxml = await surgery.client.ebxml(other);
    expect([byEbxml.status, errorCodeIn(byEbxml)]).to.deep.equal([409, 'MESSAGE_ID_REUSED']);
    expect(byEbxml.body).to.include('<eb:ErrorList');
    expect(await changesOf(hub(), other.prescription)).to.equal(0);

    const requestId = freshId();
    const token = await hub().token(surgery, ['B0420']);
    const [one, two] = [newPrescription(surgery.ods), newPrescription(surgery.ods)];
    const kept = await surgery.client.fhir('POST', PRESCRIBE, { requestId, token, body: prescriptionOrder(one) });
    expect(kept.status).to.equal(200);
    const byFhir = await surgery.client.fhir('POST', PRESCRIBE, { requestId, token, body: prescriptionOrder(two) });
    expect([byFhir.status, errorCodeIn(byFhir)]).to.deep.equal([409, 'MESSAGE_ID_REUSED']);
    expect(JSON.parse(byFhir.body).resourceType).to.equal('OperationOutcome');
    expect(await changesOf(hub(), two)).to.equal(0);

    const person = child(801);
    await meet(hub(), person);
    const fileId = freshId();
    const file = (sequence: number) =>
      authority.client.send(
        'POST',
        '/cpis/local-authority-upload',
        { 'content-type': 'application/xml', 'x-request-id': fileId },
        localAuthorityUpload({
          id: fileId,
          ods: authority.ods,
          sequence,
          records: [{ id: fileId, kind: 'LAC', person, start: '20250601' }],
        }),
      );
    expect((await file(9_001)).status).to.equal(200);
    const byXml = await file(9_002);
    expect([byXml.status, errorCodeIn(byXml)]).to.deep.equal([409, 'MESSAGE_ID_REUSED']);
    const plans = await hub().store.records.find<{ updatedAt: number }>('cpis.plan', 'child', person.nhsNumber, {
      limit: 5,
    });
    expect(plans.map(({ version }) => version)).to.deep.equal([1]);
    expect(person.nhsNumber).to.equal(exampleNhsNumber(801));
  });

  it('under the id that another system used is a message of its own', async () => {
    const { surgery, village } = hub().systems;
    const first = newOrder(surgery);
    const second = { ...newOrder(village), messageId: first.messageId };
    const answers = [await surgery.client.ebxml(first), await village.client.ebxml(second)];
    expect(answers.map((answer) => isAcknowledged(answer, first.messageId))).to.deep.equal([true, true]);
    expect(await hub().store.track(first.messageId)).to.have.length(2);
  });

  it('after a restart of the hub gets the first answer, and has one effect', async () => {
    const requestId = freshId();
    const prescription = newPrescription(hub().systems.surgery.ods);
    const body = prescriptionOrder(prescription);
    const send = async () => {
      const { surgery } = hub().systems;
      return surgery.client.fhir('POST', PRESCRIBE, { requestId, body, token: await hub().token(surgery, ['B0420']) });
    };
    const first = await send();
    await hub().restart();
    const again = await send();
    expect([again.status, again.body]).to.deep.equal([first.status, first.body]);
    expect(await changesOf(hub(), prescription)).to.equal(1);
  });
});
