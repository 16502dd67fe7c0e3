/** Messages of the e-Referral service, good and bad, built from the ids they are given. Invented patients only. */

/** Test numbers of the 999 range, with right check digits. */
export const PATIENTS = { cara: '9990000034', dan: '9990000042' } as const;

const STU3 = 'https://fhir.nhs.uk/STU3';
const NHS_NUMBER = 'http://fhir.nhs.net/Id/nhs-number';
const SDS_USER = 'http://fhir.nhs.net/Id/sds-user-id';
const ERS_SERVICE = 'http://fhir.nhs.net/Id/ers-service';

const profile = (name: string): object => ({ profile: [`${STU3}/StructureDefinition/${name}`] });
const codeSystem = (name: string): string => `${STU3}/CodeSystem/${name}`;

/** The headers of a call: the function that the person acts in, and the organisation. */
export const sessionHeaders = (businessFunction: string, ods: string, onBehalfOf?: string): Record<string, string> => ({
  'nhsd-ers-business-function': businessFunction,
  'nhsd-end-user-organisation-ods': ods,
  ...(onBehalfOf !== undefined && { 'nhsd-ers-on-behalf-of-user-id': onBehalfOf }),
});

export interface SlotIds {
  readonly id: string;
  readonly start: string;
  readonly end: string;
  readonly clinician?: string;
}

/** What a booking system publishes of one service; without slots, patients are deferred to it. */
export const cardiology = (
  slots: readonly SlotIds[],
  booking: 'direct' | 'indirect' | 'triage' = 'direct',
): object => ({
  name: 'Cardiology clinic',
  specialty: 'CARDIOLOGY',
  clinicTypes: ['HEART_FAILURE', 'RAPID_ACCESS_CHEST_PAIN'],
  booking,
  slots,
});

export interface ReferralIds {
  readonly nhsNumber: string;
  readonly services: readonly string[];
  readonly priority?: 'ROUTINE' | 'URGENT' | 'TWO_WEEK_WAIT';
  readonly specialty?: string;
  readonly clinicType?: string;
  readonly clinician?: string;
  readonly pathwayStart?: string;
  readonly letter?: 'NEED_TO_ADD_LATER' | 'NOT_INTENDING_TO_ADD';
}

/** Parameters of $ers.createReferral: a shortlist made of a search for a cardiology clinic. */
export const createReferral = (ids: ReferralIds): object => ({
  resourceType: 'Parameters',
  meta: profile('eRS-CreateReferral-Parameters-1'),
  parameter: [
    { name: 'patient', valueIdentifier: { system: NHS_NUMBER, value: ids.nhsNumber } },
    ...(ids.clinician === undefined
      ? []
      : [{ name: 'referringClinician', valueIdentifier: { system: SDS_USER, value: ids.clinician } }]),
    {
      name: 'intentionToAddReferralLetter',
      valueCoding: { system: codeSystem('eRS-ReferralLetterIntention-1'), code: ids.letter ?? 'NEED_TO_ADD_LATER' },
    },
    { name: 'firstReminderLetterFollowUpDays', valueUnsignedInt: 7 },
    ...(ids.pathwayStart === undefined ? [] : [{ name: 'eReferralPathwayStart', valueInstant: ids.pathwayStart }]),
    { name: 'shortlist', resource: shortlist(ids) },
  ],
});

const shortlist = (ids: ReferralIds): object => ({
  resourceType: 'List',
  meta: profile('eRS-Shortlist-List-1'),
  status: 'current',
  mode: 'snapshot',
  contained: [
    {
      resourceType: 'Parameters',
      id: 'criteria',
      meta: profile('eRS-ServiceSearchCriteria-Parameters-1'),
      parameter: [
        { name: 'priority', valueCoding: { system: codeSystem('eRS-Priority-1'), code: ids.priority ?? 'ROUTINE' } },
        {
          name: 'specialty',
          valueCoding: { system: codeSystem('SPECIALTY'), code: ids.specialty ?? 'CARDIOLOGY' },
        },
        {
          name: 'clinicType',
          valueCoding: { system: codeSystem('eRS-ClinicType-1'), code: ids.clinicType ?? 'HEART_FAILURE' },
        },
        { name: 'ageAndGenderAppropriate', valueBoolean: true },
      ],
    },
  ],
  extension: [
    {
      url: `${STU3}/StructureDefinition/Extension-eRS-Shortlist-SearchCriteria-1`,
      valueReference: { reference: '#criteria' },
    },
  ],
  entry: ids.services.map((value) => ({ item: { identifier: { system: ERS_SERVICE, value } } })),
});

export interface BookingIds {
  readonly ubrn: string;
  /** The version of the referral that was read. */
  readonly version: number;
  readonly nhsNumber: string;
  readonly service: string;
  readonly clinician?: string;
}

