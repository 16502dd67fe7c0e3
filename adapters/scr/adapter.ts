/** The Summary Care Record: what it takes, from whom, at which published address, and what it announces. */
import type { Adapter, Announcement, Interaction } from '../adapter.ts';
import {
  type Get,
  type PermissionChange,
  readGet,
  readList,
  readPatient,
  readPermission,
  readUpload,
  type Upload,
} from './fhir.ts';
import { type AlertRequest, readAlert } from './fhir-alert.ts';
import { get, list, setPermission, upload } from './rules.ts';
import { type AccessQuery, accessList, alert, PRIVACY_ALERT, readAccessPage } from './rules-alert.ts';

// Every interaction here is a 'query': the published service answers each call with its outcome, never with 'later'.

const BASE = '/summary-care-record/FHIR/R4';
/** Where a patient is seen: those who may ask for a summary. */
const VIEWERS = [
  'general-practice',
  'pharmacy',
  'emergency-department',
  'outpatient-booking',
  'national-service',
] as const;

export const uploadSummary: Interaction<Upload> = {
  id: 'fhir:scr:upload',
  title: 'Upload a summary',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'POST', path: `${BASE}/Bundle` }],
  schema: 'fhir:Bundle',
  senders: { kinds: ['general-practice'], person: 'token', activities: ['B0380', 'B8028'] },
  read: readUpload,
  decide: upload,
};

export const listSummary: Interaction<string> = {
  id: 'fhir:scr:list',
  title: 'Ask whether a summary exists',
  exchange: 'query',
  addresses: [
    { wire: 'fhir', method: 'GET', path: `${BASE}/DocumentReference`, query: ['patient!', 'type', '_sort', '_count'] },
  ],
  schema: 'none',
  senders: { kinds: VIEWERS, person: 'token', activities: ['B0370', 'B0380', 'B8028'] },
  read: (_, cause) => readList(cause),
  decide: list,
};

export const getSummary: Interaction<Get> = {
  id: 'fhir:scr:get',
  title: 'View a summary',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'GET',
      path: `${BASE}/Bundle`,
      query: ['composition.identifier!', 'composition.subject:Patient.identifier!'],
    },
  ],
  schema: 'none',
  senders: { kinds: VIEWERS, person: 'token', activities: ['B0370'] },
  read: (_, cause) => readGet(cause),
  decide: get,
};

export const setPermissionToView: Interaction<PermissionChange> = {
  id: 'fhir:scr:set-permission',
  title: "Record the patient's answer",
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'POST', path: `${BASE}/$setPermission` }],
  schema: 'fhir:Parameters',
  senders: { kinds: VIEWERS, person: 'token', activities: ['B0020'] },
  read: readPermission,
  decide: setPermission,
};

export const raiseAlert: Interaction<AlertRequest> = {
  id: 'fhir:scr:alert',
  title: 'Override permission, with a privacy alert',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'POST', path: `${BASE}/AuditEvent` }],
  schema: 'fhir:AuditEvent',
  senders: { kinds: VIEWERS, person: 'token', activities: ['B0168', 'B0082'] },
  read: readAlert,
  decide: alert,
};

export const listAccess: Interaction<AccessQuery> = {
  id: 'fhir:scr:access-list',
  title: 'Ask who looked at a summary',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'GET', path: `${BASE}/AuditEvent`, query: ['patient!', '_count', '_after'] }],
  schema: 'none',
  senders: { kinds: ['general-practice', 'national-service'], person: 'token', activities: ['B0015', 'B0017'] },
  read: (_, cause) => ({ nhsNumber: readPatient(cause, 'patient'), ...readAccessPage(cause.parameters) }),
  decide: accessList,
};

export const privacyAlert: Announcement = {
  id: PRIVACY_ALERT,
  title: 'A patient’s permission to view was overridden',
};

export const scr: Adapter = {
  name: 'scr',
  title: 'Summary Care Record',
  interactions: [uploadSummary, listSummary, getSummary, setPermissionToView, raiseAlert, listAccess],
  announcements: [privacyAlert],
};
