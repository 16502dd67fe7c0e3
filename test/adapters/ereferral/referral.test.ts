import { expect } from 'chai';
import { create, ereferral } from '../../../adapters/ereferral/adapter.ts';
import { readCreate } from '../../../adapters/ereferral/fhir.ts';
import { ubrnCheckDigit } from '../../../adapters/ereferral/identifiers.ts';
import { HubError } from '../../../core/errors.ts';
import { badReferrals, rejection, sessionHeaders } from '../../../examples/ereferral/examples.ts';
import * as scene from './bench.ts';

const ERROR_CODES = 'https://fhir.nhs.uk/STU3/CodeSystem/eRS-APIErrorCode-1';
const { bodyOf, etagOf, json, outcome, PATIENT, ReferralBench, SERVICE, ubrnOf } = scene;

describe('a referral', () => {
  it('is made with a shortlist, under a new booking reference, and sent to nobody by that', async () => {
    const bench = new ReferralBench();
    await bench.publish();
    const decision = await bench.create();
    expect(outcome(decision)).to.equal(201);
    expect(etagOf(decision)).to.equal('W/"1"');
    const ubrn = ubrnOf(decision);
    expect(ubrn).to.match(/^\d{12}$/);
    expect(ubrnCheckDigit(ubrn.slice(0, 11))).to.equal(Number(ubrn[11]));
    expect(decision.send ?? []).to.deep.equal([]);
    expect(outcome(await bench.read(ubrn, scene.consultant))).to.equal('NO_RELATIONSHIP');
    expect(JSON.stringify(bodyOf(decision)))
      .to.contain('"code":"NOT_BOOKED"')
      .and.contain('Cardiology clinic');
  });

  it('has the same booking reference when the same message is decided again, and another for another message', async () => {
    const bench = new ReferralBench();
    await bench.publish();
    const twin = new ReferralBench();
    await twin.publish();
    const first = ubrnOf(await bench.create());
    expect(ubrnOf(await twin.create())).to.equal(first);
    expect(ubrnOf(await bench.create())).to.not.equal(first);
  });

  it('takes the next reference where one is taken', async () => {
    const bench = new ReferralBench();
    await bench.publish();
    const messageId = 'ABCDEF01-0000-4000-8000-000000000001';
    const body = (await import('../../../examples/ereferral/examples.ts')).createReferral({
      nhsNumber: PATIENT,
      services: [SERVICE],
    });
    const asked = () =>
      bench.ask(create, { ...scene.doctor, parameters: scene.doctor.headers, document: json(body), messageId });
    const first = ubrnOf(await asked());
    expect(ubrnOf(await asked())).to.not.equal(first);
  });

  it('is read by its referrer, and by the provider once it is sent there', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    for (const by of [scene.doctor, scene.secretary, scene.consultant, scene.assistant]) {
      const decision = await bench.read(ubrn, by);
      expect(outcome(decision)).to.equal(200);
      expect(etagOf(decision)).to.equal('W/"2"');
      expect(bodyOf(decision)).to.have.nested.property('meta.versionId', '2');
    }
  });

  it('shows nothing to an organisation that is no party to it', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    for (const by of [scene.strangeDoctor, scene.strangeConsultant]) {
      const { answer, events } = await bench.read(ubrn, by);
      expect(answer).to.include({ kind: 'refused', code: 'RULE_UNPROCESSABLE', serviceCode: 'NO_RELATIONSHIP' });
      expect(JSON.stringify(answer)).to.not.contain(PATIENT);
      expect(events[0].outcome).to.equal('refused');
    }
    expect(outcome(await bench.accept(ubrn, 2, scene.strangeConsultant))).to.equal('NO_RELATIONSHIP');
    expect(outcome(await bench.read('000000000000'))).to.equal('NOT_FOUND');
  });

  it('cannot be sent by one side in the name of the other', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const pretender = { ...scene.consultant, headers: sessionHeaders('REFERRING_CLINICIAN', 'RCB') };
    expect(outcome(await bench.book(ubrn, 2, undefined, pretender))).to.equal('FORBIDDEN');
  });

  for (const [why, code, more] of [
    ['a service is twice on the shortlist', 'DUPLICATE_SERVICE', { services: [SERVICE, SERVICE] }],
    ['a service is not known', 'REFERENCE_NOT_FOUND', { services: ['99999'] }],
    ['the search would not have found the service', 'SHORTLISTED_SERVICE_NOT_IN_RESULTS', { clinicType: 'LIPIDS' }],
    ['the service has another specialty', 'SHORTLISTED_SERVICE_NOT_IN_RESULTS', { specialty: 'ALLERGY' }],
    ['the shortlist is too long', 'TOO_MANY_ITEMS', { services: Array.from({ length: 21 }, (_, i) => `${i + 1}`) }],
    ['the pathway starts in the future', 'INAPPROPRIATE_VALUE', { pathwayStart: '2026-03-02T10:00:00.001Z' }],
    ['the pathway started too long ago', 'INAPPROPRIATE_VALUE', { pathwayStart: '2025-03-02T09:59:59Z' }],
  ] as const) {
    it(`is refused when ${why}`, async () => {
      const bench = new ReferralBench();
      await bench.publish();
      const decision = await bench.create(more);
      expect(outcome(decision)).to.equal(code);
      expect(decision.answer).to.include({ code: 'RULE_UNPROCESSABLE' });
      expect(decision.answer).to.nested.include({ 'coding.system': ERROR_CODES, 'coding.code': code });
      expect(decision.records).to.equal(undefined);
    });
  }

  it('by an administrator names its clinician', async () => {
    const bench = new ReferralBench();
    await bench.publish();
    expect(outcome(await bench.create({}, scene.secretary))).to.equal('VALUE_IS_REQUIRED');
    expect(outcome(await bench.create({ clinician: '200000000001' }, scene.secretary))).to.equal(201);
  });

  for (const { fault, seenBy, body } of badReferrals({ nhsNumber: PATIENT, services: [SERVICE] })) {
    if (seenBy === 'schema') continue;
    it(`is refused before any rule when it has ${fault}, saying where and not what was sent`, () => {
      let refused: unknown;
      try {
        readCreate(json(body), { parameters: {} } as Parameters<typeof readCreate>[1]);
      } catch (thrown) {
        refused = thrown;
      }
      if (!(refused instanceof HubError)) throw new Error('it was not refused');
      expect(refused.details.serviceCode).to.be.oneOf([
        'MISSING_VALUE',
        'INVALID_VALUE',
        'INVALID_CODE',
        'UNEXPECTED_FIELD',
      ]);
      expect(refused.details['coding']).to.include({ system: ERROR_CODES, code: refused.details.serviceCode });
      expect(refused.details['status']).to.equal(422);
      expect(JSON.stringify(refused.details)).to.not.contain('99900000');
    });
  }
});

