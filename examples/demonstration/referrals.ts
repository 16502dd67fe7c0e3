/** e-Referral: from the surgery to the clinic, into a free slot, off the worklist; the clinic's notice waits in its mailbox. */
import { booking, cardiology, createReferral, sessionHeaders, worklist } from '../ereferral/examples.ts';
import { refusalOf, textIn } from './answers.ts';
import type { Connected } from './connect.ts';
import type { Story } from './scene.ts';

const BASE = '/referrals/FHIR/STU3';
const DAY_ms = 24 * 60 * 60 * 1_000;
const QUARTER_ms = 15 * 60 * 1_000;

export const referrals: Story = async (chapter, { systems, patients }) => {
  const { surgery, clinic } = systems;
  const { nhsNumber } = patients.referred;
  const service = String(Date.now()).slice(-12);
  const start = Math.ceil(Date.now() / DAY_ms) * DAY_ms + 14 * DAY_ms + 9 * 60 * 60 * 1_000;
  const slot = {
    id: `${service}01`,
    start: new Date(start).toISOString(),
    end: new Date(start + QUARTER_ms).toISOString(),
  };
  const call =
    (from: Connected, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) =>
    async (id: string) =>
      from.client.fhir('POST', `${BASE}${path}`, {
        requestId: id,
        token: await from.token(),
        headers: {
          ...sessionHeaders(from === surgery ? 'REFERRING_CLINICIAN' : 'SERVICE_PROVIDER_CLINICIAN', from.system.ods),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      });

  await chapter.send({
    what: 'publication of a service',
    from: clinic,
    expected: 201,
    send: (id) =>
      clinic.client.fhir('PUT', `/referrals/hub/HealthcareService/${service}`, {
        requestId: id,
        body: JSON.stringify(cardiology([slot])),
      }),
  });
  const created = await chapter.send({
    what: 'referral',
    from: surgery,
    expected: 201,
    send: call(surgery, '/ReferralRequest/$ers.createReferral', createReferral({ nhsNumber, services: [service] })),
  });
  const ubrn = textIn(created.body, 'id');
  await chapter.send({
    what: 'booking of a slot',
    from: surgery,
    tells: ['clinic'],
    expected: 201,
    send: async (id) => {
      const ids = { ubrn, version: 1, nhsNumber, service };
      const answer = await call(surgery, '/Appointment', booking(ids, slot))(id);
      return answer;
    },
  });
  await chapter.expect(
    'the clinic collects one notice from its mailbox',
    1,
    collecting(clinic, ubrn, chapter.collected),
  );
  const list = await chapter.send({
    what: 'worklist',
    from: clinic,
    expected: 200,
    send: call(clinic, '/ReferralRequest/$ers.fetchworklist', worklist('REFERRALS_FOR_REVIEW', { service })),
  });
  await chapter.expect('the worklist holds the referral', true, () => ubrn !== '' && list.body.includes(ubrn));
  const accept = (version: number) =>
    call(clinic, `/ReferralRequest/${ubrn}/$ers.acceptReferral`, undefined, { 'if-match': `W/"${version}"` });
  const stale = await chapter.send({ what: 'acceptance, stale version', from: clinic, expected: 409, send: accept(1) });
  await chapter.expect('nobody decides on what has changed', 'VERSION_CONFLICT', () => refusalOf(stale));
  await chapter.send({ what: 'acceptance', from: clinic, tells: ['surgery'], expected: 200, send: accept(2) });
  await chapter.expect('the surgery is told of it', 1, () => noticesOf(surgery, ubrn));
  return { 'referral-created': 1, 'referral-sent': 1, 'referral-decided': 1 };
};

const noticesOf = ({ endpoint }: Connected, ubrn: string): number =>
  (endpoint?.received ?? []).filter(({ body }) => ubrn !== '' && body.includes(ubrn)).length;

/** Takes what is in the mailbox, acknowledges it, and counts the notices of this referral so far. */
function collecting({ client }: Connected, ubrn: string, collected: (id: string) => void): () => Promise<number> {
  let found = 0;
  return async () => {
    const { body } = await client.send('GET', '/mailbox?limit=100', {});
    const { messages = [] } = JSON.parse(body) as { messages?: readonly { readonly id: string }[] };
    for (const { id } of messages) {
      const message = await client.send('GET', `/mailbox/${id}`, {});
      collected(id);
      if (ubrn !== '' && message.body.includes(ubrn)) found++;
      await client.send('PUT', `/mailbox/${id}/acknowledge`, {});
    }
    return found;
  };
}
