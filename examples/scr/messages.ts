/** Messages of the Summary Care Record, good and bad, built from the ids they are given. Invented patients only. */

/** Test numbers of the 999 range, with right check digits. */
export const PATIENTS = { ada: '9990000018', ben: '9990000026', cara: '9990000034' } as const;

const BASE = 'https://hub.example/summary-care-record/FHIR/R4';
const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
const SNOMED = 'http://snomed.info/sct';
const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';

const id = (system: string, value: string): object => ({ identifier: { system, value } });
const coded = (code: string, display: string): object => ({ coding: [{ system: SNOMED, code, display }] });
const section = (title: string, code: string, html: string): object => ({
  title,
  code: { coding: [{ code }] },
  text: { status: 'generated', div: `<div ${XHTML}>${html}</div>` },
});

export interface SummaryIds {
  readonly nhsNumber: string;
  /** UUID of this summary. */
  readonly summaryId: string;
  /** UUID of the upload itself. */
  readonly bundleId: string;
  readonly ods: string;
  /** The summary that this one replaces: the latest. */
  readonly replaces?: string;
  readonly at?: string;
}

interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly [element: string]: unknown;
}

/** An allergy, an acute and a repeat medicine, and one coded problem. */
export function summary(ids: SummaryIds): object {
  const at = ids.at ?? '2026-02-20T09:15:00+00:00';
  const entry = (resource: Resource): object => ({
    fullUrl: `${BASE}/${resource.resourceType}/${resource.id}`,
    resource,
  });
  return {
    resourceType: 'Bundle',
    id: ids.bundleId,
    identifier: { system: 'https://tools.ietf.org/html/rfc4122', value: ids.bundleId },
    type: 'document',
    timestamp: at,
    entry: [
      entry({
        resourceType: 'Composition',
        id: ids.summaryId,
        identifier: { system: 'https://tools.ietf.org/html/rfc4122', value: ids.summaryId },
        status: 'final',
        type: coded('196981000000101', 'General Practice Summary'),
        category: [coded('163171000000105', 'Care Professional Documentation')],
        subject: { reference: 'Patient/patient' },
        date: at,
        author: [{ reference: 'PractitionerRole/author' }],
        title: 'General Practice Summary',
        ...(ids.replaces !== undefined && {
          relatesTo: [{ code: 'replaces', targetIdentifier: { value: ids.replaces } }],
        }),
        section: [
          section('General Practice Summary', 'Title', '<h3>Invented record for trying the hub</h3>'),
          section('Allergies and Adverse Reactions', 'AllergiesHeader', '<p>Adverse reaction to trimethoprim</p>'),
          section('Acute Medications', 'AcuteMedsHeader', '<p>Naproxen 250mg tablets, 28 tablet</p>'),
          section('Current Repeat Medications', 'RepeatMedsHeader', '<p>Ramipril 5mg capsules, one a day</p>'),
          {
            ...section('Diagnoses', 'DiagnosesHeader', '<p>Essential hypertension</p>'),
            entry: [{ reference: 'Condition/problem' }],
          },
        ],
      }),
      entry({
        resourceType: 'Condition',
        id: 'problem',
        subject: { reference: 'Patient/patient' },
        code: coded('59621000', 'Essential hypertension'),
        onsetDateTime: '2021-06-01',
      }),
      entry({
        resourceType: 'PractitionerRole',
        id: 'author',
        organization: { reference: 'Organization/practice' },
      }),
      entry({
        resourceType: 'Organization',
        id: 'practice',
        identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: ids.ods }],
      }),
      entry({
        resourceType: 'Patient',
        id: 'patient',
        identifier: [{ system: NHS_NUMBER, value: ids.nhsNumber }],
      }),
    ],
  };
}

/** The same summary with mark-up that would run in every string of it that a person writes. */
export function summaryWithMarkup(ids: SummaryIds): object {
  const hostile = `<img src=x onerror="alert(1)"><script>alert('${ids.bundleId}')</script>`;
  const kept = new Set(['resourceType', 'id', 'system', 'value', 'code', 'status', 'type', 'reference', 'fullUrl']);
  const mark = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') return kept.has(name) || /^\d{4}-/.test(value) ? value : `${value}${hostile}`;
    if (Array.isArray(value)) return value.map((each) => mark(each, name));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, mark(inner, key)]));
    return value;
  };
  return mark(summary(ids), '') as object;
}

/** The query of the list, as a path below the service's base. */
export const listPath = (nhsNumber: string): string =>
  `/DocumentReference?patient=${encodeURIComponent(`${NHS_NUMBER}|${nhsNumber}`)}&type=${encodeURIComponent(`${SNOMED}|196981000000101`)}&_sort=date&_count=1`;

