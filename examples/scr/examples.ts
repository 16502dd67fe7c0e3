/** The messages of a summary's life, good and bad, in the order in which the contract suite tells them. */
import { type PatientConsent, PERMISSIONS } from '../../adapters/scr/model.ts';
import { SUMMARY, writeConsent } from '../../adapters/scr/records.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { MessageExample } from '../example.ts';
import {
  type AlertIds,
  accessPath,
  alert,
  badSummaries,
  getPath,
  listPath,
  PATIENTS,
  permission,
  type SummaryIds,
  summary,
} from './messages.ts';

export * from './messages.ts';

const { ada, ben, cara } = PATIENTS;
const practice = { kind: 'general-practice', ods: 'A83008' } as const;
const otherPractice = { kind: 'general-practice', ods: 'B86010' } as const;
const pharmacy = { kind: 'pharmacy', ods: 'FA565' } as const;
/** The person that the tests make for every organisation, and the number of the system that they make for this pharmacy. */
const USER = '555254239107';
const PHARMACY_SYSTEM = '200361196408';

const uuid = (number: number): string => `5C000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const [first, second, bens] = [uuid(1), uuid(2), uuid(3)];
/** What the query of a path says, as the hub hands it to the interaction. */
const queryOf = (path: string) => Object.fromEntries(new URL(path, 'https://hub.example').searchParams);

const upload = { interaction: 'fhir:scr:upload', from: practice, activities: ['B0380'] } as const;
const list = { interaction: 'fhir:scr:list', from: pharmacy, activities: ['B0370'] } as const;
const get = { ...list, interaction: 'fhir:scr:get' } as const;
const answer = { interaction: 'fhir:scr:set-permission', from: practice, activities: ['B0020'] } as const;
const override = { interaction: 'fhir:scr:alert', from: pharmacy, activities: ['B0168'] } as const;
const access = { interaction: 'fhir:scr:access-list', from: practice, activities: ['B0015'] } as const;

const summaryOf = (nhsNumber: string, summaryId: string, more: Partial<SummaryIds> = {}): string =>
  JSON.stringify(summary({ nhsNumber, summaryId, bundleId: uuid(100), ods: practice.ods, ...more }));
const alertOf = (more: Partial<AlertIds> = {}): string =>
  JSON.stringify(
    alert({
      alertId: uuid(200),
      nhsNumber: ada,
      ods: pharmacy.ods,
      userId: USER,
      systemId: PHARMACY_SYSTEM,
      words: 'Unconscious on arrival',
      ...more,
    }),
  );
const permissionOf = (...told: Parameters<typeof permission>): string => JSON.stringify(permission(...told));

const badUpload = (what: string, body: string, ...refused: ErrorCode[]) => ({ ...upload, what, body, refused });
const badOverride = (what: string, more: Partial<AlertIds>, ...refused: ErrorCode[]) => ({
  ...override,
  what,
  body: alertOf(more),
  refused,
});
const badQuery = (of: typeof get | typeof list | typeof access, what: string, path: string) => ({
  ...of,
  what,
  parameters: queryOf(path),
  refused: ['PARAMETER_INVALID', 'NHS_NUMBER_INVALID'] as const,
});

const uploads: readonly MessageExample[] = [
  { ...upload, what: 'the first summary of a patient', body: summaryOf(ada, first) },
  { ...upload, what: 'a summary that replaces the latest', body: summaryOf(ada, second, { replaces: first }) },
  { ...upload, what: 'the summary of another patient', body: summaryOf(ben, bens) },
  badUpload('an id that is already there', summaryOf(ada, second, { replaces: second }), 'RULE_REFUSED'),
  badUpload('a summary that replaces nothing', summaryOf(ada, uuid(4)), 'RULE_REFUSED'),
  badUpload('a summary that replaces a stale one', summaryOf(ada, uuid(4), { replaces: first }), 'RULE_REFUSED'),
  badUpload('an author of another practice', summaryOf(ben, uuid(4), { ods: 'B86010' }), 'PARTY_MISMATCH'),
  badUpload('a body cut short', summaryOf(ben, uuid(4)).slice(0, -5), 'JSON_ILL_FORMED'),
  ...badSummaries({ nhsNumber: ben, summaryId: uuid(4), bundleId: uuid(100), ods: practice.ods }).map(
    ({ fault, body }) =>
      badUpload(`a summary with ${fault}`, JSON.stringify(body), 'VALUE_INVALID', 'NHS_NUMBER_INVALID', 'JSON_INVALID'),
  ),
];

const views: readonly MessageExample[] = [
  { ...list, what: 'whether there is a summary', parameters: queryOf(listPath(ada)) },
  { ...list, what: 'whether there is one of a patient nobody knows', parameters: queryOf(listPath(cara)) },
  badQuery(list, 'a list of two', listPath(ada).replace('_count=1', '_count=2')),
  badQuery(list, 'a list without a patient', '/DocumentReference?_sort=date'),
  badQuery(list, 'a wrong check digit', listPath('9990000019')),
  badQuery(get, 'an id that is no UUID', getPath(ada, 'latest')),
  badQuery(get, 'a number without its system', `/Bundle?composition.identifier=${second}&patient=${ada}`),
  {
    ...get,
    what: 'a view without permission',
    parameters: queryOf(getPath(ada, second)),
    refused: ['PERMISSION_REQUIRED'],
  },
  { ...get, what: 'the practice that holds the record', from: practice, parameters: queryOf(getPath(ada, second)) },
];

const overrides: readonly MessageExample[] = [
  badOverride('a type and a reason that do not go together', { type: '2', reason: '4' }, 'RULE_REFUSED'),
  badOverride('a reason that the role does not permit', { reason: '3' }, 'ROLE_NOT_PERMITTED'),
  badOverride('a reason that is none', { reason: '7' }, 'VALUE_INVALID', 'JSON_INVALID'),
  badOverride('an override in another person’s name', { userId: '100000000009' }, 'PARTY_MISMATCH'),
  badOverride('an override from another system', { systemId: '200999999999' }, 'PARTY_MISMATCH'),
  badOverride('an override where there is no summary', { nhsNumber: cara }, 'NOT_FOUND'),
  { ...override, what: 'an override in an emergency', body: alertOf() },
  { ...get, what: 'a view under the override', parameters: queryOf(getPath(ada, second)) },
  { ...access, what: 'who looked', parameters: queryOf(accessPath(ada)) },
  { ...access, what: 'the first of those who looked', parameters: queryOf(`${accessPath(ada)}&_count=1`) },
  badQuery(access, 'a page of none', `${accessPath(ada)}&_count=0`),
  {
    ...access,
    what: 'a practice that does not hold the record',
    from: otherPractice,
    parameters: queryOf(accessPath(ada)),
    refused: ['NOT_FOUND'],
  },
];

const permissions: readonly MessageExample[] = [
  ...PERMISSIONS.map((view) => ({
    ...answer,
    what: `a patient who answers ${view}`,
    from: pharmacy,
    body: permissionOf(ben, view),
  })),
  { ...answer, what: 'a patient who says yes once for all', body: permissionOf(ada, 'Yes') },
  { ...get, what: 'a view with permission', parameters: queryOf(getPath(ada, second)) },
  { ...get, what: 'a stale id, with nothing', parameters: queryOf(getPath(ada, first)) },
  {
    ...answer,
    what: 'store consent from a pharmacy',
    from: pharmacy,
    body: permissionOf(ada, 'Yes', 'No'),
    refused: ['INTERACTION_NOT_PERMITTED'],
  },
  {
    ...answer,
    what: 'an answer that is none',
    body: permissionOf(ada, 'Yes').replace('"Yes"', '"Perhaps"'),
    refused: ['VALUE_INVALID'],
  },
  { ...answer, what: 'a patient who does not want a summary', body: permissionOf(cara, 'No', 'No') },
  badUpload('a summary that the patient does not want', summaryOf(cara, uuid(4)), 'PERMISSION_REQUIRED'),
  {
    ...list,
    what: 'a list of what the patient does not want',
    parameters: queryOf(listPath(cara)),
    refused: ['PERMISSION_REQUIRED'],
  },
];

/** The last two uploads undone, so that whoever varies the examples finds them as new as they were. */
function beforeTheLastUploads(): RecordWrite[] {
  const said = (value: PatientConsent) => writeConsent({ version: 0, value }, value);
  const latest = { id: first, practice: practice.ods, uploadedAt: Date.parse('2026-03-02T09:00:00Z') };
  return [
    said({ nhsNumber: ada, view: 'Yes', store: 'Yes', latest }),
    said({ nhsNumber: ben, view: 'Ask', store: 'Yes' }),
    ...[second, bens].map((key) => ({ kind: SUMMARY, key, version: 1, value: null })),
  ];
}

export const contractExamples: readonly MessageExample[] = [
  ...uploads,
  ...views,
  ...overrides,
  ...permissions,
  {
    ...list,
    what: 'whether there is a summary, once the latest is taken back',
    parameters: queryOf(listPath(ada)),
    seed: beforeTheLastUploads(),
  },
];