describe('a session', () => {
  it('needs a business function that the role permits, at every endpoint that takes one', () => {
    for (const { id, senders } of ereferral.interactions)
      if (id !== 'fhir:ers:publish-service')
        expect(senders, id).to.include({ person: 'token' }).and.have.property('activities').that.is.not.empty;
  });

  const headers = (name: string, ods = 'A83008', forWhom?: string) => sessionHeaders(name, ods, forWhom);
  for (const [why, by] of [
    ['names no function', { ...scene.doctor, headers: {} }],
    ['names a function that is none', { ...scene.doctor, headers: headers('DOCTOR') }],
    ['names a function that is a name of every object', { ...scene.doctor, headers: headers('constructor') }],
    [
      'names a function that the role does not permit',
      { ...scene.receptionist, headers: headers('REFERRING_CLINICIAN') },
    ],
    ['names a function that the endpoint does not take', scene.receptionist],
    ['names another organisation', { ...scene.doctor, headers: headers('REFERRING_CLINICIAN', 'B86010') }],
    ['comes with a person of another organisation', { ...scene.doctor, person: scene.strangeDoctor.person }],
    [
      'is on behalf of somebody where it may not',
      { ...scene.doctor, headers: headers('REFERRING_CLINICIAN', 'A83008', '1') },
    ],
  ] as const) {
    it(`that ${why} is refused`, async () => {
      const bench = new ReferralBench();
      await bench.publish();
      const decision = await bench.create({}, by);
      expect(outcome(decision)).to.equal('FORBIDDEN');
      expect(decision.answer).to.deep.include({
        coding: { system: ERROR_CODES, code: 'FORBIDDEN', display: 'Forbidden' },
      });
      expect(decision.events[0].outcome).to.equal('refused');
    });
  }

  it('of a provider’s administrator is always on behalf of a clinician, who is in the trail', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const alone = { ...scene.assistant, headers: headers('SERVICE_PROVIDER_CLINICIAN_ADMIN', 'RCB') };
    expect(outcome(await bench.accept(ubrn, 2, alone))).to.equal('FORBIDDEN');
    const decision = await bench.accept(ubrn, 2, scene.assistant);
    expect(outcome(decision)).to.equal(200);
    expect(decision.events[0].reason).to.equal('on behalf of 200000000005');
  });
});

