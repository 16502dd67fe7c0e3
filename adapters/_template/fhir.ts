/** The service in FHIR R4. COPY: one file for each wire (fhir.ts, hl7v3.ts); they read into the model and write from it. */
import { iso } from '../../core/clock.ts';
import type { CheckedDocument } from '../../core/document.ts';
import { HubError } from '../../core/errors.ts';
import { isOdsCode } from '../../core/identifiers.ts';
import type { Notice, PostNotice } from './model.ts';
import { isNoticeCode, NOTICE_CODES } from './tables.ts';

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';
const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';

interface Parameters {
  readonly parameter?: readonly {
    readonly name?: string;
    readonly valueCode?: string;
    readonly valueString?: string;
  }[];
}

/**
 * COPY: `read` is pure. The schema has judged the form before; what it cannot judge is refused here with a HubError
 * that says where, and never repeats the value.
 */
export function readPost(document: CheckedDocument): PostNotice {
  if (document.kind !== 'json') throw new HubError('BODY_MISSING');
  const parameters = (document.value as Parameters | null)?.parameter ?? [];
  const code = parameters.find(({ name }) => name === 'code')?.valueCode;
  const to = parameters.find(({ name }) => name === 'to')?.valueString;
  if (code === undefined || !isNoticeCode(code)) throw notAcceptable('code', 'not a code of the list');
  if (to === undefined || !isOdsCode(to)) throw notAcceptable('to', 'not an organisation code');
  return { code, to };
}

const notAcceptable = (name: string, what: string): HubError =>
  new HubError('VALUE_INVALID', { faults: [{ path: `Parameters.parameter[${name}]`, what }] });

export const communication = (notice: Notice): object => ({
  resourceType: 'Communication',
  id: notice.id.toLowerCase(),
  status: 'completed',
  category: [{ text: notice.code }],
  recipient: [{ identifier: { system: ODS_CODE, value: notice.to } }],
  sent: iso(notice.postedAt),
  payload: [{ contentString: NOTICE_CODES[notice.code] }],
});

export const searchset = (id: string, notices: readonly Notice[]): object => ({
  resourceType: 'Bundle',
  id: id.toLowerCase(),
  type: 'searchset',
  total: notices.length,
  ...(notices.length > 0 && {
    entry: notices.map((notice) => ({ resource: communication(notice), search: { mode: 'match' } })),
  }),
});
