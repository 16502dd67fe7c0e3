/** Child protection sharing in FHIR R4: the searches that come in, and the searchset Bundles that go out. */
import { iso } from '../../core/clock.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import { isNhsNumber } from '../../core/identifiers.ts';
import type { Authority, Plan, PlanQuery, Visit, VisitQuery } from './model.ts';
import { PLANS } from './tables.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
const USER_ID = 'https://fhir.nhs.uk/Id/sds-user-id';
const ROLE_PROFILE = 'https://fhir.nhs.uk/Id/sds-role-profile-id';
const ROLE_CODE = 'https://fhir.nhs.uk/CodeSystem/NHSDataModelAndDictionary-job-role';
const SNOMED = 'http://snomed.info/sct';
const COMMENT = 'http://hl7.org/fhir/StructureDefinition/contactpoint-comment';
const AUDIT_TYPE = {
  system: 'http://dicom.nema.org/resources/ontology/DCM',
  code: '110110',
  display: 'Patient Record',
};

/** `GET CareTeam?patient:identifier=...`. Throws PARAMETER_INVALID or NHS_NUMBER_INVALID. */
export const readPlanQuery = (cause: Cause): PlanQuery => ({
  nhsNumber: patientOf(cause),
  unscheduled: unscheduledOf(cause.parameters['isunscheduledaccessevent']),
  ...openingOf(cause),
});

/** `GET AuditEvent?patient:identifier=...&_include=AuditEvent:agent`. Throws PARAMETER_INVALID or NHS_NUMBER_INVALID. */
export const readVisitQuery = (cause: Cause): VisitQuery => ({
  nhsNumber: patientOf(cause),
  withRoles: cause.parameters['_include'] !== undefined,
  ...openingOf(cause),
});

function patientOf({ parameters }: Cause): string {
  const [system, value, ...rest] = (parameters['patient:identifier'] ?? '').split('|');
  if (system !== NHS_NUMBER || value === undefined || rest.length > 0) {
    const faults = [{ path: 'patient:identifier', what: `expected ${NHS_NUMBER}|number` }];
    throw new HubError('PARAMETER_INVALID', { serviceCode: 'INVALID_SEARCH_DATA', faults });
  }
  if (!isNhsNumber(value)) throw new HubError('NHS_NUMBER_INVALID', { serviceCode: 'INVALID_SEARCH_DATA' });
  return value;
}

function unscheduledOf(header: string | undefined): PlanQuery['unscheduled'] {
  switch (header?.trim().toLowerCase()) {
    case undefined:
    case '':
      return 'left-out';
    case 'true':
      return 'yes';
    case 'false':
      return 'no';
    default:
      throw new HubError('PARAMETER_INVALID', {
        serviceCode: 'PRECONDITION_FAILED',
        faults: [{ path: 'IsUnscheduledAccessEvent', what: 'expected true or false' }],
      });
  }
}

/** What the viewer's system calls this opening; bounded, for it is kept. */
function openingOf({ parameters, correlationId }: Cause): { opening?: string } {
  const opening = parameters['traceid'] ?? correlationId;
  return opening === undefined || opening === '' ? {} : { opening: opening.slice(0, 100) };
}

interface CareTeamParts {
  readonly plans: readonly Plan[];
  readonly authorities: ReadonlyMap<string, Authority>;
  /** Latest first. */
  readonly visits: readonly Visit[];
  readonly id: string;
}

/** One CareTeam for each plan; the previous visits are included with them. */
export function careTeamBundle({ plans, authorities, visits, id }: CareTeamParts): object {
  return searchset(id, [
    ...plans.map((plan) => entry(careTeam(plan, authorities.get(plan.authority)), 'match')),
    ...visits.map((visit) => entry(auditEvent(visit), 'include')),
  ]);
}

interface VisitParts {
  readonly visits: readonly Visit[];
  readonly withRoles: boolean;
  readonly id: string;
}

/** One AuditEvent for each visit, latest first; where asked, with the PractitionerRole of who looked. */
export function visitBundle({ visits, withRoles, id }: VisitParts): object {
  const roles = withRoles ? new Map(visits.map((visit) => [visit.roleId, practitionerRole(visit)])) : new Map();
  return searchset(id, [
    ...visits.map((visit) => entry(auditEvent(visit), 'match')),
    ...[...roles.values()].map((role) => entry(role, 'include')),
  ]);
}

interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
}

interface Entry {
  readonly fullUrl: string;
  readonly resource: Resource;
  readonly search: { readonly mode: 'match' | 'include' };
}

const searchset = (id: string, entries: readonly Entry[]): object => ({
  resourceType: 'Bundle',
  id: id.toLowerCase(),
  type: 'searchset',
  total: entries.filter(({ search }) => search.mode === 'match').length,
  ...(entries.length > 0 && { entry: entries }),
});

const entry = (resource: Resource, mode: 'match' | 'include'): Entry => ({
  fullUrl: `${resource.resourceType}/${resource.id}`,
  resource,
  search: { mode },
});

function careTeam(plan: Plan, authority: Authority | undefined): Resource {
  const { snomed, display } = PLANS[plan.kind];
  return {
    resourceType: 'CareTeam',
    id: plan.id.toLowerCase(),
    status: plan.end === undefined ? 'active' : 'inactive',
    category: [{ coding: [{ system: SNOMED, code: snomed, display }] }],
    name: authority?.name ?? plan.authority,
    subject: { identifier: { system: NHS_NUMBER, value: plan.nhsNumber } },
    period: { start: plan.start, ...(plan.end !== undefined && { end: plan.end }) },
    managingOrganization: [
      { identifier: { system: ODS_CODE, value: plan.authority }, ...(authority && { display: authority.name }) },
    ],
    ...(authority && {
      telecom: [
        telephone(authority.contacts.officeHours, 'Office hours', 1),
        telephone(authority.contacts.emergencyDuty, 'Emergency duty team', 2),
      ],
    }),
  };
}

const telephone = (value: string, what: string, rank: number): object => ({
  extension: [{ url: COMMENT, valueString: what }],
  system: 'phone',
  value,
  use: 'work',
  rank,
});

const auditEvent = (visit: Visit): Resource => ({
  resourceType: 'AuditEvent',
  id: visit.id.toLowerCase(),
  type: AUDIT_TYPE,
  action: 'R',
  recorded: iso(visit.at),
  outcome: '0',
  agent: [
    {
      role: [{ coding: [{ system: ROLE_CODE, code: visit.role }] }],
      who: { type: 'PractitionerRole', identifier: { system: ROLE_PROFILE, value: visit.roleId } },
      requestor: true,
    },
  ],
  source: {
    site: visit.place,
    observer: {
      type: 'Organization',
      identifier: { system: ODS_CODE, value: visit.ods },
      display: visit.organisation,
    },
  },
  entity: [{ what: { type: 'Patient', identifier: { system: NHS_NUMBER, value: visit.nhsNumber } } }],
});

const practitionerRole = (visit: Visit): Resource => ({
  resourceType: 'PractitionerRole',
  id: visit.roleId,
  identifier: [{ system: ROLE_PROFILE, value: visit.roleId }],
  practitioner: { identifier: { system: USER_ID, value: visit.userId } },
  organization: { identifier: { system: ODS_CODE, value: visit.ods }, display: visit.organisation },
  code: [{ coding: [{ system: ROLE_CODE, code: visit.role }] }],
});
