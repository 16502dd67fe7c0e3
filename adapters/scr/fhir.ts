/** Reads the published FHIR R4 requests of the Summary Care Record into the words of the service. */
import type { CheckedDocument } from '../../core/document.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import { isNhsNumber, isUuid, type NhsNumber, type OdsCode } from '../../core/identifiers.ts';
import { PERMISSIONS, type Permission } from './model.ts';
import { at, listAt, textAt } from './select.ts';
import { ACS_PERMISSION, GP_SUMMARY, NHS_NUMBER, ODS_CODE, SNOMED, STORE_CONSENT } from './systems.ts';

const CARE_PROFESSIONAL_DOCUMENTATION = '163171000000105';

export const wrong = (path: string, what: string): HubError =>
  new HubError('VALUE_INVALID', { faults: [{ path, what }] });

/** PSIS-35160: the NHS number is missing or not right. */
export function nhsNumber(value: string | undefined, path: string): NhsNumber {
  if (value === undefined || !isNhsNumber(value)) {
    throw new HubError('NHS_NUMBER_INVALID', {
      serviceCode: '35160',
      faults: [{ path, what: 'an NHS number with a right check digit is expected' }],
    });
  }
  return value;
}

export function json(document: CheckedDocument): unknown {
  if (document.kind !== 'json') throw new HubError('BODY_MISSING');
  return document.value;
}

export interface Upload {
  readonly summaryId: string;
  readonly nhsNumber: NhsNumber;
  readonly replaces?: string;
  readonly composedAt: string;
  /** The organisation that the author's role is in, where the bundle says so. */
  readonly authorOds?: OdsCode;
  readonly sections: number;
  readonly identifier?: unknown;
  readonly entry: readonly unknown[];
}

/** The document bundle: a final GP summary of one patient. Source: SCR FHIR API, POST /Bundle. */
export function readUpload(document: CheckedDocument): Upload {
  const bundle = json(document);
  if (at(bundle, 'type') !== 'document') throw wrong('Bundle.type', 'document is expected');
  const entry = listAt(bundle, 'entry');
  const composition = only(entry, 'Composition');
  if (at(composition, 'status') !== 'final') throw wrong('Composition.status', 'final is expected');
  if (!codes(at(composition, 'type')).includes(GP_SUMMARY)) throw wrong('Composition.type', 'a GP summary is expected');
  if (!listAt(composition, 'category').flatMap(codes).includes(CARE_PROFESSIONAL_DOCUMENTATION))
    throw wrong('Composition.category', 'care professional documentation is expected');
  const sections = listAt(composition, 'section').length;
  if (sections === 0) throw wrong('Composition.section', 'at least one section is expected');
  const patient = only(entry, 'Patient');
  const subject = referenced(entry, textAt(composition, 'subject', 'reference'));
  if (subject !== patient) throw wrong('Composition.subject', 'the patient of the bundle is expected');
  const authorOds = authorOrganisation(entry, composition);
  const replaces = replaced(composition);
  const identifier = at(bundle, 'identifier');
  return {
    summaryId: uuid(textAt(composition, 'identifier', 'value'), 'Composition.identifier.value'),
    nhsNumber: nhsNumber(identifierOf(listAt(patient, 'identifier'), NHS_NUMBER), 'Patient.identifier'),
    ...(replaces !== undefined && { replaces }),
    composedAt: textAt(composition, 'date') ?? '',
    ...(authorOds !== undefined && { authorOds }),
    sections,
    ...(identifier !== undefined && { identifier }),
    entry,
  };
}

function only(entry: readonly unknown[], resourceType: string): unknown {
  const found = entry.map((each) => at(each, 'resource')).filter((each) => at(each, 'resourceType') === resourceType);
  if (found.length !== 1) throw wrong('Bundle.entry', `exactly one ${resourceType} is expected`);
  return found[0];
}

function referenced(entry: readonly unknown[], reference: string | undefined): unknown {
  if (reference === undefined) return undefined;
  const named = entry.find((each) => {
    const resource = at(each, 'resource');
    return (
      textAt(each, 'fullUrl') === reference ||
      `${textAt(resource, 'resourceType')}/${textAt(resource, 'id')}` === reference
    );
  });
  return at(named, 'resource');
}

function authorOrganisation(entry: readonly unknown[], composition: unknown): OdsCode | undefined {
  const author = referenced(entry, textAt(composition, 'author', 0, 'reference'));
  const organisation =
    at(author, 'resourceType') === 'Organization'
      ? author
      : referenced(entry, textAt(author, 'organization', 'reference'));
  const direct = at(author, 'organization', 'identifier');
  return identifierOf(listAt(organisation, 'identifier'), ODS_CODE) ?? identifierOf(direct ? [direct] : [], ODS_CODE);
}

