import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readPermission } from '../../../adapters/scr/fhir.ts';
import { readAlert } from '../../../adapters/scr/fhir-alert.ts';
import { OVERRIDE_LASTS_MS } from '../../../adapters/scr/model.ts';
import { ACCESS, ALERT } from '../../../adapters/scr/records.ts';
import { HubError } from '../../../core/errors.ts';
import { testPerson } from '../../support/rule-bench.ts';
import * as scene from './bench.ts';

const { awayPharmacist, bodyOf, doctor, json, otherPharmacy, outcome, pharmacist, pharmacy, practice, ScrBench } =
  scene;

async function uploaded() {
  const bench = new ScrBench();
  await bench.upload('first');
  return bench;
}

describe('permission to view', () => {
  it('is needed by a pharmacy, and not by the practice that holds the record', async () => {
    const bench = await uploaded();
    expect((await bench.get('first')).answer).to.include({ code: 'PERMISSION_REQUIRED', serviceCode: '30418' });
    expect(outcome(await bench.get('first', practice, doctor))).to.equal(200);
  });

  for (const [view, result] of [
    ['Yes', 200],
    ['No', 'PERMISSION_REQUIRED'],
    ['Ask', 'PERMISSION_REQUIRED'],
  ] as const) {
    it(`given as ${view} is listed, and viewing gets ${result}`, async () => {
      const bench = await uploaded();
      expect(outcome(await bench.answer(view))).to.equal(201);
      expect(JSON.stringify(bodyOf((await bench.list()).answer))).to.contain(`"code":"${view}"`);
      expect(outcome(await bench.get('first'))).to.equal(result);
    });
  }

  it('may be recorded where the patient is asked, but store consent only at a practice', async () => {
    const bench = await uploaded();
    expect(outcome(await bench.answer('Yes', undefined, pharmacy, pharmacist))).to.equal(201);
    expect(outcome(await bench.answer('Yes', 'No', pharmacy, pharmacist))).to.equal('INTERACTION_NOT_PERMITTED');
    expect(outcome(await bench.get('first'))).to.equal(200);
  });

  it('outlives the summary that was the latest when it was given', async () => {
    const bench = await uploaded();
    await bench.answer('Yes');
    await bench.upload('second', 'first');
    expect(outcome(await bench.get('second'))).to.equal(200);
  });
});

describe('an override', () => {
  it('lets this person look though the answer is No, and tells the practice in the same decision', async () => {
    const bench = await uploaded();
    await bench.answer('No');
    const decision = await bench.override({ words: 'Found <b>collapsed</b> at the counter' });
    expect(outcome(decision)).to.equal(201);
    expect(decision.records?.map(({ kind }) => kind)).to.have.members(['scr.override', 'scr.alert']);
    expect(decision.send).to.have.length(1);
    expect(decision.send?.[0]).to.include({ to: practice.systemId, interaction: 'fhir:scr:privacy-alert' });
    expect(outcome(await bench.get('first'))).to.equal(200);
  });

  it('names the person, the patient and the coded reason in its alert, and nothing in anybody’s own words', async () => {
    const bench = await uploaded();
    await bench.override({ words: 'Found collapsed at the counter' });
    const [sent] = bench.sent;
    const event = JSON.parse(sent?.body ?? '{}');
    expect(readAlert(json(event))).to.deep.equal({
      nhsNumber: bench.patient,
      type: '2',
      reason: '5',
      claimed: { ods: 'FA565', userId: pharmacist.userId, systemId: pharmacy.systemId },
    });
    expect(sent?.body).to.not.match(/collapsed|Ramipril|trimethoprim/);
    expect(sent?.subject).to.not.contain(bench.patient);
    expect(JSON.stringify(bench.events)).to.not.contain('collapsed');
  });

  it('said twice is alerted twice, and lasts from the second time on', async () => {
    const bench = await uploaded();
    await bench.override();
    bench.now += OVERRIDE_LASTS_MS - 1;
    expect(outcome(await bench.override({ reason: '1' }))).to.equal(201);
    expect(bench.sent).to.have.length(2);
    bench.now += OVERRIDE_LASTS_MS - 1;
    expect(outcome(await bench.get('first'))).to.equal(200);
    bench.now += 1;
    expect(outcome(await bench.get('first'))).to.equal('PERMISSION_REQUIRED');
  });

  it('is for one person of one organisation', async () => {
    const bench = await uploaded();
    await bench.override();
    expect(outcome(await bench.get('first', pharmacy, scene.secondPharmacist))).to.equal('PERMISSION_REQUIRED');
    expect(outcome(await bench.get('first', otherPharmacy, awayPharmacist))).to.equal('PERMISSION_REQUIRED');
  });

  it('does not bring back a summary that the patient does not consent to', async () => {
    const bench = await uploaded();
    await bench.override();
    await bench.answer('Ask', 'No');
    expect(outcome(await bench.get('first'))).to.equal('PERMISSION_REQUIRED');
  });

  it('is kept for the practice though its system takes no alerts', async () => {
    const bench = new ScrBench([{ ...practice, receives: [] }, pharmacy]);
    await bench.upload('first');
    const decision = await bench.override();
    expect(decision.send).to.deep.equal([]);
    const kept = await bench.records.find(ALERT, 'practice', 'A83008', { limit: 10 });
    expect(kept).to.have.length(1);
  });

  for (const [type, reason] of [
    ['1', '5'],
    ['2', '4'],
    ['2', '6'],
  ]) {
    it(`of type ${type} for reason ${reason} is refused`, async () => {
      const decision = await (await uploaded()).override({ type: type ?? '', reason: reason ?? '' });
      expect(outcome(decision)).to.equal('RULE_REFUSED');
      expect(decision.send).to.equal(undefined);
    });
  }

  it('on a legal ground needs the legal activity, in an emergency the emergency one', async () => {
    const bench = await uploaded();
    const lawyer = testPerson('FA565', ['B0370', 'B0082'], { userId: '100000000005' });
    expect(outcome(await bench.override({ reason: '3' }))).to.equal('ROLE_NOT_PERMITTED');
    expect(outcome(await bench.override({ reason: '5' }, pharmacy, lawyer))).to.equal('ROLE_NOT_PERMITTED');
    expect(outcome(await bench.override({ reason: '3' }, pharmacy, lawyer))).to.equal(201);
  });

  it('in the name of another person, organisation or system is refused and nobody is told', async () => {
    const bench = await uploaded();
    for (const claim of [{ userId: '1' }, { ods: 'FQ111' }, { systemId: practice.systemId }])
      expect(outcome(await bench.override(claim))).to.equal('PARTY_MISMATCH');
    expect(bench.sent).to.deep.equal([]);
    expect(outcome(await bench.get('first'))).to.equal('PERMISSION_REQUIRED');
  });

  it('finds nothing to override where there is no summary', async () => {
    expect(outcome(await new ScrBench().override())).to.equal('NOT_FOUND');
  });
});