const appointment = (ids: BookingIds, more: object): object => ({
  resourceType: 'Appointment',
  id: 'appointment',
  meta: profile('eRS-Appointment-1'),
  language: 'en',
  description: 'e-Referral Appointment',
  incomingReferral: [{ reference: `ReferralRequest/${ids.ubrn}/_history/${ids.version}` }],
  participant: [
    { actor: { identifier: { system: ERS_SERVICE, value: ids.service } }, status: 'accepted' },
    { actor: { identifier: { system: NHS_NUMBER, value: ids.nhsNumber } }, status: 'accepted' },
    ...(ids.clinician === undefined
      ? []
      : [
          {
            type: { coding: [{ system: 'http://hl7.org/fhir/ValueSet/encounter-participant-type', code: 'CON' }] },
            actor: { identifier: { system: SDS_USER, value: ids.clinician } },
            status: 'accepted',
          },
        ]),
  ],
  ...more,
});

/** Books this slot. */
export const booking = (ids: BookingIds, slot: SlotIds): object =>
  appointment(ids, {
    status: 'booked',
    start: slot.start,
    end: slot.end,
    slot: [{ reference: `Slot/${slot.id}` }],
  });

/** Leaves the booking to the provider, or sends for triage. */
export const deferral = (
  ids: BookingIds,
  reason: 'NO_SLOTS_AT_SERVICE' | 'SLOT_NOT_AVAILABLE' | 'BOOKING_ATTEMPT_PROBLEM' | 'TRIAGE',
  slot?: string,
): object =>
  appointment(ids, {
    status: 'proposed',
    reason: [{ coding: [{ system: codeSystem('eRS-ReviewReason-1'), code: reason }] }],
    ...(slot !== undefined && { slot: [{ reference: `Slot/${slot}` }] }),
  });

export const rejection = (reason: string, comments?: string, cancelledInPas?: boolean): object => ({
  resourceType: 'Parameters',
  meta: profile('eRS-RejectReferral-Parameters-1'),
  parameter: [
    {
      name: 'rejectionReason',
      valueCoding: { system: codeSystem('APPOINTMENT-CANCELLATION-REASON'), code: reason },
    },
    ...(comments === undefined ? [] : [{ name: 'rejectionComments', valueString: comments }]),
    ...(cancelledInPas === undefined ? [] : [{ name: 'appointmentCancelledInPAS', valueBoolean: cancelledInPas }]),
  ],
});

export const worklist = (name: string, filter: { service?: string; specialty?: string } = {}): object => ({
  resourceType: 'Parameters',
  meta: profile('eRS-FetchWorklist-Parameters-1'),
  parameter: [
    {
      name: 'listType',
      valueCodeableConcept: { coding: [{ system: codeSystem('eRS-ReferralListSelector-1'), code: name }] },
    },
    ...(filter.service === undefined
      ? []
      : [{ name: 'service', valueIdentifier: { system: ERS_SERVICE, value: filter.service } }]),
    ...(filter.specialty === undefined
      ? []
      : [
          {
            name: 'specialty',
            valueCodeableConcept: { coding: [{ system: codeSystem('SPECIALTY'), code: filter.specialty }] },
          },
        ]),
  ],
});

/** What is wrong with a message, and the message. */
export interface BadExample {
  readonly fault: string;
  /** Whether the schema sees it, or the reader behind it. */
  readonly seenBy: 'schema' | 'reader';
  readonly body: object;
}

/** Parameters of $ers.createReferral that are refused before any rule is asked. */
export function badReferrals(ids: ReferralIds): readonly BadExample[] {
  const good = () => structuredClone(createReferral(ids)) as { meta: object; parameter: Record<string, unknown>[] };
  const changed = (
    fault: string,
    seenBy: BadExample['seenBy'],
    change: (body: ReturnType<typeof good>) => void,
  ): BadExample => {
    const body = good();
    change(body);
    return { fault, seenBy, body };
  };
  const named = (body: ReturnType<typeof good>, name: string) =>
    body.parameter.find((each) => each['name'] === name) ?? {};
  const without = (name: string) => (body: ReturnType<typeof good>) => {
    body.parameter = body.parameter.filter((each) => each['name'] !== name);
  };
  return [
    changed('another version of the profile', 'schema', (body) =>
      Object.assign(body, { meta: profile('eRS-CreateReferral-Parameters-2') }),
    ),
    changed('a shortlist without an entry', 'schema', (body) =>
      Object.assign(named(body, 'shortlist'), { resource: { ...shortlist(ids), entry: [] } }),
    ),
    changed('no patient', 'reader', without('patient')),
    changed('no shortlist', 'reader', without('shortlist')),
    changed('no letter intention', 'reader', without('intentionToAddReferralLetter')),
    changed('no reminder days', 'reader', without('firstReminderLetterFollowUpDays')),
    changed('a parameter of another name', 'reader', (body) => body.parameter.push({ name: 'urgent' })),
    changed('a parameter twice', 'reader', (body) => body.parameter.push(named(body, 'patient'))),
    changed('a day for an instant', 'reader', (body) =>
      body.parameter.push({ name: 'eReferralPathwayStart', valueInstant: '2026-02-30' }),
    ),
    {
      fault: 'a wrong check digit',
      seenBy: 'reader',
      body: createReferral({ ...ids, nhsNumber: '9990000035' }),
    },
  ];
}