function replaced(composition: unknown): string | undefined {
  const found = listAt(composition, 'relatesTo').filter((each) => at(each, 'code') === 'replaces');
  if (found.length > 1) throw wrong('Composition.relatesTo', 'at most one summary may be replaced');
  const first = found[0];
  return first === undefined
    ? undefined
    : uuid(textAt(first, 'targetIdentifier', 'value'), 'Composition.relatesTo.targetIdentifier.value');
}

const codes = (concept: unknown): unknown[] => listAt(concept, 'coding').map((coding) => at(coding, 'code'));

function identifierOf(identifiers: readonly unknown[], system: string): string | undefined {
  return textAt(
    identifiers.find((each) => at(each, 'system') === system),
    'value',
  );
}

function uuid(value: string | undefined, path: string): string {
  if (value === undefined || !isUuid(value)) throw wrong(path, 'a UUID is expected');
  return value.toUpperCase();
}

/** `https://fhir.nhs.uk/Id/nhs-number|9...`, as the published queries name a patient. */
export function readPatient(cause: Cause, name: string): NhsNumber {
  const value = cause.parameters[name];
  const prefix = `${NHS_NUMBER}|`;
  if (value === undefined || !value.startsWith(prefix))
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: name, what: `${prefix} and a number are expected` }] });
  return nhsNumber(value.slice(prefix.length), name);
}

export interface Get {
  readonly nhsNumber: NhsNumber;
  readonly summaryId: string;
}

export function readGet(cause: Cause): Get {
  const id = cause.parameters['composition.identifier'];
  if (id === undefined || !isUuid(id))
    throw new HubError('PARAMETER_INVALID', {
      faults: [{ path: 'composition.identifier', what: 'a UUID is expected' }],
    });
  return {
    nhsNumber: readPatient(cause, 'composition.subject:Patient.identifier'),
    summaryId: id.toUpperCase(),
  };
}

/** The only values that the published list takes: `type`, `_sort` and `_count` may be left out. */
const LIST_VALUES: Readonly<Record<string, string>> = { type: `${SNOMED}|${GP_SUMMARY}`, _sort: 'date', _count: '1' };

export function readList(cause: Cause): NhsNumber {
  for (const [name, expected] of Object.entries(LIST_VALUES)) {
    const value = cause.parameters[name];
    if (value !== undefined && value !== expected)
      throw new HubError('PARAMETER_INVALID', { faults: [{ path: name, what: `only ${expected} is taken` }] });
  }
  return readPatient(cause, 'patient');
}

export interface PermissionChange {
  readonly nhsNumber: NhsNumber;
  readonly view: Permission;
  readonly store?: 'Yes' | 'No';
}

/** Parameters with one `setPermissions`. Source: SCR FHIR API, POST /$setPermission. */
export function readPermission(document: CheckedDocument): PermissionChange {
  const asked = listAt(json(document), 'parameter').filter((each) => at(each, 'name') === 'setPermissions');
  if (asked.length !== 1) throw wrong('Parameters.parameter', 'exactly one setPermissions is expected');
  const parts = listAt(asked[0], 'part');
  const numbers = parts.filter((part) => at(part, 'name') === 'nhsNumber');
  if (numbers.length > 1) throw wrong('Parameters.parameter.part', 'exactly one nhsNumber is expected');
  const path = 'Parameters.parameter.part(nhsNumber)';
  const store = permissionCode(parts, STORE_CONSENT, ['Yes', 'No'], false);
  return {
    nhsNumber: nhsNumber(textAt(numbers[0], 'valueString'), path),
    view: permissionCode(parts, ACS_PERMISSION, PERMISSIONS, true) as Permission,
    ...(store !== undefined && { store: store as 'Yes' | 'No' }),
  };
}

function permissionCode(
  parts: readonly unknown[],
  system: string,
  allowed: readonly string[],
  required: boolean,
): string | undefined {
  const found = parts.filter(
    (part) => at(part, 'name') === 'permissionCode' && at(part, 'valueCoding', 'system') === system,
  );
  if (found.length === 0 && !required) return undefined;
  const code = textAt(found[0], 'valueCoding', 'code');
  if (found.length !== 1 || code === undefined || !allowed.includes(code))
    throw wrong('Parameters.parameter.part(permissionCode)', `exactly one of ${allowed.join(', ')} is expected`);
  return code;
}
