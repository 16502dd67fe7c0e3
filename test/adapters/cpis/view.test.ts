/** A view of a child's plans: what is shown, and that a visit is kept and told once, or not at all. */
import { expect } from 'chai';
import { viewPlans } from '../../../adapters/cpis/adapter.ts';
import { badSearches, careTeamSearch } from '../../../examples/cpis/examples.ts';
import { testPerson } from '../../support/rule-bench.ts';
import {
  amy,
  ben,
  council,
  emergency,
  healthVisitor,
  keptVisits,
  known,
  NOTICE,
  noticeOf,
  nurse,
  otherCouncil,
  plan,
  refusal,
  seed,
  send,
  startBench,
  view,
  visits,
} from './story.ts';

const HOUR_ms = 60 * 60 * 1_000;

describe('a view of child protection plans', () => {
  it('carries the kind of plan, its period and the authority’s two telephones', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)], { name: 'Exampleshire & District' });
    const { bundle, plans } = await view(bench, amy);
    expect(bundle).to.include({ resourceType: 'Bundle', total: 1 });
    expect(plans[0]).to.deep.include({
      status: 'active',
      name: 'Exampleshire & District',
      period: { start: '2025-06-01' },
      category: [
        {
          coding: [
            { system: 'http://snomed.info/sct', code: '342191000000101', display: 'Subject to child protection plan' },
          ],
        },
      ],
    });
    const telecom = (plans[0]?.['telecom'] ?? []) as { value: string; extension: { valueString: string }[] }[];
    const telephones = telecom.map(({ value, extension }) => `${extension[0]?.valueString}: ${value}`);
    expect(telephones).to.deep.equal(['Office hours: 01632 960100', 'Emergency duty team: 01632 960999']);
  });

  it('keeps the visit and tells the authority in one decision', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    const { decision } = await view(bench, amy);
    expect(decision.records?.map(({ kind }) => kind)).to.deep.equal(['cpis.visit']);
    expect(decision.send?.map(({ to, interaction }) => [to, interaction])).to.deep.equal([[council.systemId, NOTICE]]);
    expect(noticeOf(decision.send?.[0]?.body ?? '')).to.deep.equal({
      patient: amy.nhsNumber,
      user: nurse.userId,
      organisation: 'RXX01',
      time: '20260302100000+0000',
      plans: ['CPP'],
    });
  });

  it('names no patient on the outside of a notice', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    await view(bench, amy);
    const [{ body: _body, ...outside } = { body: '' }] = bench.sent;
    expect(JSON.stringify(outside)).not.to.contain(amy.nhsNumber);
    expect(JSON.stringify(outside)).not.to.contain(amy.familyName);
  });

  it('notifies when the flag is left out, for left out means unscheduled', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    await view(bench, amy);
    await view(bench, amy, { flag: 'true' });
    expect(bench.sent).to.have.length(2);
  });

  it('leaves neither visit nor notice behind a silent read', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    const { plans, decision } = await view(bench, amy, { flag: 'false' });
    expect(plans).to.have.length(1);
    expect([keptVisits(bench), bench.sent]).to.deep.equal([[], []]);
    expect(decision.events[0]).to.include({ patient: amy.nhsNumber, reason: 'silent' });
  });

  it('is silent for a role that views without notifying, which may not claim an unscheduled visit', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    expect((await view(bench, amy, { person: healthVisitor })).plans).to.have.length(1);
    expect([keptVisits(bench), bench.sent]).to.deep.equal([[], []]);
    expect(await refusal(view(bench, amy, { person: healthVisitor, flag: 'true' }))).to.equal('ROLE_NOT_PERMITTED');
    expect(await refusal(view(bench, amy, { person: testPerson('RXX01', ['B0264']) }))).to.equal('ROLE_NOT_PERMITTED');
  });

  it('shows the previous visits, not the one it records', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    expect((await view(bench, amy)).previous).to.have.length(0);
    bench.now += HOUR_ms;
    const { previous, bundle } = await view(bench, amy);
    expect(previous.map((visit) => visit['recorded'])).to.deep.equal(['2026-03-02T10:00:00.000Z']);
    expect(bundle.total).to.equal(1);
  });

  it('shows the 25 latest visits of anywhere, newest first, and none of another child', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(ben)]);
    await view(bench, ben);
    for (let count = 0; count < 30; count++) {
      bench.now += HOUR_ms;
      await view(bench, amy, { person: testPerson(count % 2 ? 'RXX02' : 'RXX01', ['B0107']) });
    }
    const { previous } = await view(bench, amy, { flag: 'false' });
    expect(previous).to.have.length(25);
    const times = previous.map((visit) => String(visit['recorded']));
    expect(times).to.deep.equal([...times].sort().reverse());
    expect(times[0]).to.equal('2026-03-03T16:00:00.000Z');
  });

  it('reads past visits without making one, and leaves out the visit of the same opening', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    await view(bench, amy, { traceId: 'earlier' });
    bench.now += HOUR_ms;
    await view(bench, amy, { traceId: 'now' });
    const { previous, decision } = await visits(bench, amy, { traceId: 'now' });
    expect(previous.map((visit) => visit['recorded'])).to.deep.equal(['2026-03-02T10:00:00.000Z']);
    expect([decision.records, decision.send]).to.deep.equal([undefined, undefined]);
    expect(decision.events[0].patient).to.equal(amy.nhsNumber);
    expect(keptVisits(bench)).to.have.length(2);
  });

  it('includes who looked where the reader asks for it', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    await view(bench, amy);
    expect((await visits(bench, amy)).roles).to.have.length(0);
    const { roles } = await visits(bench, amy, { include: 'AuditEvent:agent' });
    expect(roles.map((role) => role['id'])).to.deep.equal([nurse.roleId]);
  });

  it('tells each authority once, however many of its plans were shown', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(amy, { kind: 'LAC' })]);
    await send(bench, [plan(amy)], { from: otherCouncil });
    const { decision } = await view(bench, amy);
    expect(decision.send?.map(({ to }) => to)).to.have.members([council.systemId, otherCouncil.systemId]);
    expect(bench.sent).to.have.length(2);
  });

  it('tells another system of the authority when the one that uploaded is gone', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    const next = { ...council, systemId: '200999999999' };
    bench.systems.splice(bench.systems.indexOf(council), 1, { ...council, status: 'revoked', receives: [] }, next);
    await view(bench, amy);
    expect(bench.sent.map(({ to }) => to)).to.deep.equal([next.systemId]);
  });

  it('is the same decision for the same message, so that a repeat is the same visit', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    const first = await view(bench, amy, { messageId: 'AAAAAAAA-0000-4000-8000-000000000001' });
    const repeat = await refusal(view(bench, amy, { messageId: 'AAAAAAAA-0000-4000-8000-000000000001' }));
    expect(repeat).to.match(/stale write of cpis.visit/);
    expect(first.decision.send).to.have.length(1);
  });

  it('answers an empty searchset where there is no plan, and leaves no visit', async () => {
    const bench = startBench();
    const { bundle, decision } = await view(bench, amy);
    expect(bundle).to.deep.include({ resourceType: 'Bundle', total: 0 });
    expect(bundle).not.to.have.property('entry');
    expect([decision.records, decision.send]).to.deep.equal([undefined, undefined]);
    expect(decision.events[0]).to.include({ patient: amy.nhsNumber, reason: 'no-plan' });
  });

  it('shows nothing of a child who has become sensitive or whose number was withdrawn', async () => {
    for (const flag of [{ sensitive: true }, { invalidated: true }]) {
      const bench = startBench();
      await send(bench, [plan(amy)]);
      await view(bench, amy);
      seed(bench, known(amy, flag));
      const { bundle, decision } = await view(bench, amy);
      expect([bundle.total, decision.send]).to.deep.equal([0, undefined]);
      expect((await visits(bench, amy)).previous).to.deep.equal([]);
    }
  });

  it('reports that it was seen and whether it was told, for the child to be pseudonymised', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)]);
    await view(bench, amy);
    await view(bench, amy, { flag: 'false' });
    expect(bench.facts.slice(1)).to.deep.equal([
      { kind: 'child-protection-viewed', patient: amy.nhsNumber, attributes: { plans: 1, notified: true } },
      { kind: 'child-protection-viewed', patient: amy.nhsNumber, attributes: { plans: 1, notified: false } },
    ]);
  });

  it('refuses a search that names no patient clearly', async () => {
    const bench = startBench();
    for (const { what, parameters } of badSearches) {
      const code = await refusal(bench.ask(viewPlans, { from: emergency, person: nurse, parameters }));
      expect(code, what).to.match(/^(PARAMETER|NHS_NUMBER)_INVALID$/);
    }
    expect(
      await refusal(bench.ask(viewPlans, { from: emergency, parameters: careTeamSearch(amy.nhsNumber) })),
    ).to.equal('PERSON_REQUIRED');
  });
});
