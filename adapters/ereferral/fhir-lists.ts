/** Writes worklists, free slots and notices. */
import { type Instant, iso } from '../../core/clock.ts';
import { priorityConcept, stateCoding } from './fhir-answers.ts';
import type { Referral, Slot } from './model.ts';
import { WORKLISTS, type WorklistName } from './states.ts';
import { codeSystem, ERS_SERVICE, NHS_NUMBER, ODS_CODE, SDS_USER, structure } from './systems.ts';

export interface WorklistEntry {
  readonly referral: Referral;
  readonly version: number;
}

type Row = readonly object[];

const priorityOf = (referral: Referral): object => ({
  url: 'priority',
  valueCodeableConcept: priorityConcept(referral),
});
const patientOf = ({ nhsNumber }: Referral): object => ({
  url: 'patient',
  valueReference: { identifier: { system: NHS_NUMBER, value: nhsNumber } },
});
const when = (url: string, at: Instant): object => ({ url, valueDateTime: iso(at) });
const concept = (url: string, coding: object): object => ({ url, valueCodeableConcept: { coding: [coding] } });
const specialtyOf = ({ specialty }: Referral): Row => (specialty ? [concept('specialty', specialty)] : []);
const serviceOf = ({ appointment }: Referral): Row =>
  appointment
    ? [
        {
          url: 'service',
          valueReference: {
            identifier: { system: ERS_SERVICE, value: appointment.service },
            display: appointment.serviceName,
          },
        },
      ]
    : [];

function forReview({ referral, version }: WorklistEntry): Row {
  const { appointment } = referral;
  const clinician = appointment?.clinician;
  return [
    priorityOf(referral),
    ...specialtyOf(referral),
    { url: 'patient', valueReference: { reference: `#Patient-${referral.nhsNumber}` } },
    ...(clinician === undefined
      ? []
      : [{ url: 'allocatedClinician', valueReference: { reference: `#Practitioner-${clinician}` } }]),
    when('eReferralPathwayStart', referral.pathwayStart),
    { url: 'clinicalInfoPrinted', valueBoolean: false },
    concept('requestContextStatus', {
      system: codeSystem('eRS-RequestContextStatus-1'),
      code: 'NEVER_REVIEWED',
      display: 'Never Reviewed',
    }),
    ...(appointment?.start === undefined ? [] : [when('appointmentStart', appointment.start)]),
    concept('referralType', {
      system: codeSystem('eRS-ReferralType-1'),
      code: referral.state === 'AWAITING_TRIAGE' ? 'TRIAGE_DEFERRAL' : 'APPOINTMENT',
    }),
    ...serviceOf(referral),
    { url: 'referralRequestVersion', valueInteger: version },
  ];
}

const slotIssue = ({ referral }: WorklistEntry): Row => [
  priorityOf(referral),
  ...specialtyOf(referral),
  patientOf(referral),
  when('eReferralPathwayStart', referral.pathwayStart),
  { url: 'clinicalInfoPrinted', valueBoolean: false },
  when('ubrnReceived', referral.appointment?.created ?? referral.changedAt),
  ...(referral.reason ? [concept('reason', referral.reason)] : []),
  ...serviceOf(referral),
];

function referrers({ referral }: WorklistEntry): Row {
  const context = [referral.specialty?.code, referral.clinicType?.code].filter((code) => code !== undefined);
  return [
    patientOf(referral),
    priorityOf(referral),
    when('referralCreated', referral.createdAt),
    { url: 'clinicalContext', valueString: context.join('/') },
    { url: 'referrer', valueReference: { identifier: { system: SDS_USER, value: referral.clinician } } },
  ];
}

const withState = (entry: WorklistEntry): Row => [
  ...referrers(entry),
  when('referralLastUpdated', entry.referral.changedAt),
  concept('status', stateCoding(entry.referral)),
  ...(entry.referral.reason ? [concept('reason', entry.referral.reason)] : []),
];

const letterDue = (entry: WorklistEntry): Row => [
  ...referrers(entry),
  { url: 'letterDue', valueDate: iso(entry.referral.createdAt).slice(0, 10) },
];

