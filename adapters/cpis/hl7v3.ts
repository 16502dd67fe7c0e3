/** Child protection sharing in HL7v3: the authority's file that comes in, the acknowledgement and the notice that go out. */
import type { Instant } from '../../core/clock.ts';
import type { CheckedDocument, XmlElement } from '../../core/document.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import { formatHl7Time } from '../../schemas/hl7v3-time.ts';
import { at, attribute, child, children, escapeXml, textOf } from '../../schemas/xml-read.ts';
import type { CalendarDate, Plan, PlanKind, Subject, Upload, UploadRecord, Visit } from './model.ts';
import { sentDate } from './states.ts';
import {
  FILE_FAULTS,
  FILE_RESULTS,
  type FileFault,
  type FileResult,
  OID,
  PLANS,
  RECORD_DETAILS,
  RECORD_RESULTS,
  type RecordDetail,
  type RecordResult,
} from './tables.ts';

const KINDS = Object.keys(PLANS) as PlanKind[];

/**
 * Message 1, REPC_MT000002GB01. Throws PARTY_MISMATCH where the file names another organisation than the certificate
 * proves, and XML_INVALID where an element is missing that the schema asks for.
 */
export function readUpload(document: CheckedDocument, { sender }: Cause): Upload {
  if (document.kind !== 'xml' || document.root.name !== 'LocalAuthorityUpload') throw missing('LocalAuthorityUpload');
  const root = document.root;
  const organisation = at(root, 'author/representedOrganization');
  const ods = needed(attribute(child(organisation, 'id'), 'extension'), 'representedOrganization/id');
  if (ods !== sender.ods) throw new HubError('PARTY_MISMATCH', { claimed: ods, proven: sender.ods });
  const telephone = (use: string): string => {
    const telecom = children(organisation, 'telecom').find((one) => attribute(one, 'use') === use);
    return needed(attribute(telecom, 'value'), 'representedOrganization/telecom').replace(/^tel:/, '');
  };
  return {
    fileId: needed(attribute(child(root, 'id'), 'root'), 'id').toUpperCase(),
    sequence: sequenceOf(attribute(child(root, 'sequenceNumber'), 'extension')),
    quantity: Number(needed(attribute(child(root, 'transmissionQuantity'), 'value'), 'transmissionQuantity')),
    authority: {
      ods,
      name: needed(textOf(child(organisation, 'name')), 'representedOrganization/name'),
      contacts: { officeHours: telephone('WP'), emergencyDuty: telephone('EC') },
    },
    records: children(root, 'record').map(readRecord),
  };
}

/** A positive whole number; anything else is unreadable. */
const sequenceOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^[0-9]{1,15}$/.test(text) && Number(text) > 0 ? Number(text) : undefined;

function readRecord(record: XmlElement): UploadRecord {
  const kind = KINDS.find((one) => child(record, PLANS[one].element));
  if (!kind) throw missing('record plan');
  const plan = child(record, PLANS[kind].element);
  const unborn = at(record, 'subject/unbornChild');
  return {
    id: needed(attribute(child(record, 'id'), 'root'), 'record/id').toUpperCase(),
    subject: unborn
      ? {
          ...readPerson(child(unborn, 'mother')),
          unborn: true,
          ...optional('dueDate', dateOf(unborn, 'expectedDeliveryDate')),
        }
      : { ...readPerson(at(record, 'subject/child')), unborn: false },
    plan: {
      kind,
      start: sentDate(attribute(child(plan, 'StartDate'), 'value')),
      end: sentDate(attribute(child(plan, 'EndDate'), 'value')),
      deleted: sentDate(attribute(child(plan, 'DeleteDate'), 'value')),
    },
  };
}

function readPerson(person: XmlElement | undefined): Omit<Subject, 'unborn' | 'dueDate'> {
  return {
    nhsNumber: needed(attribute(child(person, 'id'), 'extension'), 'subject/id'),
    familyName: needed(textOf(at(person, 'name/family')), 'subject/name/family'),
    givenNames: children(child(person, 'name'), 'given').map((given) => given.text.trim()),
    birthDate: dateOf(person, 'birthTime'),
  };
}

/** A day, or undefined for what is absent or none. */
function dateOf(element: XmlElement | undefined, name: string): CalendarDate | undefined {
  const date = sentDate(attribute(child(element, name), 'value'));
  return date === 'unreadable' ? undefined : date;
}

const optional = (name: string, value: string | undefined): object => (value === undefined ? {} : { [name]: value });

function needed(value: string | undefined, path: string): string {
  if (value === undefined) throw missing(path);
  return value;
}