describe('the access list', () => {
  it('says who looked, when and why, newest first, to the practice that holds the record', async () => {
    const bench = await uploaded();
    await bench.get('first', practice, doctor);
    bench.now += 1_000;
    await bench.override();
    await bench.get('first');
    const list = bodyOf((await bench.accessList()).answer) as { entry: { resource: Record<string, unknown> }[] };
    const lines = list.entry.map(({ resource }) => JSON.stringify(resource));
    expect(lines).to.have.length(2);
    expect(lines[0]).to.contain(pharmacist.userId).and.contain('"basis","valueString":"override"');
    expect(lines[0]).to.contain('Access made in an emergency').and.contain('2026-03-02T10:00:01.000Z');
    expect(lines[1]).to.contain(doctor.userId).and.contain('"valueString":"holder"');
  });

  it('is given page by page without a line twice or missing', async () => {
    const bench = await uploaded();
    for (let i = 0; i < 7; i++) {
      bench.now += 1_000;
      await bench.get('first', practice, doctor);
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = bodyOf((await bench.accessList({ _count: '3', ...(after && { _after: after }) })).answer) as {
        link?: { url: string }[];
        entry: { resource: { recorded: string } }[];
      };
      seen.push(...page.entry.map(({ resource }) => resource.recorded));
      after = page.link?.[0]?.url.split('_after=')[1];
    } while (after !== undefined);
    expect(seen).to.have.length(7);
    expect(seen).to.deep.equal([...new Set(seen)].sort().reverse());
  });

  it('is nobody else’s to see', async () => {
    const bench = await uploaded();
    expect(outcome(await bench.accessList({}, scene.otherPractice, scene.otherDoctor))).to.equal('NOT_FOUND');
  });

  it('has no line for a look that was refused or found nothing, though the trail has', async () => {
    const bench = await uploaded();
    await bench.get('first');
    await bench.get('stale', practice, doctor);
    expect(await bench.records.list(ACCESS, { limit: 10 })).to.deep.equal([]);
    const reads = bench.events.filter(({ action }) => action === 'read-summary');
    expect(reads.map(({ outcome }) => outcome)).to.deep.equal(['refused', 'success']);
  });

  it('refuses a page size and a place that are not its own', async () => {
    const bench = await uploaded();
    for (const wrong of [{ _count: '0' }, { _count: '51' }, { _count: 'all' }, { _after: "' or 1=1" }]) {
      const asked = bench.accessList(wrong as unknown as Record<string, string>);
      const refused: HubError = await asked.then(
        () => expect.fail('it was not refused'),
        (thrown) => thrown,
      );
      expect(refused.code).to.equal('PARAMETER_INVALID');
    }
  });
});

describe('the published permission and alert requests', () => {
  const folder = new URL('../../../../shared/corpus/scr/', import.meta.url);
  const uat = 'integration-test-resources/uat';
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, folder), 'utf8'));

  before(function () {
    try {
      read('specification-examples/components/examples/SetPermission.json');
    } catch {
      console.log('      skipped: the corpus of published examples is not here');
      this.skip();
    }
  });

  it('are read, the bad ones refused', () => {
    expect(readPermission(json(read('specification-examples/components/examples/SetPermission.json'))).view).to.equal(
      'Ask',
    );
    expect(readAlert(json(read('specification-examples/components/examples/AuditEvent.json'))).claimed.ods).to.equal(
      'T10101',
    );
    const bad = [
      () => readPermission(json(read(`${uat}/set_acs/bad_request/1-nhsNumberMissing.request.json`))),
      () => readPermission(json(read(`${uat}/set_acs/bad_request/2-duplicatePermission.request.json`))),
      () => readPermission(json(read(`${uat}/set_acs/spine_error/1-nhsNumberNotFound.request.json`))),
      () => readAlert(json(read(`${uat}/send_alert/bad_request/1-missingNhsNumber.request.json`))),
      () => readAlert(json(read(`${uat}/send_alert/bad_request/3-multipleOrgEntry.request.json`))),
      () => readAlert(json(read('service-test-resources/alert/type_range.json'))),
      () => readAlert(json(read('service-test-resources/alert/subtype_range.json'))),
    ];
    for (const work of bad) expect(work).to.throw(HubError);
  });
});
