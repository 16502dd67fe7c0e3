import { expect } from 'chai';
import { WORKLIST_MAX } from '../../../adapters/ereferral/rules-worklist.ts';
import { WORKLIST_NAMES, WORKLISTS } from '../../../adapters/ereferral/states.ts';
import { PATIENTS } from '../../../examples/ereferral/examples.ts';
import * as scene from './bench.ts';

const { bodyOf, namesOf, outcome, PATIENT, ReferralBench, SERVICE, ubrnOf } = scene;

describe('a worklist', () => {
  it('follows the state of its referrals', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    const lists = async () => {
      const found: string[] = [];
      for (const name of WORKLIST_NAMES) {
        const by = WORKLISTS[name].side === 'provider' ? scene.consultant : scene.doctor;
        if (namesOf(await bench.worklist(name, by)).includes(ubrn)) found.push(name);
      }
      return found;
    };
    expect(await lists()).to.deep.equal(['AWAITING_BOOKING', 'LETTERS_OUTSTANDING']);
    await bench.book(ubrn, 1);
    expect(await lists()).to.deep.equal(['REFERRALS_FOR_REVIEW', 'LETTERS_OUTSTANDING']);
    await bench.reject(ubrn, 2);
    expect(await lists()).to.deep.equal(['LETTERS_OUTSTANDING', 'REJECTED_TRIAGE_RESPONSE']);
    await bench.book(ubrn, 3);
    await bench.accept(ubrn, 4);
    expect(await lists()).to.deep.equal(['LETTERS_OUTSTANDING']);
  });

  it('is each organisation’s own', async () => {
    const bench = new ReferralBench();
    await bench.booked();
    expect(namesOf(await bench.worklist('REFERRALS_FOR_REVIEW', scene.strangeConsultant))).to.deep.equal([]);
    expect(namesOf(await bench.worklist('LETTERS_OUTSTANDING', scene.strangeDoctor))).to.deep.equal([]);
  });

  it('of one side is not given to the other', async () => {
    const bench = new ReferralBench();
    expect(outcome(await bench.worklist('REFERRALS_FOR_REVIEW', scene.doctor))).to.equal('FORBIDDEN');
    expect(outcome(await bench.worklist('AWAITING_BOOKING', scene.consultant))).to.equal('FORBIDDEN');
    expect(outcome(await bench.worklist('AWAITING_BOOKING', scene.receptionist))).to.equal(200);
    expect(outcome(await bench.worklist('REFERRALS_FOR_REVIEW', scene.bookingClerk))).to.equal(200);
  });

  it('has rows of the published shape: patient contained, service, priority, version', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const list = bodyOf<{
      contained: { id: string }[];
      entry: { extension: { url: string; extension: { url: string }[] }[] }[];
    }>(await bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant));
    expect(list.contained.map(({ id }) => id)).to.deep.equal([`Patient-${PATIENT}`]);
    const row = list.entry[0]?.extension[0];
    expect(row?.url).to.match(/Extension-eRS-ReferralsforReview-WorkListItem-1$/);
    expect(row?.extension.map(({ url }) => url)).to.deep.equal([
      'priority',
      'specialty',
      'patient',
      'eReferralPathwayStart',
      'clinicalInfoPrinted',
      'requestContextStatus',
      'appointmentStart',
      'referralType',
      'service',
      'referralRequestVersion',
    ]);
    expect(row?.extension.at(-1)).to.deep.equal({ url: 'referralRequestVersion', valueInteger: bench.versionOf(ubrn) });
  });

  it('leaves a line in the trail for each referral shown, with its patient, and one where it shows none', async () => {
    const bench = new ReferralBench();
    const first = await bench.made();
    const second = ubrnOf(await bench.create({ nhsNumber: PATIENTS.dan }));
    const { events } = await bench.worklist('AWAITING_BOOKING', scene.doctor);
    expect([...events].sort((a, b) => ((a.patient ?? '') < (b.patient ?? '') ? -1 : 1))).to.deep.equal(
      [
        { patient: PATIENT, entity: `ers.referral/${first}` },
        { patient: PATIENTS.dan, entity: `ers.referral/${second}` },
      ].map((shown) => ({
        action: 'read-worklist',
        outcome: 'success',
        reason: 'worklist AWAITING_BOOKING',
        ...shown,
      })),
    );
    const filtered = await bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant, { service: '1' });
    expect(filtered.events).to.deep.equal([
      {
        action: 'read-worklist',
        outcome: 'success',
        entity: 'worklist/RCB/REFERRALS_FOR_REVIEW',
        reason: 'no referrals',
      },
    ]);
  });

  it('is filtered by service and specialty for providers, and not for referrers', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const asked = (filter: { service?: string; specialty?: string }) =>
      bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant, filter);
    expect(namesOf(await asked({ service: SERVICE }))).to.deep.equal([ubrn]);
    expect(namesOf(await asked({ service: '1' }))).to.deep.equal([]);
    expect(namesOf(await asked({ specialty: 'CARDIOLOGY' }))).to.deep.equal([ubrn]);
    expect(namesOf(await asked({ specialty: 'ALLERGY' }))).to.deep.equal([]);
    const refused = await bench.worklist('AWAITING_BOOKING', scene.doctor, { service: SERVICE });
    expect(outcome(refused)).to.equal('FIELD_NOT_PERMITTED');
  });

  it('is whole over many pages, and refused rather than cut short above its limit', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    const kept = bench.kept.get(`ers.referral/${ubrn}`);
    if (!kept) throw new Error('no referral');
    const add = (count: number) => {
      for (let i = 0; i < count; i++) {
        const key = String(i).padStart(12, '0');
        bench.kept.set(`ers.referral/${key}`, { ...kept, key, value: { ...bench.referralOf(ubrn), ubrn: key } });
      }
    };
    add(1_200);
    const whole = await bench.worklist('LETTERS_OUTSTANDING', scene.doctor);
    expect(new Set(namesOf(whole)).size).to.equal(1_201);
    expect(new Set(whole.events.map(({ entity }) => entity)).size).to.equal(1_201);
    add(WORKLIST_MAX);
    expect(outcome(await bench.worklist('LETTERS_OUTSTANDING', scene.doctor))).to.equal('TOO_MANY_ITEMS');
  }).timeout(20_000);
});
