/** Writes what the Summary Care Record answers and announces, as the published FHIR R4 bundles and events. */
import { iso } from '../../core/clock.ts';
import type { Answer } from '../../core/decision.ts';
import type { NhsNumber } from '../../core/identifiers.ts';
import {
  type Access,
  ALERT_REASONS,
  ALERT_TYPES,
  type Alert,
  type LatestSummary,
  type Permission,
  type Summary,
} from './model.ts';
import {
  ACS_PERMISSION,
  ALERT_REASON,
  ALERT_TYPE,
  GP_SUMMARY,
  NHS_NUMBER,
  NOTIFICATION,
  ODS_CODE,
  SDS_USER,
  SNOMED,
  SPINE_ASID,
  SUMMARY_ID,
} from './systems.ts';

export const FHIR_JSON = 'application/fhir+json';

export const documentAnswer = (body: object): Answer => ({
  kind: 'document',
  status: 200,
  contentType: FHIR_JSON,
  body: JSON.stringify(body),
});

/** 201 with nothing in it, as published for upload, permission and alert. */
export const createdAnswer = (headers?: Readonly<Record<string, string>>): Answer => ({
  kind: 'document',
  status: 201,
  contentType: FHIR_JSON,
  body: '',
  ...(headers && { headers }),
});

/** What a stale id gets, and a patient without a summary: a search that found nothing. */
export const emptyBundle = (id: string): object => ({
  resourceType: 'Bundle',
  id: id.toLowerCase(),
  type: 'searchset',
  total: 0,
});

export interface ListIds {
  readonly bundle: string;
  readonly reference: string;
  readonly patient: string;
}

/** Says that a summary exists, under which id, and what the patient's standing answer is. */
export function listBundle(nhsNumber: NhsNumber, latest: LatestSummary, view: Permission, ids: ListIds): object {
  const summary = { coding: [{ system: SNOMED, code: GP_SUMMARY, display: 'General Practice Summary' }] };
  const [reference, patient] = [ids.reference.toLowerCase(), ids.patient.toLowerCase()];
  return {
    resourceType: 'Bundle',
    id: ids.bundle.toLowerCase(),
    type: 'searchset',
    total: 1,
    entry: [
      {
        fullUrl: `urn:uuid:${reference}`,
        resource: {
          resourceType: 'DocumentReference',
          id: reference,
          masterIdentifier: { system: SUMMARY_ID, value: latest.id },
          status: 'current',
          type: summary,
          subject: { reference: `Patient/${patient}` },
          securityLabel: [{ coding: [{ system: ACS_PERMISSION, code: view }] }],
          content: [
            {
              attachment: {
                url: `Bundle?composition.identifier=${latest.id}&composition.subject:Patient.identifier=${NHS_NUMBER}|${nhsNumber}`,
              },
            },
          ],
          context: { event: [summary] },
        },
        search: { mode: 'match' },
      },
      {
        fullUrl: `urn:uuid:${patient}`,
        resource: { resourceType: 'Patient', id: patient, identifier: [{ system: NHS_NUMBER, value: nhsNumber }] },
      },
    ],
  };
}

/** The summary as it was uploaded, in a searchset. */
export const summaryBundle = (summary: Summary, id: string): object => ({
  resourceType: 'Bundle',
  id: id.toLowerCase(),
  ...(summary.identifier !== undefined && { identifier: summary.identifier }),
  type: 'searchset',
  timestamp: iso(summary.uploadedAt),
  total: summary.entry.length,
  entry: summary.entry,
});

const who = (system: string, value: string): object => ({ identifier: { system, value } });

/** The privacy alert to the practice: who looked, for which patient, and the coded reason; nobody's free text. */
export const alertEvent = (alert: Alert): object => ({
  resourceType: 'AuditEvent',
  id: alert.id.toLowerCase(),
  extension: [{ url: NOTIFICATION, valueString: 'Alert: permission to view was overridden' }],
  type: { system: ALERT_TYPE, code: alert.type, display: ALERT_TYPES[alert.type] },
  subtype: [{ system: ALERT_REASON, code: alert.reason, display: ALERT_REASONS[alert.reason].display }],
  recorded: iso(alert.at),
  agent: [
    { who: who(NHS_NUMBER, alert.nhsNumber), requestor: false },
    { who: who(ODS_CODE, alert.ods), requestor: false },
    { who: who(SDS_USER, alert.userId), role: [{ text: alert.role }], requestor: false },
  ],
  source: { observer: who(SPINE_ASID, alert.systemId) },
  entity: [{ what: { identifier: { value: alert.summary } } }],
});

const accessEvent = (access: Access): object => ({
  resourceType: 'AuditEvent',
  id: access.id.toLowerCase(),
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
  action: 'R',
  recorded: iso(access.at),
  outcome: '0',
  ...(access.reason && {
    purposeOfEvent: [
      {
        coding: [{ system: ALERT_REASON, code: access.reason, display: ALERT_REASONS[access.reason].display }],
      },
    ],
  }),
  agent: [
    { who: who(ODS_CODE, access.ods), requestor: false },
    { who: who(SDS_USER, access.userId), role: [{ text: access.role }], requestor: true },
  ],
  source: { observer: who(SPINE_ASID, access.systemId) },
  entity: [
    { what: who(NHS_NUMBER, access.nhsNumber) },
    { what: who(SUMMARY_ID, access.summary), detail: [{ type: 'basis', valueString: access.basis }] },
  ],
});

export interface AccessPage {
  readonly lines: readonly Access[];
  /** Where the next page goes on; absent on the last. */
  readonly next?: { readonly patient: NhsNumber; readonly count: number; readonly after: string };
}

const pageUrl = ({ patient, count, after }: NonNullable<AccessPage['next']>): string =>
  `AuditEvent?patient=${NHS_NUMBER}|${patient}&_count=${count}&_after=${after}`;

/** Who looked, newest first. */
export const accessBundle = (page: AccessPage, id: string): object => ({
  resourceType: 'Bundle',
  id: id.toLowerCase(),
  type: 'searchset',
  ...(page.next && { link: [{ relation: 'next', url: pageUrl(page.next) }] }),
  entry: page.lines.map((access) => ({
    fullUrl: `urn:uuid:${access.id.toLowerCase()}`,
    resource: accessEvent(access),
    search: { mode: 'match' },
  })),
});
