/** Example messages of child protection sharing, good and bad, made with the ids that the caller passes in. */
import { personRecord } from '../../adapters/cpis/records.ts';
import type { MessageExample } from '../example.ts';

export interface ExampleChild {
  readonly nhsNumber: string;
  readonly familyName: string;
  readonly givenName?: string;
  /** `YYYYMMDD` */
  readonly birthDate: string;
}

export interface ExampleRecord {
  /** GUID: the result of the record comes back under it. */
  readonly id: string;
  readonly kind: 'LAC' | 'CPP' | 'UCP';
  /** The child; for an unborn child (UCP) the mother. */
  readonly person: ExampleChild;
  /** Dates are `YYYYMMDD`, written as they stand so that bad ones can be sent. */
  readonly dueDate?: string;
  readonly start: string;
  readonly end?: string;
  readonly deleted?: string;
}

export interface ExampleUpload {
  /** GUID of the file. */
  readonly id: string;
  readonly ods: string;
  readonly name?: string;
  readonly sequence: number | string;
  readonly records: readonly ExampleRecord[];
  /** How many records the file says it holds; as many as it does, unless told otherwise. */
  readonly quantity?: number;
  /** `YYYYMMDDhhmmss+zzzz` */
  readonly createdAt?: string;
}

/** A local authority's file (REPC_MT000002GB01). */
export function localAuthorityUpload(upload: ExampleUpload): string {
  const { id, ods, name = 'Exampleshire Council', sequence, records } = upload;
  return `<?xml version="1.0" encoding="UTF-8"?>
<LocalAuthorityUpload xmlns="urn:hl7-org:v3" classCode="INFO" moodCode="EVN">
  <id root="${id}"/>
  <creationTime value="${upload.createdAt ?? '20260302090000+0000'}"/>
  <sequenceNumber root="2.16.840.1.113883.2.1.3.2.4.18.46" extension="${sequence}"/>
  <transmissionQuantity value="${upload.quantity ?? records.length}"/>
  <author>
    <representedOrganization>
      <id root="1.2.826.0.1285.0.1.10" extension="${ods}"/>
      <name>${name}</name>
      <telecom use="WP" value="tel:01632 960100"/>
      <telecom use="EC" value="tel:01632 960999"/>
    </representedOrganization>
  </author>
${records.map(recordXml).join('\n')}
</LocalAuthorityUpload>
`;
}

const TEMPLATES = { LAC: 'COCT_TP146100GB01', CPP: 'COCT_TP146101GB01', UCP: 'COCT_TP146102GB01' } as const;

function recordXml(record: ExampleRecord): string {
  const plan = `${record.kind}Plan`;
  return `  <record>
    <id root="${record.id}"/>
    <subject>${subjectXml(record)}</subject>
    <${plan}>
      <templateId extension="${TEMPLATES[record.kind]}"/>
      <StartDate value="${record.start}"/>${dateXml('EndDate', record.end)}${dateXml('DeleteDate', record.deleted)}
    </${plan}>
  </record>`;
}

function subjectXml({ kind, person, dueDate }: ExampleRecord): string {
  if (kind !== 'UCP') return `<child><templateId extension="COCT_TP145101GB01"/>${personXml(person)}</child>`;
  const due = dateXml('expectedDeliveryDate', dueDate);
  return `<unbornChild><templateId extension="COCT_TP145100GB01"/>${due}<mother>${personXml(person)}</mother></unbornChild>`;
}

const personXml = ({ nhsNumber, familyName, givenName, birthDate }: ExampleChild): string =>
  `<id root="2.16.840.1.113883.2.1.4.1" extension="${nhsNumber}"/><name>${
    givenName === undefined ? '' : `<given>${givenName}</given>`
  }<family>${familyName}</family></name><birthTime value="${birthDate}"/>`;

const dateXml = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `<${name} value="${value}"/>`;

/** The query parameters and headers of a view, as the hub hands them to the interaction. */
export function careTeamSearch(nhsNumber: string, unscheduled?: 'true' | 'false'): Record<string, string> {
  return {
    'patient:identifier': `https://fhir.nhs.uk/Id/nhs-number|${nhsNumber}`,
    ...(unscheduled !== undefined && { isunscheduledaccessevent: unscheduled }),
  };
}

/** Files that break their form, each with what is wrong: a schema refuses them before any rule sees them. */
export function badUploads(good: ExampleUpload): readonly { readonly what: string; readonly xml: string }[] {
  const xml = localAuthorityUpload(good);
  return [
    { what: 'no record', xml: localAuthorityUpload({ ...good, records: [] }) },
    { what: 'a creation time without a zone', xml: localAuthorityUpload({ ...good, createdAt: '20260302090000' }) },
    { what: 'a sequence number under another root', xml: xml.replace('2.4.18.46', '2.4.18.47') },
    { what: 'no emergency duty telephone', xml: xml.replace(/<telecom use="EC"[^>]*>/, '') },
    { what: 'two office telephones', xml: xml.replace('use="EC"', 'use="WP"') },
    { what: 'an element nobody knows', xml: xml.replace('<author>', '<remarks/><author>') },
    { what: 'another namespace', xml: xml.replace('urn:hl7-org:v3', 'urn:hl7-org:v2') },
    { what: 'a plan without its start', xml: xml.replace(/<StartDate[^>]*>/, '') },
    { what: 'a document type declaration', xml: xml.replace('?>', '?><!DOCTYPE x>') },
    { what: 'cut short', xml: xml.slice(0, -30) },
  ];
}

