/** Reads the published FHIR STU3 requests of the e-Referral service into the words of the service. */
import type { Instant } from '../../core/clock.ts';
import type { CheckedDocument } from '../../core/document.ts';
import type { Cause } from '../../core/envelope.ts';
import { type ErrorCode, HubError } from '../../core/errors.ts';
import { isNhsNumber, isOdsCode, type NhsNumber, type OdsCode } from '../../core/identifiers.ts';
import { type ApiError, coded, UNPROCESSABLE } from './error-codes.ts';
import { isUbrn } from './identifiers.ts';
import { type Coding, LETTER_INTENTIONS, type LetterIntention, PRIORITIES, type Priority } from './model.ts';
import { at, listAt, textAt } from './select.ts';
import { ERS_SERVICE, NHS_NUMBER, PRIORITY, SDS_USER } from './systems.ts';

/** The codes for values that no rule need look at. */
type ValueCode = Extract<ApiError, 'MISSING_VALUE' | 'INVALID_VALUE' | 'INVALID_CODE' | 'UNEXPECTED_FIELD'>;

/** What is wrong with a value, as the service says it: 422, its own code, and where the value is. */
export const wrong = (
  serviceCode: ValueCode,
  path: string,
  what: string,
  code: ErrorCode = 'VALUE_INVALID',
): HubError => new HubError(code, { ...coded(serviceCode), status: UNPROCESSABLE, faults: [{ path, what }] });

export function json(document: CheckedDocument): unknown {
  if (document.kind !== 'json') throw new HubError('BODY_MISSING');
  return document.value;
}

/** The parameters by name; one that is not named here, or is there twice, is refused. */
export function parametersOf(document: unknown, names: readonly string[]): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  listAt(document, 'parameter').forEach((each, place) => {
    const name = textAt(each, 'name');
    const path = `Parameters.parameter[${place}]`;
    if (name === undefined || !names.includes(name)) throw wrong('UNEXPECTED_FIELD', path, 'it has no such parameter');
    if (found.has(name)) throw wrong('UNEXPECTED_FIELD', path, 'the parameter is there twice');
    found.set(name, each);
  });
  return found;
}

export function needed<Value>(value: Value | undefined, path: string): Value {
  if (value === undefined) throw wrong('MISSING_VALUE', path, 'a value is expected');
  return value;
}

export function oneOf<Code extends string>(value: string | undefined, allowed: readonly Code[], path: string): Code {
  const found = allowed.find((code) => code === needed(value, path));
  if (found === undefined) throw wrong('INVALID_CODE', path, `one of ${allowed.join(', ')} is expected`);
  return found;
}

/** The value of an identifier of this system. */
export function identifier(value: unknown, system: string, path: string): string {
  if (at(value, 'system') !== system) throw wrong('INVALID_VALUE', `${path}.system`, `${system} is expected`);
  return needed(textAt(value, 'value'), `${path}.value`);
}

export function patientNumber(value: unknown, path: string): NhsNumber {
  const number = identifier(value, NHS_NUMBER, path);
  if (!isNhsNumber(number)) throw wrong('INVALID_VALUE', path, 'a right check digit is expected', 'NHS_NUMBER_INVALID');
  return number;
}

export function instant(value: string, path: string): Instant {
  const parsed = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(parsed)) throw wrong('INVALID_VALUE', path, 'an instant is expected');
  return parsed;
}

function coding(value: unknown): Coding | undefined {
  const code = textAt(value, 'code');
  return code === undefined ? undefined : { system: textAt(value, 'system') ?? '', code };
}

export interface CreateReferral {
  readonly nhsNumber: NhsNumber;
  readonly clinician?: string;
  readonly letter: LetterIntention;
  readonly reminderDays: number;
  readonly pathwayStart?: Instant;
  readonly commissioner?: OdsCode;
  readonly criteria: readonly unknown[];
  readonly priority: Priority;
  readonly specialty?: Coding;
  readonly clinicType?: Coding;
  readonly services: readonly string[];
}

