import { expect } from 'chai';
import { book } from '../../../adapters/ereferral/adapter.ts';
import { SLOT } from '../../../adapters/ereferral/records.ts';
import { booking, deferral, PATIENTS } from '../../../examples/ereferral/examples.ts';
import * as scene from './bench.ts';

const { bodyOf, etagOf, namesOf, outcome, PATIENT, ReferralBench, SERVICE, SLOTS, ubrnOf } = scene;
const TAKEN = SLOTS[0];

describe('a booking', () => {
  it('puts the referral on the provider’s list for review and tells its system', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    expect(namesOf(await bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant))).to.deep.equal([]);
    const decision = await bench.book(ubrn, 1);
    expect(outcome(decision)).to.equal(201);
    expect(etagOf(decision)).to.equal('W/"1"');
    expect(bodyOf(decision)).to.include({ status: 'booked', start: '2026-03-20T09:00:00.000Z' });
    expect(bodyOf(decision)).to.have.nested.property(
      'incomingReferral[0].reference',
      `ReferralRequest/${ubrn}/_history/2`,
    );
    expect(namesOf(await bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant))).to.deep.equal([ubrn]);
    expect(decision.send?.[0]).to.include({ to: scene.clinic.systemId, interaction: 'fhir:ers:referral-notice' });
    expect(decision.send?.[0]?.body).to.not.contain(PATIENT);
  });

  it('sells a slot once', async () => {
    const bench = new ReferralBench();
    const first = await bench.booked();
    const second = ubrnOf(await bench.create());
    expect(outcome(await bench.book(second, 1))).to.equal('SLOT_NOT_AVAILABLE');
    expect(outcome(await bench.book(second, 1, SLOTS[1]))).to.equal(201);
    expect(bench.holderOf(TAKEN.id)).to.equal(first);
  });

  it('writes the slot at the version it was read at, so that of two at once one must decide again', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    const decision = await bench.book(ubrn, 1);
    expect(decision.records?.map(({ kind, version }) => `${kind} ${version}`)).to.deep.equal([
      'ers.referral 1',
      'ers.slot 1',
    ]);
  });

  it('is refused for a referral that has one, under a stale version, and for another patient', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    expect(outcome(await bench.book(ubrn, 2, SLOTS[1]))).to.equal('INVALID_REQUEST_STATE');
    expect(outcome(await bench.book(ubrn, 1, SLOTS[1]))).to.equal('VERSION_CONFLICT');
    const other = ubrnOf(await bench.create());
    const ids = { ubrn: other, version: 1, nhsNumber: PATIENTS.dan, service: SERVICE };
    expect(outcome(await bench.call(book, scene.doctor, booking(ids, SLOTS[1])))).to.equal('INAPPROPRIATE_VALUE');
  });

  it('is refused into a service that is not on the shortlist', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    await bench.publish([{ ...TAKEN, id: '11003001' }], '11003');
    const ids = { ubrn, version: 1, nhsNumber: PATIENT, service: '11003' };
    const decision = await bench.call(book, scene.doctor, booking(ids, { ...TAKEN, id: '11003001' }));
    expect(outcome(decision)).to.equal('INAPPROPRIATE_VALUE');
  });

  for (const [why, slot] of [
    ['begins at another time', { ...TAKEN, start: '2026-03-20T09:05:00Z' }],
    ['is another service’s', { ...TAKEN, id: '11003001' }],
    ['has passed', { id: '11002009', start: '2026-03-01T09:00:00Z', end: '2026-03-01T09:30:00Z' }],
    ['is with a clinician whom the booking does not name', { ...SLOTS[1], id: '11002008', clinician: '200000000005' }],
  ] as const) {
    it(`is refused when its slot ${why}`, async () => {
      const bench = new ReferralBench();
      await bench.publish([{ ...TAKEN, id: '11003001' }], '11003');
      const published = slot.id.startsWith('11002') && slot.id !== TAKEN.id ? [...SLOTS, slot] : SLOTS;
      const ubrn = await bench.made(published);
      expect(outcome(await bench.book(ubrn, 1, slot))).to.equal('INAPPROPRIATE_SLOT');
    });
  }
});