/** Searches that no rule should see. */
export const badSearches: readonly { readonly what: string; readonly parameters: Readonly<Record<string, string>> }[] =
  [
    { what: 'no patient', parameters: {} },
    { what: 'a number without its system', parameters: { 'patient:identifier': '9990000018' } },
    { what: 'another system', parameters: { 'patient:identifier': 'https://example.org/id|9990000018' } },
    { what: 'a wrong check digit', parameters: careTeamSearch('9990000019') },
    {
      what: 'two numbers',
      parameters: { 'patient:identifier': 'https://fhir.nhs.uk/Id/nhs-number|9990000018|9990000026' },
    },
    {
      what: 'an unclear unscheduled flag',
      parameters: { ...careTeamSearch('9990000018'), isunscheduledaccessevent: 'perhaps' },
    },
  ];

/** Nobody real: a child with a plan, and a woman who expects one. */
export const people = {
  child: { nhsNumber: '9990000018', familyName: 'Quickfall', givenName: 'Amy', birthDate: '20180514' },
  mother: { nhsNumber: '9990000034', familyName: 'Brontë', givenName: 'Ana', birthDate: '19950101' },
} as const satisfies Record<string, ExampleChild>;

/** What demographics must know of a person before an upload can match. */
export const known = ({ nhsNumber, familyName, birthDate }: ExampleChild) =>
  personRecord({
    nhsNumber,
    familyName,
    birthDate: `${birthDate.slice(0, 4)}-${birthDate.slice(4, 6)}-${birthDate.slice(6, 8)}`,
  });

const guid = (number: number): string => `0E0E0E0E-0000-4000-8000-${String(number).padStart(12, '0')}`;
const council = { kind: 'local-authority', ods: '301' } as const;
const emergency = { kind: 'emergency-department', ods: 'RXX01' } as const;
const UPLOAD = 'urn:nhs-itk:interaction:CP-ISLocalAuthorityUpload-v1-0';

const goodUpload: ExampleUpload = {
  id: guid(1),
  ods: council.ods,
  sequence: 1,
  records: [
    { id: guid(2), kind: 'CPP', person: people.child, start: '20250601' },
    { id: guid(3), kind: 'LAC', person: people.child, start: '20250701', end: '20260228' },
    { id: guid(4), kind: 'UCP', person: people.mother, start: '20260101', dueDate: '20260501' },
  ],
};

const viewed = { from: emergency, activities: ['B0107'], interaction: 'fhir:cpis:care-team' } as const;

/** A file, a view that notifies, a silent one, the visits; then what must be refused. */
export const contractExamples: readonly MessageExample[] = [
  {
    what: 'an authority that sends three plans',
    interaction: UPLOAD,
    from: council,
    body: localAuthorityUpload(goodUpload),
    seed: [known(people.child), known(people.mother)],
  },
  {
    what: 'the next file, with a record that does not match and a deletion',
    interaction: UPLOAD,
    from: council,
    body: localAuthorityUpload({
      ...goodUpload,
      id: guid(5),
      sequence: 2,
      records: [
        { id: guid(6), kind: 'CPP', person: { ...people.child, familyName: 'Other' }, start: '20250601' },
        { id: guid(7), kind: 'LAC', person: people.child, start: '20250701', deleted: '20260301' },
      ],
    }),
  },
  { ...viewed, what: 'an unscheduled view', parameters: careTeamSearch(people.child.nhsNumber) },
  { ...viewed, what: 'a silent view', parameters: careTeamSearch(people.mother.nhsNumber, 'false') },
  {
    ...viewed,
    what: 'a view of the visits',
    interaction: 'fhir:cpis:audit-event',
    parameters: { ...careTeamSearch(people.child.nhsNumber), _include: 'AuditEvent:agent' },
  },
  {
    ...viewed,
    what: 'a scheduled role that claims an unscheduled visit',
    activities: ['B0170'],
    parameters: careTeamSearch(people.child.nhsNumber, 'true'),
    refused: ['ROLE_NOT_PERMITTED'],
  },
  {
    what: 'a file in another authority’s name',
    interaction: UPLOAD,
    from: council,
    body: localAuthorityUpload({ ...goodUpload, ods: '302' }),
    refused: ['PARTY_MISMATCH'],
  },
  ...badUploads(goodUpload).map(({ what, xml }) => ({
    what: `an upload with ${what}`,
    interaction: UPLOAD,
    from: council,
    body: xml,
    refused: ['XML_INVALID', 'XML_ILL_FORMED', 'XML_DOCTYPE'] as const,
  })),
  ...badSearches.map(({ what, parameters }) => ({
    ...viewed,
    what: `a search with ${what}`,
    parameters,
    refused: ['PARAMETER_INVALID', 'NHS_NUMBER_INVALID'] as const,
  })),
];
