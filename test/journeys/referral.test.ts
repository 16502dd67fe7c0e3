/** The journey of a referral: created, booked or deferred, seen in the provider's worklist, accepted under its version. */
import { expect } from 'chai';
import { exampleNhsNumber } from '../../examples/eps/examples.ts';
import {
  booking,
  cardiology,
  createReferral,
  deferral,
  type SlotIds,
  sessionHeaders,
  worklist,
} from '../../examples/ereferral/examples.ts';
import { eventually } from '../support/eventually.ts';
import type { TestHub } from '../support/hub.ts';
import { errorCodeIn, freshId } from '../support/orders.ts';
import { onBothStacks } from './story.ts';

const BASE = '/referrals/FHIR/STU3';
const DAY_ms = 86_400_000;

async function asReferrer(hub: TestHub, method: string, path: string, body?: object) {
  const { surgery } = hub.systems;
  return surgery.client.fhir(method, BASE + path, {
    ...(body && { body: JSON.stringify(body) }),
    token: await hub.token(surgery, ['B1101']),
    headers: sessionHeaders('REFERRING_CLINICIAN', surgery.ods),
  });
}

async function asProvider(
  hub: TestHub,
  method: string,
  path: string,
  body?: object,
  more: Record<string, string> = {},
) {
  const { outpatients } = hub.systems;
  return outpatients.client.fhir(method, BASE + path, {
    ...(body && { body: JSON.stringify(body) }),
    token: await hub.token(outpatients, ['B1110']),
    headers: { ...sessionHeaders('SERVICE_PROVIDER_CLINICIAN', outpatients.ods), ...more },
  });
}

async function publish(hub: TestHub, service: string, slots: readonly SlotIds[]): Promise<void> {
  const answer = await hub.systems.outpatients.client.fhir('PUT', `/referrals/hub/HealthcareService/${service}`, {
    body: JSON.stringify(cardiology(slots)),
  });
  expect(answer.status).to.equal(201);
}

async function create(hub: TestHub, nhsNumber: string, service: string): Promise<string> {
  const made = await asReferrer(
    hub,
    'POST',
    '/ReferralRequest/$ers.createReferral',
    createReferral({ nhsNumber, services: [service] }),
  );
  expect(made.status).to.equal(201);
  return JSON.parse(made.body).id;
}

const listed = async (hub: TestHub, name: string): Promise<string> => {
  const answer = await asProvider(hub, 'POST', '/ReferralRequest/$ers.fetchworklist', worklist(name));
  expect(answer.status).to.equal(200);
  return answer.body;
};

onBothStacks('a referral', {}, (hub) => {
  it('booked to a slot is in the provider’s worklist, and accepted under the version that was read', async () => {
    const slot = {
      id: '700001',
      start: new Date(Date.now() + 7 * DAY_ms).toISOString(),
      end: new Date(Date.now() + 7 * DAY_ms + 1_200_000).toISOString(),
    };
    await publish(hub(), '8001', [slot]);
    const nhsNumber = exampleNhsNumber(601);
    const ubrn = await create(hub(), nhsNumber, '8001');
    const booked = await asReferrer(
      hub(),
      'POST',
      '/Appointment',
      booking({ ubrn, version: 1, nhsNumber, service: '8001' }, slot),
    );
    expect(booked.status).to.equal(201);
    expect(await listed(hub(), 'REFERRALS_FOR_REVIEW')).to.include(ubrn);

    const path = `/ReferralRequest/${ubrn}/$ers.acceptReferral`;
    const blind = await asProvider(hub(), 'POST', path);
    expect([blind.status, errorCodeIn(blind)]).to.deep.equal([412, 'VERSION_REQUIRED']);
    const stale = await asProvider(hub(), 'POST', path, undefined, { 'if-match': 'W/"1"' });
    expect([stale.status, errorCodeIn(stale)]).to.deep.equal([409, 'VERSION_CONFLICT']);
    const read = await asProvider(hub(), 'GET', `/ReferralRequest/${ubrn}`);
    const accepted = await asProvider(hub(), 'POST', path, undefined, { 'if-match': String(read.headers['etag']) });
    expect(accepted.status).to.equal(200);
    expect(await listed(hub(), 'REFERRALS_FOR_REVIEW')).not.to.include(ubrn);
  });

  it('deferred where no slot is free is in the provider’s list of slot issues, and its system is told', async () => {
    await publish(hub(), '8002', []);
    const nhsNumber = exampleNhsNumber(602);
    const ubrn = await create(hub(), nhsNumber, '8002');
    const deferred = await asReferrer(
      hub(),
      'POST',
      '/Appointment',
      deferral({ ubrn, version: 1, nhsNumber, service: '8002' }, 'NO_SLOTS_AT_SERVICE'),
    );
    expect(deferred.status).to.equal(201);
    expect(await listed(hub(), 'APPOINTMENT_SLOT_ISSUES')).to.include(ubrn);
    const { outpatients } = hub().systems;
    const told = await eventually('the provider is told', () =>
      outpatients.door.taken.find(({ body }) => body.includes(ubrn)),
    );
    expect(told.headers['content-type']).to.match(/^application\/fhir\+json/);
    expect(told.id).to.match(/^[0-9A-F-]{36}$/);
  });

  it('is booked into one slot by one of two who ask at the same moment', async () => {
    const slot = {
      id: '700003',
      start: new Date(Date.now() + 9 * DAY_ms).toISOString(),
      end: new Date(Date.now() + 9 * DAY_ms + 1_200_000).toISOString(),
    };
    await publish(hub(), '8003', [slot]);
    const people = [exampleNhsNumber(603), exampleNhsNumber(604)];
    const ubrns = await Promise.all(people.map((nhsNumber) => create(hub(), nhsNumber, '8003')));
    const answers = await Promise.all(
      people.map((nhsNumber, index) =>
        asReferrer(
          hub(),
          'POST',
          '/Appointment',
          booking({ ubrn: ubrns[index] ?? '', version: 1, nhsNumber, service: '8003' }, slot),
        ),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0]).to.equal(201);
    expect(statuses[1]).to.be.within(400, 499);
    const list = await listed(hub(), 'REFERRALS_FOR_REVIEW');
    expect(ubrns.filter((ubrn) => list.includes(ubrn))).to.have.length(1);
  });

  it('is not shown to a provider that is no party to it', async () => {
    await publish(hub(), '8004', []);
    const ubrn = await create(hub(), exampleNhsNumber(605), '8004');
    const answer = await asProvider(hub(), 'GET', `/ReferralRequest/${ubrn}`);
    expect(answer.status).to.be.within(400, 499);
    expect(answer.body).not.to.include(exampleNhsNumber(605));
    const line = (await hub().audit()).findLast(({ action }) => action === 'read-referral');
    expect(line?.outcome).to.equal('refused');
  });

  it('created again with the same request id is the same referral', async () => {
    await publish(hub(), '8005', []);
    const { surgery } = hub().systems;
    const requestId = freshId();
    const options = {
      requestId,
      body: JSON.stringify(createReferral({ nhsNumber: exampleNhsNumber(606), services: ['8005'] })),
      token: await hub().token(surgery, ['B1101']),
      headers: sessionHeaders('REFERRING_CLINICIAN', surgery.ods),
    };
    const path = `${BASE}/ReferralRequest/$ers.createReferral`;
    const first = await surgery.client.fhir('POST', path, options);
    const second = await surgery.client.fhir('POST', path, options);
    expect(first.status).to.equal(201);
    expect([second.status, second.body]).to.deep.equal([first.status, first.body]);
  });
});
