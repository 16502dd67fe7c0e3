/** Child protection information sharing: authorities push plans, care settings see them, authorities are told of visits. */
import type { Adapter, Announcement, Interaction, SenderRule } from '../adapter.ts';
import { readPlanQuery, readVisitQuery } from './fhir.ts';
import { readUpload } from './hl7v3.ts';
import type { PlanQuery, Upload, VisitQuery } from './model.ts';
import { ACCESS_NOTIFICATION, LOCAL_AUTHORITY_UPLOAD, VIEW_AND_NOTIFY, VIEW_WITHOUT_NOTIFYING } from './tables.ts';
import { decideUpload } from './upload.ts';
import { decideCareTeam, decideVisits } from './view.ts';

const BASE = '/child-protection-information-sharing/FHIR/R4';

/** Only a person who is present may look, and only in a role that may. */
const VIEWERS: SenderRule = {
  kinds: ['emergency-department'],
  person: 'token',
  activities: [VIEW_AND_NOTIFY, VIEW_WITHOUT_NOTIFYING],
};

/** The authority waits for the result of each record, so the file is decided before it is answered. */
export const uploadPlans: Interaction<Upload> = {
  id: LOCAL_AUTHORITY_UPLOAD,
  title: 'Local authority upload of child protection plans',
  exchange: 'query',
  addresses: [{ wire: 'xml', path: '/cpis/local-authority-upload' }],
  schema: 'xml:cpis/REPC_MT000002GB01',
  senders: { kinds: ['local-authority'], person: 'none' },
  read: readUpload,
  decide: decideUpload,
};

export const viewPlans: Interaction<PlanQuery> = {
  id: 'fhir:cpis:care-team',
  title: 'View of a child’s protection plans',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'GET',
      path: `${BASE}/CareTeam`,
      query: ['patient:identifier!'],
      headers: ['isunscheduledaccessevent', 'traceid'],
    },
  ],
  schema: 'none',
  senders: VIEWERS,
  read: (_document, cause) => readPlanQuery(cause),
  decide: decideCareTeam,
};

export const viewVisits: Interaction<VisitQuery> = {
  id: 'fhir:cpis:audit-event',
  title: 'View of a child’s previous unscheduled visits',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'GET',
      path: `${BASE}/AuditEvent`,
      query: ['patient:identifier!', '_include'],
      headers: ['traceid'],
    },
  ],
  schema: 'none',
  senders: VIEWERS,
  read: (_document, cause) => readVisitQuery(cause),
  decide: decideVisits,
};

const DAY_ms = 24 * 60 * 60 * 1_000;

/** An authority's system may be away for a weekend: tried at first every few seconds, then hourly, for five days. */
export const accessToService: Announcement = {
  id: ACCESS_NOTIFICATION,
  title: 'A child with a plan came to unscheduled care',
  contract: { retries: 140, retryInterval_ms: 1_000, backoff: 2, persistDuration_ms: 5 * DAY_ms },
};

export const cpis: Adapter = {
  name: 'cpis',
  title: 'Child protection information sharing',
  interactions: [uploadPlans, viewPlans, viewVisits],
  announcements: [accessToService],
};
