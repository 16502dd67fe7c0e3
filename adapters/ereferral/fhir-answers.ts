/** Writes referrals and appointments as the published FHIR STU3 resources, quirks included. */
import { iso } from '../../core/clock.ts';
import type { Answer } from '../../core/decision.ts';
import { type Appointment, type Coding, PRIORITIES, type Referral } from './model.ts';
import { STATES } from './states.ts';
import {
  APPOINTMENT_PROFILES,
  codeSystem,
  ERS_SERVICE,
  NHS_NUMBER,
  ODS_CODE,
  PRIORITY,
  REQUEST_ID,
  SDS_USER,
  structure,
} from './systems.ts';

export const FHIR_JSON = 'application/fhir+json';

/** A document with the version of what it shows, where it shows one. */
export const documentAnswer = (
  body: object,
  { status = 200, version }: { status?: number; version?: number },
): Answer => ({
  kind: 'document',
  status,
  contentType: FHIR_JSON,
  body: JSON.stringify(body),
  ...(version !== undefined && { headers: { ETag: `W/"${version}"` } }),
});

const identified = (system: string, value: string): object => ({ identifier: { system, value } });

export const priorityConcept = ({ priority }: Referral): object => ({
  coding: [{ system: PRIORITY, code: priority, display: PRIORITIES[priority] }],
});

export const stateCoding = ({ state }: Referral): Coding => ({
  system: codeSystem('eRS-ReferralState-1'),
  code: state,
  display: STATES[state],
});

function stateExtension(referral: Referral): object {
  return {
    url: structure('Extension-eRS-ReferralState-1'),
    extension: [
      { url: 'state', valueCoding: stateCoding(referral) },
      ...(referral.reason ? [{ url: 'reason', valueCoding: referral.reason }] : []),
      ...(referral.comments !== undefined ? [{ url: 'comments', valueString: referral.comments }] : []),
    ],
  };
}

/** The referral at a version. Source: e-RS specification, eRS-ReferralRequest-1. */
export function referralRequest(referral: Referral, version: number): object {
  const { appointment, specialty } = referral;
  return {
    id: referral.ubrn,
    meta: { versionId: String(version), profile: [structure('eRS-ReferralRequest-1')] },
    resourceType: 'ReferralRequest',
    extension: [
      ...(appointment
        ? [
            { url: structure('Extension-eRS-Appointment-1'), valueReference: { reference: '#appointment' } },
            {
              url: structure('Extension-eRS-Appointment-Reference-1'),
              valueReference: { reference: `Appointment/${appointment.id}` },
            },
          ]
        : []),
      { url: structure('Extension-eRS-ReferralPriority-1'), valueCodeableConcept: priorityConcept(referral) },
      { url: structure('Extension-eRS-eReferralPathwayStart-1'), valueInstant: iso(referral.pathwayStart) },
      { url: structure('Extension-eRS-ReferralShortlist-1'), valueReference: { reference: '#shortlist' } },
      {
        url: structure('Extension-eRS-Commissioning-Rule-Org-1'),
        valueIdentifier: { system: ODS_CODE, value: referral.commissioner },
      },
      stateExtension(referral),
    ],
    contained: [
      {
        id: 'serviceSearchCriteria',
        meta: { profile: [structure('eRS-ServiceSearchCriteria-Parameters-1')] },
        resourceType: 'Parameters',
        parameter: referral.criteria,
      },
      {
        id: 'shortlist',
        meta: { profile: [structure('eRS-Shortlist-List-1')] },
        resourceType: 'List',
        extension: [
          {
            url: structure('Extension-eRS-Shortlist-SearchCriteria-1'),
            valueReference: { reference: '#serviceSearchCriteria' },
          },
        ],
        status: 'current',
        mode: 'snapshot',
        entry: referral.shortlist.map(({ service, name }) => ({
          item: { ...identified(ERS_SERVICE, service), display: name },
        })),
      },
      ...(appointment ? [{ ...appointmentResource(appointment, referral, version), id: 'appointment' }] : []),
    ],
    status: 'active',
    ...(specialty && { specialty: { coding: [specialty] } }),
    subject: identified(NHS_NUMBER, referral.nhsNumber),
    supportingInfo: [],
    intent: 'plan',
    identifier: [{ system: REQUEST_ID, value: referral.requestId }],
  };
}

/** The appointment of a referral at that referral's version. Source: e-RS specification, eRS-Appointment-1. */
export function appointmentResource(appointment: Appointment, referral: Referral, version: number): object {
  const { start, end } = appointment;
  return {
    id: appointment.id,
    meta: { versionId: String(appointment.version), profile: APPOINTMENT_PROFILES },
    language: 'en',
    resourceType: 'Appointment',
    status: appointment.status,
    ...(appointment.reason && { reason: [{ coding: [appointment.reason] }] }),
    description: 'e-Referral Appointment',
    ...(start !== undefined && { start: iso(start) }),
    ...(end !== undefined && { end: iso(end) }),
    ...(appointment.slot !== undefined && { slot: [{ reference: `Slot/${appointment.slot}` }] }),
    created: iso(appointment.created),
    ...(appointment.comment !== undefined && { comment: appointment.comment }),
    incomingReferral: [{ reference: `ReferralRequest/${referral.ubrn}/_history/${version}` }],
    participant: [
      {
        actor: { ...identified(ERS_SERVICE, appointment.service), display: appointment.serviceName },
        status: 'accepted',
      },
      { actor: identified(NHS_NUMBER, referral.nhsNumber), status: 'accepted' },
      ...(appointment.clinician === undefined ? [] : [clinicianParticipant(appointment.clinician)]),
    ],
  };
}

/** `type` is a single concept here where FHIR has a list: the published service does so, and its clients read it so. */
const clinicianParticipant = (clinician: string): object => ({
  type: { coding: [{ system: 'http://hl7.org/fhir/ValueSet/encounter-participant-type', code: 'CON' }] },
  actor: identified(SDS_USER, clinician),
  status: 'accepted',
});
