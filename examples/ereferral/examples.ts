/** The messages of a referral's life, good and bad, in the order in which the contract suite tells them. */
import type { RecordWrite } from '../../core/decision.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { MessageExample } from '../example.ts';
import { keptReferral, keptSlot } from './kept.ts';
import {
  badReferrals,
  booking,
  cardiology,
  createReferral,
  deferral,
  PATIENTS,
  type ReferralIds,
  rejection,
  sessionHeaders,
  worklist,
} from './messages.ts';

export * from './kept.ts';
export * from './messages.ts';

const surgery = { kind: 'general-practice', ods: 'A83008' } as const;
const otherSurgery = { kind: 'general-practice', ods: 'B86010' } as const;
const clinic = { kind: 'outpatient-booking', ods: 'RCB' } as const;
const otherClinic = { kind: 'outpatient-booking', ods: 'RJ1' } as const;

const CARDIOLOGY = '11002';
const TRIAGE = '11003';
const slotAt = (id: string, day: string) => ({ id, start: `${day}T09:00:00Z`, end: `${day}T09:30:00Z` });
const [monday, tuesday] = [slotAt('11002001', '2026-03-23'), slotAt('11002002', '2026-03-24')];
const [taken, alsoTaken] = [slotAt('11002003', '2026-03-25'), slotAt('11002004', '2026-03-26')];

/** Booking references: two referrals to send, two that wait for the clinic, one that is not there. */
const [toBook, toTriage, toAccept, toReject, unknown] = [1, 2, 3, 4, 5].map((last) => `00000000000${last}`) as [
  string,
  string,
  string,
  string,
  string,
];

type Parameters = Readonly<Record<string, string>>;
type Base = Pick<MessageExample, 'interaction' | 'from' | 'activities' | 'parameters'>;

/** Calls of a person in this function; the organisation need not be named, the token does it. */
const session =
  (name: string, activity: string, from: MessageExample['from']) =>
  (interaction: string, more: Parameters = {}): Base => ({
    interaction: `fhir:ers:${interaction}`,
    from,
    activities: [activity],
    parameters: { 'nhsd-ers-business-function': name, ...more },
  });
const doctor = session('REFERRING_CLINICIAN', 'B1101', surgery);
const secretary = session('REFERRING_CLINICIAN_ADMIN', 'B1102', surgery);
const strangeDoctor = session('REFERRING_CLINICIAN', 'B1101', otherSurgery);
const consultant = session('SERVICE_PROVIDER_CLINICIAN', 'B1110', clinic);
const strangeConsultant = session('SERVICE_PROVIDER_CLINICIAN', 'B1110', otherClinic);

const good = (what: string, base: Base, body?: object): MessageExample => ({
  ...base,
  what,
  ...(body && { body: JSON.stringify(body) }),
});
const bad = (what: string, base: Base, body: object | undefined, ...refused: ErrorCode[]): MessageExample => ({
  ...good(what, base, body),
  refused,
});

const publishing = (id: string, from: MessageExample['from'] = clinic): Base => ({
  interaction: 'fhir:ers:publish-service',
  from,
  parameters: { id },
});
const services: readonly MessageExample[] = [
  good('a service with its free slots', publishing(CARDIOLOGY), cardiology([monday, tuesday])),
  good('a service for triage', publishing(TRIAGE), cardiology([], 'triage')),
  bad('a service of another provider', publishing(CARDIOLOGY, otherClinic), cardiology([]), 'ALREADY_EXISTS'),
  bad('a service without a number', publishing('cardiology'), cardiology([]), 'PARAMETER_INVALID'),
  bad('a slot that ends first', publishing('11004'), cardiology([{ ...monday, end: monday.start }]), 'VALUE_INVALID'),
  bad('a slot twice', publishing('11004'), cardiology([monday, monday]), 'VALUE_INVALID'),
  bad('a way of booking that is none', publishing('11004'), { ...cardiology([]), booking: 'post' }, 'JSON_INVALID'),
  good('free slots', doctor('find-slots', { 'schedule.actor:HealthcareService': CARDIOLOGY })),
  bad('slots of nothing', doctor('find-slots'), undefined, 'PARAMETER_INVALID'),
  bad(
    'a page of a thousand',
    doctor('find-slots', { 'schedule.actor:HealthcareService': CARDIOLOGY, _count: '1000' }),
    undefined,
    'PARAMETER_INVALID',
  ),
];

const asked: ReferralIds = { nhsNumber: PATIENTS.cara, services: [CARDIOLOGY, TRIAGE] };
const otherwise = (more: Partial<ReferralIds>) => createReferral({ ...asked, ...more });
const creating = doctor('create-referral');
const creations: readonly MessageExample[] = [
  good('a referral with a shortlist of two', creating, createReferral(asked)),
  good(
    'a referrer who names the organisation',
    doctor('create-referral', sessionHeaders('REFERRING_CLINICIAN', surgery.ods)),
    createReferral(asked),
  ),
  good('an administrator', secretary('create-referral'), otherwise({ clinician: '200000000001' })),
  bad('an administrator of nobody', secretary('create-referral'), createReferral(asked), 'RULE_UNPROCESSABLE'),
  bad('a service that is not there', creating, otherwise({ services: ['99999'] }), 'RULE_UNPROCESSABLE'),
  bad('a service twice', creating, otherwise({ services: [TRIAGE, TRIAGE] }), 'RULE_UNPROCESSABLE'),
  bad('a service of another specialty', creating, otherwise({ specialty: 'ALLERGY' }), 'RULE_UNPROCESSABLE'),
  bad('a function of the other side', consultant('create-referral'), createReferral(asked), 'ROLE_NOT_PERMITTED'),
  bad(
    'another organisation than the token’s',
    doctor('create-referral', sessionHeaders('REFERRING_CLINICIAN', otherSurgery.ods)),
    createReferral(asked),
    'PARTY_MISMATCH',
  ),
  ...badReferrals(asked).map(({ fault, body }) =>
    bad(`a referral with ${fault}`, creating, body, 'JSON_INVALID', 'VALUE_INVALID', 'NHS_NUMBER_INVALID'),
  ),
];

