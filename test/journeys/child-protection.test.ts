/** The journey of a child protection plan: uploaded, seen in an emergency, and its authority told exactly once. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { freshId } from '../support/orders.ts';
import { child, look, meet, noticesOf, uploadPlan, visitsOf } from './plans.ts';
import { onBothStacks } from './story.ts';

const QUIET_ms = 300;

onBothStacks('a child protection plan', {}, (hub) => {
  it('uploaded by its authority is seen by an emergency department, with the authority’s telephones', async () => {
    const person = child(701);
    await meet(hub(), person);
    const uploaded = await uploadPlan(hub(), person);
    expect(uploaded.status).to.equal(200);
    expect(uploaded.body).to.include('CPF02').and.to.include('CPR06');

    const seen = await look(hub(), person);
    expect(seen.status).to.equal(200);
    const bundle = JSON.parse(seen.body);
    expect(bundle.total).to.equal(1);
    expect(bundle.entry[0].resource.resourceType).to.equal('CareTeam');
    expect(seen.body).to.include('01632 960999');
  });

  it('seen at an unscheduled visit is told to its authority exactly once, however often the question is repeated', async () => {
    const person = child(702);
    await meet(hub(), person);
    await uploadPlan(hub(), person);
    const requestId = freshId();
    const answers = await Promise.all([1, 2, 3].map(() => look(hub(), person, { requestId })));
    answers.push(await look(hub(), person, { requestId }));

    expect(new Set(answers.map(({ body }) => body)).size).to.equal(1);
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 200, 200, 200]);
    const track = await hub().settled(requestId);
    expect(track.deliveries).to.have.length(1);
    await pass(QUIET_ms);
    expect(noticesOf(hub(), person)).to.have.length(1);
    expect(await visitsOf(hub(), person)).to.have.length(1);
  });

  it('seen again at another visit is told again, and the answer carries the visit before', async () => {
    const person = child(703);
    await meet(hub(), person);
    await uploadPlan(hub(), person);
    await look(hub(), person);
    const second = await look(hub(), person);
    const kinds = JSON.parse(second.body).entry.map((entry: { resource: { resourceType: string } }) => entry.resource);
    expect(kinds.map(({ resourceType }: { resourceType: string }) => resourceType)).to.deep.equal([
      'CareTeam',
      'AuditEvent',
    ]);
    await eventually('both notices arrive', () => noticesOf(hub(), person).length === 2);
  });

  it('read silently leaves no visit and no notice, but a line in the audit trail', async () => {
    const person = child(704);
    await meet(hub(), person);
    await uploadPlan(hub(), person);
    const silent = [
      await look(hub(), person, { unscheduled: 'false' }),
      await look(hub(), person, { activity: 'B0170', unscheduled: 'false' }),
    ];
    expect(silent.map(({ status }) => status)).to.deep.equal([200, 200]);
    await pass(QUIET_ms);
    expect(noticesOf(hub(), person)).to.deep.equal([]);
    expect(await visitsOf(hub(), person)).to.deep.equal([]);
    const lines = await hub().store.auditForPatient(person.nhsNumber, { limit: 100 });
    const views = lines.filter(({ action }) => action === 'view-child-protection');
    expect(views.map(({ reason }) => reason)).to.deep.equal(['silent', 'silent']);
  });

  it('whose authority is away is told when it comes back, once', async () => {
    const person = child(705);
    await meet(hub(), person);
    await uploadPlan(hub(), person);
    const { door } = hub().systems.authority;
    await door.away();
    const requestId = freshId();
    expect((await look(hub(), person, { requestId })).status).to.equal(200);
    await eventually('an attempt fails', async () => (await hub().track(requestId)).deliveries[0]?.attempts === 1);
    expect(noticesOf(hub(), person)).to.deep.equal([]);
    await door.back();
    await hub().settled(requestId);
    await pass(QUIET_ms);
    expect(noticesOf(hub(), person)).to.have.length(1);
  });
});
