/** A line of the trail as a FHIR R4 AuditEvent, for those who read audit with tools of their own. */
import type { AuditLine } from '../core/audit-chain.ts';
import { iso } from '../core/clock.ts';

const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
const SYSTEM_ID = 'https://fhir.nhs.uk/Id/nhsSpineASID';
const USER_ID = 'https://fhir.nhs.uk/Id/sds-user-id';
const ROLE = 'https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode';
const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
const EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const SECURITY_SOURCE = 'http://terminology.hl7.org/CodeSystem/security-source-type';
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const ENTITY_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';

/** AuditEvent.outcome: success, minor failure (refused as it should be), serious failure (the hub or a receiver failed). */
const OUTCOMES = { success: '0', refused: '4', failed: '8' } as const satisfies Record<AuditLine['outcome'], string>;

/** AuditEvent.action by the first word of ours: create, read, update, delete; all else is execute. */
const ACTIONS: readonly (readonly [action: 'C' | 'R' | 'U' | 'D', words: ReadonlySet<string>])[] = [
  ['C', new Set(['create', 'register', 'invite', 'enrol', 'bind', 'upload'])],
  ['R', new Set(['read', 'list', 'view', 'query', 'get', 'fetch', 'search'])],
  ['U', new Set(['update', 'change', 'suspend', 'resume', 'renew', 'accept', 'reject', 'replay'])],
  ['D', new Set(['delete', 'revoke', 'unbind', 'remove', 'withdraw', 'cancel'])],
];

/** What stands beside the line: the hub that keeps the trail. */
export interface FhirObserver {
  /** The hub's own party key. */
  readonly partyKey: string;
}

/**
 * Source: HL7 FHIR R4 AuditEvent. The line's number and hash travel as entity details, so that a reader can hold the event
 * against the chain.
 */
export function auditEventOf(line: AuditLine, observer: FhirObserver): object {
  const word = line.action.split('-')[0] ?? '';
  return {
    resourceType: 'AuditEvent',
    id: `line-${line.seq}`,
    type: line.system === null ? coding(DICOM, '110100', 'Application Activity') : coding(EVENT_TYPE, 'transmit'),
    subtype: [{ code: line.action }],
    action: ACTIONS.find(([, words]) => words.has(word))?.[0] ?? 'E',
    recorded: iso(line.at),
    outcome: OUTCOMES[line.outcome],
    ...(line.code !== undefined && { outcomeDesc: line.code }),
    ...(line.reason !== undefined && { purposeOfEvent: [{ text: line.reason }] }),
    agent: agentsOf(line),
    source: {
      observer: { identifier: { value: observer.partyKey }, display: 'Vertebra' },
      type: [coding(SECURITY_SOURCE, '4', 'Application Server')],
    },
    entity: entitiesOf(line),
  };
}

function agentsOf(line: AuditLine): object[] {
  const person = line.user !== null && {
    who: { identifier: { system: USER_ID, value: line.user } },
    ...(line.role !== null && { role: [{ coding: [{ system: ROLE, code: line.role }] }] }),
    requestor: true,
  };
  const system = line.system !== null && {
    type: { coding: [coding(DICOM, '110153', 'Source Role ID')] },
    who: { identifier: { system: SYSTEM_ID, value: line.system } },
    requestor: !person,
  };
  const organisation = line.ods !== null && {
    who: { identifier: { system: ODS_CODE, value: line.ods } },
    requestor: false,
  };
  const agents = [person, system, organisation].filter((agent) => agent !== false);
  return agents.length > 0 ? agents : [{ who: { display: 'unknown' }, requestor: true }];
}

function entitiesOf(line: AuditLine): object[] {
  const patient = line.patient !== undefined && {
    what: { identifier: { system: NHS_NUMBER, value: line.patient } },
    type: coding(ENTITY_TYPE, '1', 'Person'),
    role: coding(ENTITY_ROLE, '1', 'Patient'),
  };
  const message = line.messageId !== null && {
    what: { identifier: { value: line.messageId } },
    type: coding(ENTITY_TYPE, '4', 'Other'),
    ...(line.interaction !== null && { detail: [{ type: 'interaction', valueString: line.interaction }] }),
  };
  const thing = line.entity !== undefined && {
    what: { identifier: { value: line.entity } },
    type: coding(ENTITY_TYPE, '2', 'System Object'),
  };
  const chain = {
    what: { identifier: { value: `audit/${line.seq}` } },
    type: coding(ENTITY_TYPE, '2', 'System Object'),
    role: coding(ENTITY_ROLE, '13', 'Security Resource'),
    detail: [{ type: 'chain-hash', valueString: line.hash }],
  };
  return [patient, message, thing, chain].filter((entity) => entity !== false);
}

const coding = (system: string, code: string, display?: string): object => ({
  system,
  code,
  ...(display !== undefined && { display }),
});
