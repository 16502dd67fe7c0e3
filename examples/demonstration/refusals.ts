/** What is refused, and what is only repeated: wrong numbers, other people's names, no certificate, one id twice. */
import { request } from 'node:https';
import { PRESCRIPTION, type PrescriptionRecord, prescriptionKey } from '../../adapters/eps/records.ts';
import { examplePrescription, faults, prescriptionOrder } from '../eps/examples.ts';
import { freshId, refusalOf } from './answers.ts';
import type { Story } from './scene.ts';

const PRESCRIBING = '/fhir-prescribing/FHIR/R4/$process-message';
/** A pharmacy that is not connected, so that nothing of this is in the way of another run. */
const ELSEWHERE = 'FX999';

export const refusals =
  (messageUrl: string): Story =>
  async (chapter, { systems, store, patients }) => {
    const { surgery, emergency, trust } = systems;
    const patient = patients.ordered;
    const draft = () =>
      examplePrescription({ id: freshId, ods: surgery.system.ods, nominated: ELSEWHERE, patient, at: Date.now() });
    const order = (from: typeof surgery, prescription: ReturnType<typeof draft>) => async (id: string) =>
      from.client.fhir('POST', PRESCRIBING, {
        requestId: id,
        ...(from.system.worker && { token: await from.token() }),
        body: prescriptionOrder(prescription),
      });

    const good = draft();
    const id = freshId();
    const send = order(surgery, good);
    const first = await chapter.send({ what: 'an order', from: surgery, expected: 200, id, send });
    const again = await chapter.send({ what: 'the same order, sent again', from: surgery, expected: 200, id, send });
    await chapter.expect('the repeat gets the first answer, byte for byte', true, () => first.body === again.body);
    await chapter.expect('and changes nothing: the prescription’s version', 1, async () => {
      const key = prescriptionKey(good.prescriptionId);
      return (await store.records.get<PrescriptionRecord>(PRESCRIPTION, key))?.version ?? 0;
    });
    const other = await chapter.send({
      what: 'its id with other content',
      from: surgery,
      expected: 409,
      id,
      send: order(surgery, draft()),
    });
    await chapter.expect('that is a conflict', 'MESSAGE_ID_REUSED', () => refusalOf(other));

    const wrong = await chapter.send({
      what: 'a wrong check digit',
      from: surgery,
      expected: 400,
      send: order(surgery, faults.wrongNhsNumber(draft())),
    });
    await chapter.expect('an NHS number is checked', 'NHS_NUMBER_INVALID', () => refusalOf(wrong));
    const claimed = await chapter.send({
      what: 'in another’s name',
      from: emergency,
      expected: 403,
      send: order(emergency, draft()),
    });
    await chapter.expect('a name in a message is only a claim', 'PARTY_MISMATCH', () => refusalOf(claimed));
    const barred = await chapter.send({
      what: 'by one who may not',
      from: trust,
      expected: 403,
      send: order(trust, draft()),
    });
    await chapter.expect('everything is refused that is not named', 'INTERACTION_NOT_PERMITTED', () =>
      refusalOf(barred),
    );
    await chapter.expect('without a certificate nobody comes in', false, () => comesIn(messageUrl));
    return { 'prescription-ordered': 1 };
  };

/** True where the hub answers a stranger at all. */
function comesIn(messageUrl: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request(`${messageUrl}/mailbox`, { rejectUnauthorized: false, timeout: 5_000 }, (answer) => {
      answer.resume();
      resolve(true);
    });
    asking.on('error', () => resolve(false));
    asking.on('timeout', () => asking.destroy());
    asking.end();
  });
}
