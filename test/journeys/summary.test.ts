/** The journey of a summary: uploaded, found, viewed with permission or an override that the practice is told of. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { exampleNhsNumber } from '../../examples/eps/examples.ts';
import { accessPath, alert, getPath, listPath, permission, summary } from '../../examples/scr/examples.ts';
import { eventually } from '../support/eventually.ts';
import type { TestHub, TestSystem } from '../support/hub.ts';
import { errorCodeIn } from '../support/orders.ts';
import { onBothStacks } from './story.ts';

const BASE = '/summary-care-record/FHIR/R4';
const USER = '555254239107';
const VIEWER = ['B0370', 'B0020', 'B0168'];

async function upload(hub: TestHub, practice: TestSystem, nhsNumber: string): Promise<string> {
  const summaryId = randomUUID().toUpperCase();
  const answer = await practice.client.fhir('POST', `${BASE}/Bundle`, {
    body: JSON.stringify(summary({ nhsNumber, summaryId, bundleId: randomUUID(), ods: practice.ods })),
    token: await hub.token(practice, ['B0380']),
  });
  expect(answer.status).to.equal(201);
  return summaryId;
}

const view = async (hub: TestHub, viewer: TestSystem, nhsNumber: string, summaryId: string) =>
  viewer.client.fhir('GET', BASE + getPath(nhsNumber, summaryId), { token: await hub.token(viewer, VIEWER) });

async function override(hub: TestHub, viewer: TestSystem, nhsNumber: string): Promise<void> {
  const answer = await viewer.client.fhir('POST', `${BASE}/AuditEvent`, {
    body: JSON.stringify(
      alert({ alertId: randomUUID(), nhsNumber, ods: viewer.ods, userId: USER, systemId: viewer.systemId }),
    ),
    token: await hub.token(viewer, VIEWER),
  });
  expect(answer.status).to.equal(201);
}

onBothStacks('a summary', {}, (hub) => {
  it('is found by a pharmacy, and viewed once the patient permits it', async () => {
    const { surgery, pharmacy } = hub().systems;
    const nhsNumber = exampleNhsNumber(501);
    const summaryId = await upload(hub(), surgery, nhsNumber);

    const listed = await pharmacy.client.fhir('GET', BASE + listPath(nhsNumber), {
      token: await hub().token(pharmacy, VIEWER),
    });
    expect(listed.status).to.equal(200);
    expect(listed.body).to.include(summaryId);
    const before = await view(hub(), pharmacy, nhsNumber, summaryId);
    expect([before.status, errorCodeIn(before)]).to.deep.equal([403, 'PERMISSION_REQUIRED']);
    expect(before.body).not.to.include('trimethoprim');

    const asked = await pharmacy.client.fhir('POST', `${BASE}/$setPermission`, {
      body: JSON.stringify(permission(nhsNumber, 'Yes')),
      token: await hub().token(pharmacy, VIEWER),
    });
    expect(asked.status).to.equal(201);
    const after = await view(hub(), pharmacy, nhsNumber, summaryId);
    expect(after.status).to.equal(200);
    expect(after.body).to.include('Adverse reaction to trimethoprim');
  });

  it('viewed by override raises a privacy alert that is pushed to the practice, and the view is in its access list', async () => {
    const { surgery, emergency } = hub().systems;
    const nhsNumber = exampleNhsNumber(502);
    const summaryId = await upload(hub(), surgery, nhsNumber);
    expect((await view(hub(), emergency, nhsNumber, summaryId)).status).to.equal(403);
    await override(hub(), emergency, nhsNumber);
    expect((await view(hub(), emergency, nhsNumber, summaryId)).status).to.equal(200);

    const told = await eventually('the alert is pushed', () =>
      surgery.door.taken.find(({ action }) => action === 'privacy-alert'),
    );
    expect(JSON.parse(told.payload).resourceType).to.equal('AuditEvent');
    expect(told.payload).to.include(nhsNumber);
    const list = await surgery.client.fhir('GET', BASE + accessPath(nhsNumber), {
      token: await hub().token(surgery, ['B0015']),
    });
    expect(list.status).to.equal(200);
    expect(JSON.parse(list.body).entry).to.have.length(1);
    expect(list.body).to.include(emergency.ods);
  });

  it('viewed by override raises a privacy alert that waits in the mailbox of a practice without a door', async () => {
    const { village, pharmacy } = hub().systems;
    const nhsNumber = exampleNhsNumber(503);
    await upload(hub(), village, nhsNumber);
    await override(hub(), pharmacy, nhsNumber);

    const [waiting, ...others] = JSON.parse((await village.client.fhir('GET', '/mailbox')).body).messages;
    expect(others).to.deep.equal([]);
    expect(waiting.interaction).to.equal('fhir:scr:privacy-alert');
    expect(JSON.stringify(waiting)).not.to.include(nhsNumber);
    const fetched = await village.client.fhir('GET', `/mailbox/${waiting.id}`);
    expect(fetched.body).to.include(nhsNumber);
    const done = await village.client.fhir('PUT', `/mailbox/${waiting.id}/acknowledge`);
    expect(done.status).to.equal(204);
    expect(JSON.parse((await village.client.fhir('GET', '/mailbox')).body).messages).to.deep.equal([]);
  });

  it('leaves a line in the audit trail for each who looked, and for each who was refused', async () => {
    const { surgery, pharmacy } = hub().systems;
    const nhsNumber = exampleNhsNumber(504);
    const summaryId = await upload(hub(), surgery, nhsNumber);
    await view(hub(), pharmacy, nhsNumber, summaryId);
    await override(hub(), pharmacy, nhsNumber);
    await view(hub(), pharmacy, nhsNumber, summaryId);

    const lines = await hub().store.auditForPatient(nhsNumber, { limit: 100 });
    const seen = lines
      .sort((a, b) => a.seq - b.seq)
      .map(({ action, outcome, user, ods }) => [action, outcome, user, ods]);
    expect(seen).to.deep.equal([
      ['upload-summary', 'success', USER, surgery.ods],
      ['read-summary', 'refused', USER, pharmacy.ods],
      ['override', 'success', USER, pharmacy.ods],
      ['read-summary', 'success', USER, pharmacy.ods],
    ]);
  });
});