describe('a deferral', () => {
  it('is for a service without a free slot ahead, and puts the referral on the list of slot issues', async () => {
    const bench = new ReferralBench();
    const past = { id: '11002009', start: '2026-03-01T09:00:00Z', end: '2026-03-01T09:30:00Z' };
    const ubrn = await bench.made([past]);
    const decision = await bench.defer(ubrn, 1, 'NO_SLOTS_AT_SERVICE');
    expect(outcome(decision)).to.equal(201);
    expect(bodyOf(decision)).to.include({ status: 'proposed' }).and.not.have.property('slot');
    expect(bench.referralOf(ubrn).state).to.equal('DEFERRED_TO_PROVIDER');
    const list = await bench.worklist('APPOINTMENT_SLOT_ISSUES', scene.bookingClerk);
    expect(namesOf(list)).to.deep.equal([ubrn]);
    expect(JSON.stringify(bodyOf(list))).to.contain('NO_SLOTS_AT_SERVICE');
    expect(outcome(await bench.accept(ubrn, 2))).to.equal('INVALID_REQUEST_STATE');
    expect(outcome(await bench.reject(ubrn, 2))).to.equal('INVALID_REQUEST_STATE');
  });

  it('is refused while slots are free, or while the slot that is said to have gone is not', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    expect(outcome(await bench.defer(ubrn, 1, 'NO_SLOTS_AT_SERVICE'))).to.equal('SLOTS_CURRENTLY_AVAILABLE');
    expect(outcome(await bench.defer(ubrn, 1, 'SLOT_NOT_AVAILABLE', TAKEN.id))).to.equal('THIS_SLOT_IS_AVAILABLE');
    expect(outcome(await bench.defer(ubrn, 1, 'SLOT_NOT_AVAILABLE', '77'))).to.equal('INAPPROPRIATE_SLOT');
    expect(outcome(await bench.defer(ubrn, 1, 'BOOKING_ATTEMPT_PROBLEM'))).to.equal('INAPPROPRIATE_VALUE');
    await bench.book(ubrnOf(await bench.create()), 1);
    expect(outcome(await bench.defer(ubrn, 1, 'SLOT_NOT_AVAILABLE', TAKEN.id))).to.equal(201);
  });

  it('for triage is for services that triage, and goes to the list for review', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.made();
    expect(outcome(await bench.defer(ubrn, 1, 'TRIAGE'))).to.equal('INAPPROPRIATE_VALUE');
    await bench.publish([], '51002', scene.clinic, 'triage');
    const other = ubrnOf(await bench.create({ services: ['51002', SERVICE] }));
    const ids = { ubrn: other, version: 1, nhsNumber: PATIENT, service: '51002' };
    expect(outcome(await bench.call(book, scene.doctor, deferral(ids, 'NO_SLOTS_AT_SERVICE')))).to.equal(
      'INAPPROPRIATE_VALUE',
    );
    expect(outcome(await bench.call(book, scene.doctor, deferral(ids, 'TRIAGE')))).to.equal(201);
    const list = await bench.worklist('REFERRALS_FOR_REVIEW', scene.consultant);
    expect(namesOf(list)).to.deep.equal([other]);
    expect(JSON.stringify(bodyOf(list))).to.contain('TRIAGE_DEFERRAL');
    expect(outcome(await bench.accept(other, 2))).to.equal('INVALID_REQUEST_STATE');
  });
});

describe('a published service', () => {
  it('is its provider’s alone, and so are its slots', async () => {
    const bench = new ReferralBench();
    await bench.publish();
    expect(outcome(await bench.publish(SLOTS, SERVICE, scene.otherClinic))).to.equal('ALREADY_EXISTS');
    expect(outcome(await bench.publish(SLOTS, '22002', scene.otherClinic))).to.equal('ALREADY_EXISTS');
  });

  it('published again withdraws free slots that are no longer named, and leaves booked ones', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const later = { id: '11002003', start: '2026-03-27T09:00:00Z', end: '2026-03-27T09:30:00Z' };
    expect(outcome(await bench.publish([later]))).to.equal(200);
    const ids = [...bench.kept.values()].filter(({ kind }) => kind === SLOT).map(({ key }) => key);
    expect(ids).to.have.members([TAKEN.id, later.id]);
    await bench.publish([TAKEN, later]);
    expect(bench.holderOf(TAKEN.id)).to.equal(ubrn);
  });

  it('shows its free slots ahead, earliest first, page by page', async () => {
    const bench = new ReferralBench();
    const past = { id: '11002009', start: '2026-03-01T09:00:00Z', end: '2026-03-01T09:30:00Z' };
    await bench.publish([SLOTS[1], past, SLOTS[0]]);
    const ids = async (more: Record<string, string>) =>
      bodyOf<{ entry: { resource: { id: string; resourceType: string } }[] }>(await bench.slots(scene.doctor, more))
        .entry.filter(({ resource }) => resource.resourceType === 'Slot')
        .map(({ resource }) => resource.id);
    expect(await ids({})).to.deep.equal([SLOTS[0].id, SLOTS[1].id]);
    expect(await ids({ _count: '1', page: '2' })).to.deep.equal([SLOTS[1].id]);
    expect(outcome(await bench.slots(scene.consultant))).to.equal('FORBIDDEN');
  });
});
