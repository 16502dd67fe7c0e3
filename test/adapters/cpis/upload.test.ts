/** A local authority's file: a result for each record, and nothing more or less kept than the file says. */
import { expect } from 'chai';
import { at, attribute, child, children } from '../../../schemas/xml-read.ts';
import {
  amy,
  ben,
  council,
  guid,
  keptPlans,
  known,
  mother,
  otherCouncil,
  plan,
  refusal,
  seed,
  send,
  startBench,
  view,
} from './story.ts';

describe('a local authority upload', () => {
  it('takes every kind of plan, the unborn child on the mother’s number', async () => {
    const bench = startBench();
    const result = await send(bench, [
      plan(amy),
      plan(ben, { kind: 'LAC' }),
      plan(mother, { kind: 'UCP', dueDate: '20260501', start: '20260101' }),
    ]);
    expect(result.file).to.equal('CPF02');
    expect(result.records).to.deep.equal(['CPR06', 'CPR06', 'CPR06']);
    expect(keptPlans(bench).map(({ value }) => (value as { kind: string }).kind)).to.have.members([
      'CPP',
      'LAC',
      'UCP',
    ]);
    expect((await view(bench, mother)).plans).to.have.length(1);
  });

  it('takes the good records of a file and returns the others, each with its own reason', async () => {
    const gone = { nhsNumber: '9990000042', familyName: 'Old', birthDate: '20150101' };
    const hidden = { nhsNumber: '9990000050', familyName: 'Hidden', birthDate: '20150102' };
    const bench = startBench(known(gone, { supersededBy: '9990000069' }), known(hidden, { sensitive: true }));
    const result = await send(bench, [
      plan(amy),
      plan({ ...ben, familyName: 'Other' }),
      plan(hidden),
      plan({ ...amy, nhsNumber: '9990000019' }),
      plan({ ...amy, nhsNumber: 'ABC/1234' }),
      plan(gone),
      plan(ben, { start: '20260231' }),
    ]);
    expect(result.file).to.equal('CPF03');
    expect(result.records).to.deep.equal(['CPR06', 'CPR01', 'CPR02', 'CPR03', 'CPR04', 'CPR05', 'CPR07']);
    expect(keptPlans(bench)).to.have.length(1);
    const returned = children(result.root, 'recordResult').map((one) =>
      attribute(at(one, 'failedRecord/nhsNumber'), 'value'),
    );
    expect(returned[0]).to.equal(undefined);
    expect(returned[4]).to.equal('ABC/1234');
    expect(result.decision.events.map(({ outcome }) => outcome)).to.have.length(8);
  });

  it('never says the new number of a superseded one', async () => {
    const bench = startBench(known(amy, { supersededBy: '9990000069' }));
    const { decision } = await send(bench, [plan(amy)]);
    expect(JSON.stringify(decision)).not.to.contain('9990000069');
  });

  it('tells somebody who does not know the child no more than that there is no match', async () => {
    const bench = startBench(known(amy, { sensitive: true }), known(ben, { invalidated: true }));
    const wrong = [plan({ ...amy, birthDate: '20180515' }), plan({ ...ben, familyName: 'Guess' })];
    expect((await send(bench, wrong)).records).to.deep.equal(['CPR01', 'CPR01']);
  });

  it('matches a family name through case, accents, hyphens and apostrophes', async () => {
    const result = await send(startBench(), [
      plan({ ...ben, familyName: 'OHARA LEE' }),
      plan({ ...mother, familyName: 'bronte' }, { kind: 'UCP', dueDate: '20260501' }),
    ]);
    expect(result.records).to.deep.equal(['CPR06', 'CPR06']);
  });

  it('is one file with none in when nothing matches', async () => {
    const result = await send(startBench(), [plan({ ...amy, familyName: 'Nobody' })]);
    expect(result.file).to.equal('CPF04');
  });

  it('qualifies a record that is wrong in itself', async () => {
    const result = await send(startBench(), [
      plan(amy, { end: '20250531' }),
      plan(amy, { end: 'soon' }),
      plan(amy, { deleted: '2026' }),
      plan(amy, { kind: 'LAC', deleted: '20260101' }),
      plan(mother, { kind: 'UCP' }),
    ]);
    expect(new Set(result.records)).to.deep.equal(new Set(['CPR07']));
    const details = children(result.root, 'recordResult').map((one) => attribute(child(one, 'detail'), 'code'));
    expect(details).to.deep.equal(['END_DATE', 'END_DATE', 'DELETE_DATE', 'PLAN_UNKNOWN', 'DUE_DATE']);
  });

  it('refuses a sequence number it has taken, or a lower one, and changes nothing', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)], { sequence: 7 });
    for (const sequence of [7, 6]) {
      const again = await send(bench, [plan(ben)], { sequence });
      expect(again.file).to.equal('CPF01');
      expect(again.sequence).to.equal(String(sequence));
      expect(again.records).to.deep.equal([]);
      expect(again.decision.records ?? []).to.deep.equal([]);
    }
    expect((await send(bench, [plan(ben)], { sequence: 9 })).file).to.equal('CPF02');
  });

  it('counts the sequence of each authority by itself', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)], { sequence: 7 });
    expect((await send(bench, [plan(amy)], { sequence: 1, from: otherCouncil })).file).to.equal('CPF02');
    expect((await view(bench, amy)).plans).to.have.length(2);
  });

  it('echoes -1 where the sequence number cannot be read', async () => {
    const result = await send(startBench(), [plan(amy)], { sequence: 'seven' });
    expect([result.file, result.sequence]).to.deep.equal(['CPF01', '-1']);
  });

  it('refuses a file that does not hold as many records as it says', async () => {
    expect((await send(startBench(), [plan(amy)], { quantity: 2 })).file).to.equal('CPF01');
  });

  it('refuses a file in another authority’s name', async () => {
    const work = send(startBench(), [plan(amy)], { ods: otherCouncil.ods });
    expect(await refusal(work)).to.equal('PARTY_MISMATCH');
  });

  it('leaves a child alone who is not in the next file', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(ben)], { sequence: 1 });
    await send(bench, [plan(ben)], { sequence: 2 });
    expect((await view(bench, amy)).plans[0]).to.include({ status: 'active' });
  });

  it('ends a plan with its end date, and takes it back when the date goes', async () => {
    const bench = startBench();
    await send(bench, [plan(amy)], { sequence: 1 });
    await send(bench, [plan(amy, { end: '20260101' })], { sequence: 2 });
    expect((await view(bench, amy)).plans[0]).to.include({ status: 'inactive' });
    await send(bench, [plan(amy)], { sequence: 3 });
    expect((await view(bench, amy)).plans[0]).to.include({ status: 'active' });
    expect(keptPlans(bench)).to.have.length(1);
  });

  it('hides a deleted plan at once, where an ended one is still shown', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(ben)], { sequence: 1 });
    await send(bench, [plan(amy, { deleted: '20260301' }), plan(ben, { end: '20260228' })], { sequence: 2 });
    expect((await view(bench, amy)).plans).to.deep.equal([]);
    expect((await view(bench, ben)).plans).to.have.length(1);
  });

  it('writes a plan once, though a file speaks of it twice', async () => {
    const bench = startBench();
    const { decision, records } = await send(bench, [plan(amy), plan(amy, { id: guid(99), end: '20260201' })]);
    expect(records).to.deep.equal(['CPR06', 'CPR06']);
    expect(decision.records?.filter(({ kind }) => kind === 'cpis.plan')).to.have.length(1);
    expect((await view(bench, amy)).plans[0]).to.include({ status: 'inactive' });
  });

  it('takes 2,000 records in one decision', async () => {
    const bench = startBench();
    const many = Array.from({ length: 2_000 }, (_, index) => plan(amy, { id: guid(index), start: dayNumber(index) }));
    const result = await send(bench, many);
    expect(result.file).to.equal('CPF02');
    expect(keptPlans(bench)).to.have.length(2_000);
  });

  it('reports counts by kind, and no child', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(ben, { kind: 'LAC' }), plan({ ...amy, familyName: 'Nobody' })]);
    expect(bench.facts).to.deep.equal([
      { kind: 'plan-uploaded', attributes: { records: 3, LAC: 1, CPP: 1, UCP: 0, deleted: 0, refused: 1 } },
    ]);
  });

  it('names in the audit the child of a record that is in, and nobody for one that is not', async () => {
    const bench = startBench();
    seed(bench, known(ben, { sensitive: true }));
    await send(bench, [plan(amy), plan(ben)]);
    const lines = bench.events.filter(({ action }) => action === 'upload-plan');
    expect(lines.map(({ patient }) => patient)).to.deep.equal([amy.nhsNumber, undefined]);
    expect(JSON.stringify(lines[1])).not.to.contain(ben.nhsNumber);
    expect(council.ods).to.equal('301');
  });
});

/** Distinct days from 2000 on. */
const dayNumber = (index: number): string =>
  new Date(Date.UTC(2020, 0, 1 + index)).toISOString().slice(0, 10).replaceAll('-', '');