export const getPath = (nhsNumber: string, summaryId: string): string =>
  `/Bundle?composition.identifier=${summaryId}&composition.subject%3APatient.identifier=${encodeURIComponent(`${NHS_NUMBER}|${nhsNumber}`)}`;

export const accessPath = (nhsNumber: string): string =>
  `/AuditEvent?patient=${encodeURIComponent(`${NHS_NUMBER}|${nhsNumber}`)}`;

/** The patient's standing answer; `store` is the hub's own second part, for practices. */
export const permission = (nhsNumber: string, view: 'Yes' | 'No' | 'Ask', store?: 'Yes' | 'No'): object => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'setPermissions',
      part: [
        { name: 'nhsNumber', valueString: nhsNumber },
        {
          name: 'permissionCode',
          valueCoding: { system: 'https://fhir.nhs.uk/CodeSystem/SCR-ACSPermission', code: view },
        },
        ...(store === undefined
          ? []
          : [
              {
                name: 'permissionCode',
                valueCoding: { system: 'https://vertebra.example/CodeSystem/scr-store-consent', code: store },
              },
            ]),
      ],
    },
  ],
});

export interface AlertIds {
  readonly alertId: string;
  readonly nhsNumber: string;
  readonly ods: string;
  readonly userId: string;
  readonly systemId: string;
  /** 1 self-claimed relationship, 2 access alert. */
  readonly type?: string;
  /** 1 to 6: see `ALERT_REASONS`. */
  readonly reason?: string;
  readonly words?: string;
  readonly at?: string;
}

/** An override: why the summary is to be viewed without permission. An access in an emergency unless told otherwise. */
export const alert = (ids: AlertIds): object => ({
  resourceType: 'AuditEvent',
  id: ids.alertId,
  extension: [
    {
      url: 'https://fhir.nhs.uk/StructureDefinition/Extension-SCR-NotificationMessage',
      valueString: 'Permission to view was overridden',
    },
  ],
  type: {
    system: 'https://fhir.nhs.uk/CodeSystem/SCR-AlertType',
    code: ids.type ?? '2',
    display: 'Alert',
  },
  subtype: [{ system: 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason', code: ids.reason ?? '5', display: 'Reason' }],
  ...(ids.words !== undefined && { outcomeDesc: ids.words }),
  recorded: ids.at ?? '2026-03-02T10:00:00+00:00',
  agent: [
    { who: id(NHS_NUMBER, ids.nhsNumber), requestor: false },
    { who: id('https://fhir.nhs.uk/Id/ods-organization-code', ids.ods), requestor: false },
    {
      who: id('https://fhir.nhs.uk/Id/sds-user-id', ids.userId),
      role: [{ text: 'Pharmacist' }],
      requestor: false,
    },
  ],
  source: { observer: id('https://fhir.nhs.uk/Id/nhsSpineASID', ids.systemId) },
  entity: [{ what: { identifier: { value: ids.alertId } } }],
});

/** What is wrong with a message, and the message. */
export interface BadExample {
  readonly fault: string;
  readonly body: object;
}

/** Uploads that are refused before any rule is asked. */
export function badSummaries(ids: SummaryIds): readonly BadExample[] {
  const good = () => structuredClone(summary(ids)) as { type: string; entry: { resource: Record<string, unknown> }[] };
  const changed = (fault: string, change: (bundle: ReturnType<typeof good>) => void): BadExample => {
    const body = good();
    change(body);
    return { fault, body };
  };
  const first = (bundle: ReturnType<typeof good>) => bundle.entry[0]?.resource ?? {};
  return [
    changed('no composition', (bundle) => bundle.entry.shift()),
    changed('two compositions', (bundle) => bundle.entry.push({ resource: first(bundle) })),
    changed('no patient', (bundle) => bundle.entry.pop()),
    changed('not a document', (bundle) => Object.assign(bundle, { type: 'collection' })),
    changed('not final', (bundle) => Object.assign(first(bundle), { status: 'preliminary' })),
    changed('another type', (bundle) => Object.assign(first(bundle), { type: coded('371531000', 'Report') })),
    changed('another category', (bundle) => Object.assign(first(bundle), { category: [] })),
    changed('no section', (bundle) => Object.assign(first(bundle), { section: [] })),
    changed('another subject', (bundle) => Object.assign(first(bundle), { subject: { reference: 'Patient/other' } })),
    changed('an id that is no UUID', (bundle) => Object.assign(first(bundle), { identifier: { value: 'latest' } })),
    { fault: 'a wrong check digit', body: summary({ ...ids, nhsNumber: '9990000019' }) },
  ];
}