const ROWS: Readonly<Record<WorklistName, (entry: WorklistEntry) => Row>> = {
  REFERRALS_FOR_REVIEW: forReview,
  APPOINTMENT_SLOT_ISSUES: slotIssue,
  AWAITING_BOOKING: withState,
  LETTERS_OUTSTANDING: letterDue,
  REJECTED_TRIAGE_RESPONSE: withState,
  ASSESSMENT_RETURNED_CANCELLED_DNA: withState,
};

/** The people that rows for review refer to, each once. */
function people(entries: readonly WorklistEntry[]): object[] {
  const found = new Map<string, object>();
  const add = (resourceType: 'Patient' | 'Practitioner', system: string, value: string) => {
    const id = `${resourceType}-${value}`;
    const meta = { profile: [structure(`eRS-${resourceType}-1`)] };
    found.set(id, { id, meta, resourceType, identifier: [{ system, value }] });
  };
  for (const { referral } of entries) {
    add('Patient', NHS_NUMBER, referral.nhsNumber);
    if (referral.appointment?.clinician !== undefined) add('Practitioner', SDS_USER, referral.appointment.clinician);
  }
  return [...found.values()];
}

/** Source: e-RS specification, eRS-FetchWorklist-List-1. */
export function worklistResource(name: WorklistName, entries: readonly WorklistEntry[]): object {
  const contained = name === 'REFERRALS_FOR_REVIEW' ? people(entries) : [];
  return {
    meta: { profile: [structure('eRS-FetchWorklist-List-1')] },
    resourceType: 'List',
    ...(contained.length > 0 && { contained }),
    status: 'current',
    mode: 'snapshot',
    ...(entries.length > 0 && {
      entry: entries.map((entry) => ({
        extension: [{ extension: ROWS[name](entry), url: structure(WORKLISTS[name].row) }],
        item: { reference: `ReferralRequest/${entry.referral.ubrn}` },
      })),
    }),
  };
}

/** Free slots, earliest first, with the schedules they are in. Source: e-RS specification, A015. */
export function slotBundle(
  service: string,
  slots: readonly Slot[],
  { id, total }: { id: string; total: number },
): object {
  const schedule = (slot: Slot): string => (slot.clinician === undefined ? service : `${service}-${slot.clinician}`);
  const schedules = [...new Set(slots.map(schedule))];
  return {
    id: id.toLowerCase(),
    resourceType: 'Bundle',
    type: 'searchset',
    total,
    entry: [
      ...slots.map((slot) => ({
        fullUrl: `Slot/${slot.id}`,
        resource: {
          id: slot.id,
          resourceType: 'Slot',
          schedule: { reference: `Schedule/${schedule(slot)}` },
          status: 'free',
          start: iso(slot.start),
          end: iso(slot.end),
        },
        search: { mode: 'match' },
      })),
      ...schedules.map((name) => ({
        fullUrl: `Schedule/${name}`,
        resource: {
          id: name,
          resourceType: 'Schedule',
          identifier: [{ system: 'https://fhir.nhs.uk/Id/ers-schedule', value: name }],
          actor: [{ identifier: { system: ERS_SERVICE, value: service } }],
        },
        search: { mode: 'include' },
      })),
    ],
  };
}

export type Notice = 'BOOKED' | 'DEFERRED_TO_PROVIDER' | 'AWAITING_TRIAGE' | 'ACCEPTED' | 'REJECTED';

/** Tells the other party that a referral has moved: which one, to what, by whom; never whose it is. */
export const noticeResource = (notice: Notice, ubrn: string, sender: string, at: Instant): object => ({
  resourceType: 'Communication',
  status: 'completed',
  category: [{ coding: [{ system: 'https://vertebra.example/CodeSystem/referral-notice', code: notice }] }],
  about: [{ reference: `ReferralRequest/${ubrn}` }],
  sent: iso(at),
  sender: { identifier: { system: ODS_CODE, value: sender } },
});