const reading = (ubrn: string): Base => doctor('get-referral', { ubrn });
const booked = { ubrn: toBook, version: 1, nhsNumber: PATIENTS.cara, service: CARDIOLOGY };
const book = doctor('book-or-defer');
const triage = (more: Partial<typeof booked> = {}) =>
  deferral({ ...booked, ubrn: toTriage, service: TRIAGE, ...more }, 'TRIAGE');
const sendings: readonly MessageExample[] = [
  good('a referrer who reads', reading(toBook)),
  bad('a referral that is not there', reading(unknown), undefined, 'NOT_FOUND'),
  bad('a booking reference too short', reading(unknown.slice(1)), undefined, 'PARAMETER_INVALID'),
  bad('a stranger', strangeDoctor('get-referral', { ubrn: toBook }), undefined, 'RULE_UNPROCESSABLE'),
  bad('a slot that is taken', book, booking(booked, taken), 'RULE_UNPROCESSABLE'),
  bad('another patient', book, booking({ ...booked, nhsNumber: PATIENTS.dan }, monday), 'RULE_UNPROCESSABLE'),
  bad('a deferral while slots are free', book, deferral(booked, 'NO_SLOTS_AT_SERVICE'), 'RULE_UNPROCESSABLE'),
  bad('triage where there is none', book, triage({ service: CARDIOLOGY }), 'RULE_UNPROCESSABLE'),
  bad('a version that is not there', book, booking({ ...booked, version: 9 }, monday), 'VERSION_CONFLICT'),
  bad('a booking without a slot', book, { ...booking(booked, monday), slot: undefined }, 'VALUE_INVALID'),
  good('a booking', book, booking(booked, monday)),
  good('triage', book, triage()),
  bad('a booking of what is booked', book, booking({ ...booked, version: 2 }, tuesday), 'RULE_UNPROCESSABLE'),
];

const step = (name: 'accept' | 'reject', ubrn: string, version?: string, by = consultant): Base =>
  by(name, { ubrn, ...(version !== undefined && { 'if-match': version }) });
const unfit = rejection('SERVICE_INAPPROPRIATE', 'Please refer to the heart failure clinic');
const decisions: readonly MessageExample[] = [
  good('the clinic’s list', consultant('fetch-worklist'), worklist('REFERRALS_FOR_REVIEW', { service: CARDIOLOGY })),
  good('the surgery’s list', doctor('fetch-worklist'), worklist('AWAITING_BOOKING')),
  bad('a list of the other side', doctor('fetch-worklist'), worklist('REFERRALS_FOR_REVIEW'), 'ROLE_NOT_PERMITTED'),
  bad('a list that is none', doctor('fetch-worklist'), worklist('EVERYTHING'), 'VALUE_INVALID', 'JSON_INVALID'),
  bad(
    'a referrer’s list by service',
    doctor('fetch-worklist'),
    worklist('AWAITING_BOOKING', { service: CARDIOLOGY }),
    'RULE_UNPROCESSABLE',
  ),
  bad('an acceptance of no version', step('accept', toAccept), undefined, 'VERSION_REQUIRED'),
  bad('an acceptance of a stale version', step('accept', toAccept, 'W/"7"'), undefined, 'VERSION_CONFLICT'),
  bad('a version of another form', step('accept', toAccept, '"1"'), undefined, 'HEADER_INVALID'),
  bad('a stranger', step('accept', toAccept, 'W/"1"', strangeConsultant), undefined, 'RULE_UNPROCESSABLE'),
  good('an acceptance', step('accept', toAccept, 'W/"1"')),
  bad('an acceptance of what is accepted', step('accept', toAccept, 'W/"2"'), undefined, 'RULE_UNPROCESSABLE'),
  bad('a reason that is none', step('reject', toReject, 'W/"1"'), rejection('FULL'), 'RULE_UNPROCESSABLE'),
  bad('a rejection of no version', step('reject', toReject), unfit, 'VERSION_REQUIRED'),
  good('a rejection', step('reject', toReject, 'W/"1"'), unfit),
];

/** What is there before: two referrals to send, two that wait for the clinic. */
const before: readonly RecordWrite[] = [
  ...keptReferral({ ubrn: toBook, referrer: surgery.ods, services: [CARDIOLOGY] }),
  ...keptReferral({ ubrn: toTriage, referrer: surgery.ods, services: [TRIAGE, CARDIOLOGY] }),
  ...[toAccept, toReject].flatMap((ubrn, place) =>
    keptReferral({
      ubrn,
      nhsNumber: PATIENTS.dan,
      referrer: surgery.ods,
      services: [CARDIOLOGY],
      bookedAt: { provider: clinic.ods, slot: place === 0 ? taken : alsoTaken },
    }),
  ),
];

export const contractExamples: readonly MessageExample[] = [
  ...services,
  { ...good('a referrer who reads before anything is done', reading(toBook)), seed: before },
  ...creations,
  ...sendings,
  ...decisions,
  // All as it was before, so that whoever varies the examples finds referrals to send and to decide.
  {
    ...good('a referrer who reads when all is put back', reading(toBook)),
    seed: [...before, keptSlot(CARDIOLOGY, monday)],
  },
];