const missing = (path: string): HubError => new HubError('XML_INVALID', { faults: [{ path, what: 'missing' }] });

/** What became of one record of a file. `plan` is what is to be kept, where the record is in. */
export interface Judged {
  readonly record: UploadRecord;
  readonly result: RecordResult;
  readonly detail?: RecordDetail;
  readonly plan?: Plan;
}

interface AcknowledgementParts {
  readonly id: string;
  readonly at: Instant;
  readonly upload: Upload;
  readonly result: FileResult;
  readonly fault?: FileFault;
  readonly judged: readonly Judged[];
}

/** Message 2, REPC_MT000003GB01: the sequence echoed (-1 where it could not be read), and failed records returned. */
export function acknowledgement({ id, at: instant, upload, result, fault, judged }: AcknowledgementParts): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<LocalAuthorityUploadAcknowledgement xmlns="urn:hl7-org:v3" classCode="INFO" moodCode="EVN">',
    `<id root="${id}"/><creationTime value="${hl7Time(instant)}"/>`,
    `<sequenceNumber root="${OID.sequence}" extension="${upload.sequence ?? -1}"/>`,
    `<acknowledgedFile root="${escapeXml(upload.fileId)}"/>`,
    `<fileResult ${coded(OID.fileResult, result, FILE_RESULTS[result])}>${fault ? FILE_FAULTS[fault] : ''}</fileResult>`,
    ...judged.map(recordResult),
    '</LocalAuthorityUploadAcknowledgement>',
    '',
  ].join('\n');
}

function recordResult({ record, result, detail }: Judged): string {
  const qualified = detail ? `<detail code="${detail}">${RECORD_DETAILS[detail]}</detail>` : '';
  const code = `<code ${coded(OID.recordResult, result, RECORD_RESULTS[result])}/>`;
  const returned = result === 'CPR06' ? '' : failedRecord(record);
  return `<recordResult><id root="${escapeXml(record.id)}"/>${code}${qualified}${returned}</recordResult>`;
}

function failedRecord({ subject, plan }: UploadRecord): string {
  const birth = subject.birthDate === undefined ? '' : `<birthTime value="${subject.birthDate.replaceAll('-', '')}"/>`;
  const given = subject.givenNames.map((name) => `<given>${escapeXml(name)}</given>`).join('');
  return (
    `<failedRecord><nhsNumber value="${escapeXml(subject.nhsNumber)}"/>${given}` +
    `<family>${escapeXml(subject.familyName)}</family>${birth}<plan ${recordType(plan.kind)}/></failedRecord>`
  );
}

interface NotificationParts {
  readonly id: string;
  readonly at: Instant;
  readonly visit: Visit;
  /** The receiving authority's plans that were shown. */
  readonly plans: readonly Plan[];
}

/** Message 5, REPC_MT000004GB01: who saw the plans, of which organisation, and when. */
export function accessNotification({ id, at: instant, visit, plans }: NotificationParts): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<AccessToServiceNotification xmlns="urn:hl7-org:v3" classCode="INFO" moodCode="EVN">',
    `<id root="${id}"/><creationTime value="${hl7Time(instant)}"/>`,
    `<accessEvent><id root="${visit.id}"/><effectiveTime value="${hl7Time(visit.at)}"/>`,
    `<subject>${instance(OID.nhsNumber, visit.nhsNumber)}</subject>`,
    ...plans.map(
      (plan) =>
        `<plan><id root="${plan.id}"/><code ${recordType(plan.kind)}/>` +
        `<StartDate value="${plan.start.replaceAll('-', '')}"/></plan>`,
    ),
    `<performer><person>${instance(OID.userId, visit.userId)}<role value="${escapeXml(visit.role)}"/></person>`,
    `<organization>${instance(OID.organisation, visit.ods)}<name>${escapeXml(visit.organisation)}</name>`,
    `<place value="${escapeXml(visit.place)}"/></organization></performer>`,
    '</accessEvent>',
    '</AccessToServiceNotification>',
    '',
  ].join('\n');
}

const instance = (root: string, extension: string): string =>
  `<id root="${root}" extension="${escapeXml(extension)}"/>`;

const coded = (system: string, code: string, display: string): string =>
  `code="${code}" codeSystem="${system}" displayName="${display}"`;

const recordType = (kind: PlanKind): string => `code="${kind}" codeSystem="${OID.recordType}"`;

/** `20260302093000+0000`: a time with its zone, always UTC here. */
const hl7Time = (instant: Instant): string => `${formatHl7Time(instant)}+0000`;