describe('a rejection', () => {
  it('gives the referral back with its reason, and frees the slot', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    const body = rejection('FURTHER_INFORMATION_REQUIRED', 'Please send the <i>ECG</i>');
    const decision = await bench.reject(ubrn, 2, scene.consultant, body);
    expect(outcome(decision)).to.equal(200);
    expect(etagOf(decision)).to.equal('W/"3"');
    expect(JSON.stringify(bodyOf(decision)))
      .to.contain('"code":"REJECTED"')
      .and.contain('Please send the <i>ECG</i>');
    expect(JSON.stringify([bench.events, bench.facts, bench.sent])).to.not.contain('ECG');
    expect(bodyOf(await bench.slots())['total']).to.equal(2);
    expect(outcome(await bench.book(ubrn, 3))).to.equal(201);
    expect(JSON.stringify(bodyOf(await bench.read(ubrn)))).to.not.contain('ECG');
  });

  for (const [why, code, body] of [
    ['its reason is no rejection reason', 'INVALID_CODE', rejection('PATIENT_HOLIDAY')],
    ['its reason is a name of every object', 'INVALID_CODE', rejection('toString')],
    ['its comment is too long', 'INVALID_VALUE', rejection('OTHER', 'x'.repeat(2_001))],
    ['it speaks of another booking system', 'FIELD_NOT_PERMITTED', rejection('OTHER', undefined, true)],
  ] as const) {
    it(`is refused when ${why}`, async () => {
      const bench = new ReferralBench();
      const ubrn = await bench.booked();
      expect(outcome(await bench.reject(ubrn, 2, scene.consultant, body))).to.equal(code);
      expect(bench.versionOf(ubrn)).to.equal(2);
    });
  }

  it('tells the referrer, as an acceptance does, without saying whose referral it is', async () => {
    for (const [move, notice] of [
      ['reject', 'REJECTED'],
      ['accept', 'ACCEPTED'],
    ] as const) {
      const bench = new ReferralBench();
      const ubrn = await bench.booked();
      await bench[move](ubrn, 2);
      expect(bench.sent.map(({ to }) => to)).to.deep.equal([scene.clinic.systemId, scene.surgery.systemId]);
      const [, told] = bench.sent;
      expect(told?.body).to.contain(notice).and.contain(ubrn).and.not.contain(PATIENT);
      expect(told?.orderKey).to.equal(ubrn);
    }
  });

  it('and an acceptance leave a fact with the outcome and the days waited', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    bench.now += 3 * 24 * 60 * 60 * 1_000;
    await bench.accept(ubrn, 2);
    expect(bench.facts.map(({ kind }) => kind)).to.deep.equal([
      'referral-created',
      'referral-sent',
      'referral-decided',
    ]);
    expect(bench.facts[2]?.attributes).to.deep.equal({
      priority: 'ROUTINE',
      specialty: 'CARDIOLOGY',
      referrer: 'A83008',
      provider: 'RCB',
      outcome: 'ACCEPTED',
      daysWaited: 3,
    });
  });
});