/** Source: e-RS specification, A011. */
export function readCreate(document: CheckedDocument, cause: Cause): CreateReferral {
  const names = [
    'patient',
    'referringClinician',
    'shortlist',
    'intentionToAddReferralLetter',
    'firstReminderLetterFollowUpDays',
    'eReferralPathwayStart',
  ];
  const sent = parametersOf(json(document), names);
  const clinician = sent.get('referringClinician');
  const start = textAt(sent.get('eReferralPathwayStart'), 'valueInstant');
  const days = at(sent.get('firstReminderLetterFollowUpDays'), 'valueUnsignedInt');
  if (typeof days !== 'number' || !Number.isInteger(days) || days < 0)
    throw wrong(days === undefined ? 'MISSING_VALUE' : 'INVALID_VALUE', 'firstReminderLetterFollowUpDays', 'days');
  const letter = textAt(sent.get('intentionToAddReferralLetter'), 'valueCoding', 'code');
  const commissioner = cause.parameters['nhsd-ers-comm-rule-org'];
  return {
    nhsNumber: patientNumber(at(needed(sent.get('patient'), 'patient'), 'valueIdentifier'), 'patient'),
    ...(clinician !== undefined && {
      clinician: identifier(at(clinician, 'valueIdentifier'), SDS_USER, 'referringClinician'),
    }),
    letter: oneOf(letter, LETTER_INTENTIONS, 'intentionToAddReferralLetter'),
    reminderDays: days,
    ...(start !== undefined && { pathwayStart: instant(start, 'eReferralPathwayStart') }),
    ...(commissioner !== undefined && isOdsCode(commissioner) && { commissioner }),
    ...readShortlist(at(needed(sent.get('shortlist'), 'shortlist'), 'resource')),
  };
}

type Shortlist = Pick<CreateReferral, 'criteria' | 'priority' | 'specialty' | 'clinicType' | 'services'>;

function readShortlist(list: unknown): Shortlist {
  const named = textAt(list, 'extension', 0, 'valueReference', 'reference');
  const held = listAt(list, 'contained').find((each) => `#${textAt(each, 'id')}` === named);
  const criteria = listAt(needed(held, 'shortlist.contained'), 'parameter');
  const criterion = (name: string) =>
    at(
      criteria.find((each) => at(each, 'name') === name),
      'valueCoding',
    );
  if (at(criterion('priority'), 'system') !== PRIORITY)
    throw wrong('MISSING_VALUE', 'shortlist.contained.parameter(priority)', `a code of ${PRIORITY} is expected`);
  const priorities = Object.keys(PRIORITIES) as Priority[];
  const specialty = coding(criterion('specialty'));
  const clinicType = coding(criterion('clinicType'));
  const services = listAt(list, 'entry').map((entry, place) =>
    identifier(at(entry, 'item', 'identifier'), ERS_SERVICE, `shortlist.entry[${place}].item.identifier`),
  );
  if (services.length === 0) throw wrong('MISSING_VALUE', 'shortlist.entry', 'at least one service is expected');
  return {
    criteria,
    priority: oneOf(textAt(criterion('priority'), 'code'), priorities, 'shortlist.contained.parameter(priority)'),
    ...(specialty && { specialty }),
    ...(clinicType && { clinicType }),
    services,
  };
}

/** The booking reference of the path. */
export function readUbrn(cause: Cause): string {
  const ubrn = cause.parameters['ubrn'];
  if (ubrn === undefined || !isUbrn(ubrn))
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: 'ubrn', what: 'twelve digits are expected' }] });
  return ubrn;
}

/** A change to one referral under If-Match; the version is undefined where the header is not there. */
export interface Change {
  readonly ubrn: string;
  readonly version?: number;
}

export function readChange(cause: Cause): Change {
  const header = cause.parameters['if-match'];
  const ubrn = readUbrn(cause);
  if (header === undefined || header === '') return { ubrn };
  const version = /^W\/"(\d{1,9})"$/.exec(header)?.[1];
  if (version === undefined)
    throw new HubError('HEADER_INVALID', { faults: [{ path: 'If-Match', what: 'W/"n" is expected' }] });
  return { ubrn, version: Number(version) };
}

export interface Reject extends Change {
  readonly reason: Coding;
  readonly comments?: string;
  readonly cancelledInPas?: boolean;
}

/** Source: e-RS specification, A014. */
export function readReject(document: CheckedDocument, cause: Cause): Reject {
  const sent = parametersOf(json(document), ['rejectionReason', 'rejectionComments', 'appointmentCancelledInPAS']);
  const reason = needed(coding(at(sent.get('rejectionReason'), 'valueCoding')), 'rejectionReason');
  const comments = textAt(sent.get('rejectionComments'), 'valueString');
  const cancelled = at(sent.get('appointmentCancelledInPAS'), 'valueBoolean');
  return {
    ...readChange(cause),
    reason,
    ...(comments !== undefined && { comments }),
    ...(typeof cancelled === 'boolean' && { cancelledInPas: cancelled }),
  };
}
