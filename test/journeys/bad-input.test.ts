/** What bad input gets: its own code in the protocol's own form, a line in the audit trail, and nothing else. */
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ERRORS, type ErrorCode } from '../../core/errors.ts';
import { type Answered, writeEbxml } from '../../examples/connected-system.ts';
import { localAuthorityUpload } from '../../examples/cpis/examples.ts';
import { faults, nominatedRelease, prescriptionOrder } from '../../examples/eps/examples.ts';
import { listPath, permission, summary } from '../../examples/scr/examples.ts';
import { eventually } from '../support/eventually.ts';
import { startTestHub, type TestHub, type TestSystem } from '../support/hub.ts';
import { errorCodeIn, freshId, isAcknowledged, newOrder, newPrescription, type Order } from '../support/orders.ts';
import { ask, exchange } from './knocking.ts';
import { child } from './plans.ts';

/** Stands in every bad body; no answer may say it back. */
const MARKER = 'Zyxwvut-Marker';
const MOST_BYTES = 2_000_000;

type Form = 'OperationOutcome' | 'ErrorList' | 'SOAP fault' | 'XML error' | 'JSON error';

interface Bad {
  readonly what: string;
  readonly code: ErrorCode;
  readonly form: Form;
  /** Who sends it; the surgery unless said otherwise. */
  readonly from?: 'surgery' | 'pharmacy' | 'emergency' | 'authority';
  send(sender: TestSystem, hub: TestHub, messageId: string): Promise<Answered> | Answered;
}

const once = (bytes: Buffer | string): Buffer[] => [Buffer.from(bytes)];
function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64_000, ' ');
}

// --- ebXML ---------------------------------------------------------------------------------------------------------

const marked = (sender: TestSystem, messageId: string): Order => {
  const order = newOrder(sender);
  return { ...order, messageId, payload: order.payload.replace('1 Example Lane', MARKER) };
};

/** The good message with its payload changed. */
const payload =
  (change: (xml: string) => string): Bad['send'] =>
  (sender, _hub, messageId) => {
    const order = marked(sender, messageId);
    return sender.client.ebxml({ ...order, payload: change(order.payload) });
  };

/** The good message with its whole bytes, or its headers, changed. */
const bytes =
  (
    change: (text: string) => string | Buffer,
    headers: (given: Record<string, string>) => Record<string, string> = (given) => given,
  ): Bad['send'] =>
  (sender, _hub, messageId) => {
    const { contentType, soapAction, body } = writeEbxml(marked(sender, messageId));
    return sender.client.send(
      'POST',
      '/Prescription',
      headers({ 'content-type': contentType, soapaction: soapAction }),
      Buffer.from(change(body.toString('utf8'))),
    );
  };

const header =
  (change: Partial<Order> | ((hub: TestHub) => Partial<Order>)): Bad['send'] =>
  (sender, hub, messageId) =>
    sender.client.ebxml({ ...marked(sender, messageId), ...(typeof change === 'function' ? change(hub) : change) });

const afterDeclaration = (xml: string, text: string): string => xml.replace(/^(<\?xml[^>]*>)?\s*/, `$1${text}`);
const DOCTYPE = `<!DOCTYPE x SYSTEM "file:///etc/passwd">`;
const ENTITY_BOMB = `<!DOCTYPE x [<!ENTITY a "${MARKER}">${Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY ${'abcdefghij'[i + 1]} "${`&${'abcdefghij'[i]};`.repeat(10)}">`,
).join('')}]>`;
const manyAttributes = (xml: string): string =>
  xml.replace(/<(\w+)/, (start) => `${start}${Array.from({ length: 50_000 }, (_, i) => ` a${i}=""`).join('')}`);
const deep = (xml: string): string => xml.replace(/<\/\w+>\s*$/, `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}$&`);
const cutShort = (text: string): string => text.slice(0, -40);

const EBXML: readonly Bad[] = [
  {
    what: 'another system’s party key',
    code: 'PARTY_MISMATCH',
    form: 'ErrorList',
    send: header((hub) => ({ from: hub.systems.village.partyKey })),
  },
  {
    what: 'a receiver that is not the hub',
    code: 'PARTY_UNKNOWN',
    form: 'ErrorList',
    send: header({ to: 'ZZZ-0000001' }),
  },
  {
    what: 'an unknown interaction',
    code: 'INTERACTION_UNKNOWN',
    form: 'ErrorList',
    send: header({ action: 'PORX_IN999999UK99' }),
  },
  {
    what: 'an interaction that the system may not send',
    code: 'INTERACTION_NOT_PERMITTED',
    form: 'ErrorList',
    from: 'pharmacy',
    send: header({}),
  },
  { what: 'an ill-formed payload', code: 'XML_ILL_FORMED', form: 'ErrorList', send: payload(cutShort) },
  {
    what: 'a payload with a value that its schema does not know',
    code: 'XML_INVALID',
    form: 'ErrorList',
    send: payload((xml) => xml.replace(/(<creationTime value=")[^"]*/, `$1${MARKER}`)),
  },
  {
    what: 'a payload with an element that its schema does not know',
    code: 'XML_INVALID',
    form: 'ErrorList',
    send: payload((xml) => xml.replaceAll('ParentPrescription', MARKER)),
  },
  {
    what: 'a DOCTYPE in the payload',
    code: 'XML_DOCTYPE',
    form: 'ErrorList',
    send: payload((xml) => afterDeclaration(xml, DOCTYPE)),
  },
  {
    what: 'an entity bomb in the payload',
    code: 'XML_DOCTYPE',
    form: 'ErrorList',
    send: payload((xml) => afterDeclaration(xml, ENTITY_BOMB).replace(MARKER, '&j;')),
  },
  {
    what: '50,000 attributes in the payload',
    code: 'DOCUMENT_LIMIT',
    form: 'ErrorList',
    send: payload(manyAttributes),
  },
  { what: 'a payload of depth 50,000', code: 'DOCUMENT_LIMIT', form: 'ErrorList', send: payload(deep) },
  {
    what: 'an ill-formed envelope',
    code: 'XML_ILL_FORMED',
    form: 'SOAP fault',
    send: bytes((text) => text.replace('</eb:MessageHeader>', `<${MARKER}>`)),
  },
  {
    what: 'a DOCTYPE in the envelope',
    code: 'XML_DOCTYPE',
    form: 'SOAP fault',
    send: bytes((text) => text.replace('?>\n<SOAP:Envelope', `?>\n${DOCTYPE}<SOAP:Envelope`)),
  },
  {
    what: 'an entity bomb in the envelope',
    code: 'XML_DOCTYPE',
    form: 'SOAP fault',
    send: bytes((text) => text.replace('?>\n<SOAP:Envelope', `?>\n${ENTITY_BOMB}<SOAP:Envelope`)),
  },
  {
    what: '50,000 attributes in the envelope',
    code: 'DOCUMENT_LIMIT',
    form: 'SOAP fault',
    send: bytes((text) =>
      text.replace(
        '<SOAP:Envelope',
        manyAttributes('<SOAP:Envelope')
          .replace('<SOAP', '<SOAP')
          .replace(/^<SOAP((?: a\d+="")+):Envelope$/, '<SOAP:Envelope$1'),
      ),
    ),
  },
  {
    what: 'an envelope of depth 50,000',
    code: 'DOCUMENT_LIMIT',
    form: 'SOAP fault',
    send: bytes((text) =>
      text.replace('</SOAP:Envelope>', `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}</SOAP:Envelope>`),
    ),
  },
  {
    what: 'a multipart body without its end',
    code: 'MULTIPART_BROKEN',
    form: 'SOAP fault',
    send: bytes((text) => text.slice(0, text.lastIndexOf('\r\n--'))),
  },
  {
    what: 'a multipart body with another boundary',
    code: 'MULTIPART_BROKEN',
    form: 'SOAP fault',
    send: bytes((text) => text.replaceAll('--=_MIME-Boundary', `--${MARKER}`)),
  },
  {
    what: 'a multipart type without a boundary',
    code: 'MULTIPART_BROKEN',
    form: 'SOAP fault',
    send: bytes(
      (text) => text,
      (given) => ({ ...given, 'content-type': 'multipart/related; type=text/xml' }),
    ),
  },
  {
    what: 'a part that the manifest does not name',
    code: 'EBXML_INVALID',
    form: 'ErrorList',
    send: bytes((text) => text.replace(/xlink:href="cid:[^"]*"/, `xlink:href="cid:${MARKER}"`)),
  },
  { what: 'no body at all', code: 'MULTIPART_BROKEN', form: 'SOAP fault', send: bytes(() => '') },
  {
    what: 'a gzip bomb',
    code: 'BODY_TOO_LARGE',
    form: 'SOAP fault',
    send: bytes(
      () => gzipSync(Buffer.alloc(50_000_000, MARKER)),
      (given) => ({ ...given, 'content-encoding': 'gzip' }),
    ),
  },
  {
    what: 'a body that says it is gzip and is not',
    code: 'CONTENT_ENCODING_UNSUPPORTED',
    form: 'SOAP fault',
    send: bytes(
      (text) => text,
      (given) => ({ ...given, 'content-encoding': 'gzip' }),
    ),
  },
  {
    what: 'an encoding that the hub does not take',
    code: 'CONTENT_ENCODING_UNSUPPORTED',
    form: 'SOAP fault',
    send: bytes(
      (text) => text,
      (given) => ({ ...given, 'content-encoding': 'br' }),
    ),
  },
  {
    what: 'a body over the limit, declared',
    code: 'BODY_TOO_LARGE',
    form: 'SOAP fault',
    send: ({ identity }, { url }) =>
      ask(identity, {
        url,
        path: '/Prescription',
        headers: { 'content-type': 'multipart/related; boundary=b', 'content-length': String(MOST_BYTES + 1) },
        parts: once(MARKER),
      }),
  },
  {
    what: 'a body without end, in chunks',
    code: 'BODY_TOO_LARGE',
    form: 'SOAP fault',
    send: ({ identity }, { url }) =>
      ask(identity, {
        url,
        path: '/Prescription',
        headers: { 'content-type': 'multipart/related; boundary=b', 'transfer-encoding': 'chunked' },
        parts: endless(),
      }),
  },
];

// --- FHIR ----------------------------------------------------------------------------------------------------------

const PRESCRIBE = '/fhir-prescribing/FHIR/R4/$process-message';
const SCR = '/summary-care-record/FHIR/R4';
const JSON_TYPE = 'application/fhir+json';

interface FhirChange {
  readonly body?: string | Buffer;
  readonly change?: (json: string) => string | Buffer;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly method?: string;
  readonly path?: string;
  readonly activities?: readonly string[];
}

/** The good FHIR order of the surgery, changed. */
const fhir =
  ({
    body,
    change,
    headers = {},
    method = 'POST',
    path = PRESCRIBE,
    activities = ['B0420'],
  }: FhirChange): Bad['send'] =>
  async (sender, hub, messageId) => {
    const good = prescriptionOrder(newPrescription(sender.ods)).replace('1 Example Lane', MARKER);
    const all: Record<string, string | undefined> = {
      'content-type': JSON_TYPE,
      'x-request-id': messageId,
      authorization: `Bearer ${await hub.token(sender, activities)}`,
      ...headers,
    };
    const kept = Object.entries(all).filter((one): one is [string, string] => one[1] !== undefined);
    return sender.client.send(method, path, Object.fromEntries(kept), body ?? Buffer.from(change?.(good) ?? good));
  };

const get =
  (path: string, activities: readonly string[] = []): Bad['send'] =>
  async (sender, hub, requestId) =>
    sender.client.fhir('GET', path, { requestId, token: await hub.token(sender, activities) });

const nested = `{"resourceType":"Bundle","a":${'['.repeat(50_000)}"${MARKER}"${']'.repeat(50_000)}}`;
const wide = `{"resourceType":"Bundle",${Array.from({ length: 120_000 }, (_, i) => `"m${i}":1`).join(',')}}`;
const badNumber = '9990000019';

const FHIR: readonly Bad[] = [
  { what: 'ill-formed JSON', code: 'JSON_ILL_FORMED', form: 'OperationOutcome', send: fhir({ change: cutShort }) },
  {
    what: 'JSON with one name twice',
    code: 'JSON_ILL_FORMED',
    form: 'OperationOutcome',
    send: fhir({ change: (json) => json.replace('{', `{"id":"${MARKER}",`) }),
  },
  {
    what: 'JSON that is not UTF-8',
    code: 'JSON_ILL_FORMED',
    form: 'OperationOutcome',
    send: fhir({ change: (json) => Buffer.from(json, 'utf16le') }),
  },
  {
    what: 'JSON that its schema does not know',
    code: 'JSON_INVALID',
    form: 'OperationOutcome',
    send: fhir({ change: (json) => json.replace('"type":"message"', `"type":"message","${MARKER}":1`) }),
  },
  {
    what: 'another resource',
    code: 'JSON_INVALID',
    form: 'OperationOutcome',
    send: fhir({ body: JSON.stringify({ resourceType: 'Patient', id: MARKER }) }),
  },
  { what: 'JSON of depth 50,000', code: 'DOCUMENT_LIMIT', form: 'OperationOutcome', send: fhir({ body: nested }) },
  { what: 'JSON with 120,000 members', code: 'DOCUMENT_LIMIT', form: 'OperationOutcome', send: fhir({ body: wide }) },
  { what: 'no body', code: 'BODY_MISSING', form: 'OperationOutcome', send: fhir({ body: '' }) },
  {
    what: 'the wrong content type',
    code: 'CONTENT_TYPE_UNSUPPORTED',
    form: 'OperationOutcome',
    send: fhir({ headers: { 'content-type': 'text/plain' } }),
  },
  {
    what: 'no content type',
    code: 'CONTENT_TYPE_UNSUPPORTED',
    form: 'OperationOutcome',
    send: fhir({ headers: { 'content-type': undefined } }),
  },
  {
    what: 'a gzip bomb',
    code: 'BODY_TOO_LARGE',
    form: 'OperationOutcome',
    send: fhir({ change: () => gzipSync(Buffer.alloc(50_000_000, MARKER)), headers: { 'content-encoding': 'gzip' } }),
  },
  {
    what: 'a body over the limit',
    code: 'BODY_TOO_LARGE',
    form: 'OperationOutcome',
    send: fhir({ body: Buffer.alloc(MOST_BYTES + 1, MARKER) }),
  },
  {
    what: 'a body without end, in chunks',
    code: 'BODY_TOO_LARGE',
    form: 'OperationOutcome',
    send: ({ identity }, { url }, messageId) =>
      ask(identity, {
        url,
        path: PRESCRIBE,
        headers: { 'content-type': JSON_TYPE, 'x-request-id': messageId, 'transfer-encoding': 'chunked' },
        parts: endless(),
      }),
  },
  {
    what: 'a path that nobody serves',
    code: 'INTERACTION_UNKNOWN',
    form: 'OperationOutcome',
    send: fhir({ path: `/nothing/FHIR/R4/${MARKER}` }),
  },
  {
    what: 'an event that nobody serves',
    code: 'INTERACTION_UNKNOWN',
    form: 'OperationOutcome',
    send: fhir({ change: (json) => json.replace('"code":"prescription-order"', `"code":"${MARKER}"`) }),
  },
  {
    what: 'a method that the path does not take',
    code: 'METHOD_UNSUPPORTED',
    form: 'OperationOutcome',
    send: fhir({ method: 'PUT' }),
  },
  {
    what: 'an interaction that the system may not send',
    code: 'INTERACTION_NOT_PERMITTED',
    form: 'OperationOutcome',
    from: 'pharmacy',
    send: fhir({}),
  },
  {
    what: 'no token of a person',
    code: 'PERSON_REQUIRED',
    form: 'OperationOutcome',
    send: fhir({ headers: { authorization: undefined } }),
  },
  {
    what: 'a token that is none',
    code: 'TOKEN_INVALID',
    form: 'OperationOutcome',
    send: fhir({ headers: { authorization: `Bearer ${MARKER}.e30.e30` } }),
  },
  {
    what: 'a role that may not do this',
    code: 'ROLE_NOT_PERMITTED',
    form: 'OperationOutcome',
    send: fhir({ activities: ['B0370'] }),
  },
  {
    what: 'no request id',
    code: 'HEADER_INVALID',
    form: 'OperationOutcome',
    send: fhir({ headers: { 'x-request-id': undefined } }),
  },
  {
    what: 'a request id that is no GUID',
    code: 'HEADER_INVALID',
    form: 'OperationOutcome',
    send: fhir({ headers: { 'x-request-id': 'twelve' } }),
  },
  {
    what: 'a query that the path does not take',
    code: 'PARAMETER_INVALID',
    form: 'OperationOutcome',
    send: fhir({ path: `${PRESCRIBE}?${MARKER}=1` }),
  },
  {
    what: 'a path that climbs',
    code: 'PARAMETER_INVALID',
    form: 'OperationOutcome',
    send: ({ identity }, { url }, messageId) =>
      ask(identity, {
        url,
        path: '/fhir-prescribing/FHIR/R4/%2e%2e/$process-message',
        headers: { 'content-type': JSON_TYPE, 'x-request-id': messageId },
        parts: once(MARKER),
      }),
  },
  {
    what: 'an NHS number with a wrong check digit in a query',
    code: 'NHS_NUMBER_INVALID',
    form: 'OperationOutcome',
    from: 'pharmacy',
    send: get(SCR + listPath(badNumber), ['B0370']),
  },
  {
    what: 'an NHS number of nine digits in a query',
    code: 'NHS_NUMBER_INVALID',
    form: 'OperationOutcome',
    from: 'emergency',
    send: get(
      `/child-protection-information-sharing/FHIR/R4/CareTeam?patient%3Aidentifier=${encodeURIComponent('https://fhir.nhs.uk/Id/nhs-number|999000001')}`,
      ['B0107'],
    ),
  },
  {
    what: 'an NHS number with a wrong check digit in a body',
    code: 'NHS_NUMBER_INVALID',
    form: 'OperationOutcome',
    from: 'pharmacy',
    send: fhir({
      path: `${SCR}/$setPermission`,
      body: JSON.stringify(permission(badNumber, 'Yes')),
      activities: ['B0020'],
    }),
  },
  {
    what: 'an NHS number with a wrong check digit in a summary',
    code: 'NHS_NUMBER_INVALID',
    form: 'OperationOutcome',
    send: fhir({
      path: `${SCR}/Bundle`,
      body: JSON.stringify(summary({ nhsNumber: badNumber, summaryId: freshId(), bundleId: freshId(), ods: 'A83008' })),
      activities: ['B0380'],
    }),
  },
];

// --- plain XML -----------------------------------------------------------------------------------------------------

const UPLOAD = '/cpis/local-authority-upload';
const file = (): string =>
  localAuthorityUpload({
    id: freshId(),
    ods: '301',
    sequence: 1,
    records: [{ id: freshId(), kind: 'CPP', person: { ...child(1), givenName: MARKER }, start: '20250601' }],
  });

const xml =
  (
    change: (text: string) => string | Buffer,
    { headers = {}, method = 'POST' }: { headers?: Readonly<Record<string, string>>; method?: string } = {},
  ): Bad['send'] =>
  (sender, _hub, messageId) =>
    sender.client.send(
      method,
      UPLOAD,
      { 'content-type': 'application/xml', 'x-request-id': messageId, ...headers },
      Buffer.from(change(file())),
    );

const same = (text: string): string => text;
const inXml = { form: 'XML error', from: 'authority' } as const;

const XML: readonly Bad[] = [
  { ...inXml, what: 'ill-formed XML', code: 'XML_ILL_FORMED', send: xml(cutShort) },
  {
    ...inXml,
    what: 'XML with a value that its schema does not know',
    code: 'XML_INVALID',
    send: xml((text) => text.replace(/(<creationTime value=")[^"]*/, `$1${MARKER}`)),
  },
  {
    ...inXml,
    what: 'XML with an element that its schema does not know',
    code: 'XML_INVALID',
    send: xml((text) => text.replaceAll('creationTime', MARKER)),
  },
  { ...inXml, what: 'a DOCTYPE', code: 'XML_DOCTYPE', send: xml((text) => afterDeclaration(text, DOCTYPE)) },
  { ...inXml, what: 'an entity bomb', code: 'XML_DOCTYPE', send: xml((text) => afterDeclaration(text, ENTITY_BOMB)) },
  { ...inXml, what: '50,000 attributes', code: 'DOCUMENT_LIMIT', send: xml(manyAttributes) },
  { ...inXml, what: 'a depth of 50,000', code: 'DOCUMENT_LIMIT', send: xml(deep) },
  { ...inXml, what: 'no body', code: 'BODY_MISSING', send: xml(() => '') },
  {
    ...inXml,
    what: 'the wrong content type',
    code: 'CONTENT_TYPE_UNSUPPORTED',
    send: xml(same, { headers: { 'content-type': 'text/csv' } }),
  },
  {
    ...inXml,
    what: 'a gzip bomb',
    code: 'BODY_TOO_LARGE',
    send: xml(() => gzipSync(Buffer.alloc(50_000_000, MARKER)), { headers: { 'content-encoding': 'gzip' } }),
  },
  {
    ...inXml,
    what: 'a body over the limit',
    code: 'BODY_TOO_LARGE',
    send: xml(() => Buffer.alloc(MOST_BYTES + 1, MARKER)),
  },
  {
    ...inXml,
    what: 'a method that the path does not take',
    code: 'METHOD_UNSUPPORTED',
    send: xml(same, { method: 'PUT' }),
  },
  {
    ...inXml,
    what: 'a request id that is no GUID',
    code: 'HEADER_INVALID',
    send: xml(same, { headers: { 'x-request-id': 'twelve' } }),
  },
  {
    ...inXml,
    what: 'an interaction that the system may not send',
    code: 'INTERACTION_NOT_PERMITTED',
    from: 'surgery',
    send: xml(same),
  },
  {
    ...inXml,
    what: 'another authority’s code in the file',
    code: 'PARTY_MISMATCH',
    send: xml((text) => text.replace('extension="301"', 'extension="302"')),
  },
];

const MAILBOX: readonly Bad[] = [
  {
    what: 'a mailbox that is not there',
    code: 'NOT_FOUND',
    form: 'JSON error',
    send: ({ client }) => client.fhir('GET', `/mailbox/${MARKER}`),
  },
  {
    what: 'a page that is no number',
    code: 'PARAMETER_INVALID',
    form: 'JSON error',
    send: ({ client }) => client.fhir('GET', `/mailbox?after=${MARKER}`),
  },
  {
    what: 'a method that a mailbox does not take',
    code: 'METHOD_UNSUPPORTED',
    form: 'JSON error',
    send: ({ client }) => client.fhir('DELETE', '/mailbox'),
  },
];

// --- the promises --------------------------------------------------------------------------------------------------

function expectForm({ headers, body }: Answered, form: Form, code: ErrorCode): void {
  const type = String(headers['content-type']);
  switch (form) {
    case 'OperationOutcome': {
      expect(type).to.match(/^application\/fhir\+json/);
      const outcome = JSON.parse(body);
      expect(outcome.resourceType).to.equal('OperationOutcome');
      expect(outcome.issue[0]).to.include({ severity: 'error', code: ERRORS[code].fhir });
      return;
    }
    case 'ErrorList':
      expect(type).to.match(/^text\/xml/);
      expect(body).to.include('<eb:ErrorList').and.to.include(`eb:errorCode="${ERRORS[code].ebxml}"`);
      return;
    case 'SOAP fault':
      expect(type).to.match(/^text\/xml/);
      expect(body).to.include('<SOAP:Fault>').and.to.include('<nasp:errorList');
      return;
    case 'XML error':
      expect(type).to.match(/^application\/xml/);
      expect(body).to.match(/^<error xmlns="urn:vertebra:error"/);
      return;
    case 'JSON error':
      expect(type).to.match(/^application\/json/);
      expect(JSON.parse(body)).to.have.keys('code', 'text', 'faults');
      return;
  }
}

describe('bad input', function () {
  this.timeout(20_000);
  let hub: TestHub;

  before(async () => {
    hub = await startTestHub({ stack: 'embedded', mostBody_bytes: MOST_BYTES });
  });

  after(() => hub.stop());

  const kept = async (): Promise<string> => {
    const { undecided, undelivered, dead } = await hub.store.backlog();
    const kinds = ['eps.prescription', 'scr.summary', 'cpis.plan', 'cpis.authority', 'ers.referral'];
    const records = await Promise.all(kinds.map((kind) => hub.store.records.list(kind, { limit: 1_000 })));
    return JSON.stringify({ undecided, undelivered, dead, records: records.map(({ length }) => length) });
  };

  async function expectGoodSenderServed(): Promise<void> {
    const { surgery } = hub.systems;
    const order = newOrder(surgery);
    expect(isAcknowledged(await surgery.client.ebxml(order), order.messageId)).to.equal(true);
    await hub.settled(order.messageId);
  }

  const groups = { 'by ebXML': EBXML, 'by FHIR': FHIR, 'by plain XML': XML, 'at the mailbox': MAILBOX } as const;
  for (const [wire, cases] of Object.entries(groups)) {
    describe(wire, () => {
      for (const { what, code, form, from = 'surgery', send } of cases) {
        it(`with ${what} gets ${code}`, async () => {
          const before = await kept();
          const last = (await hub.audit()).at(-1)?.seq ?? 0;
          const messageId = freshId();
          const answer = await send(hub.systems[from], hub, messageId);

          expect([answer.status, errorCodeIn(answer)]).to.deep.equal([ERRORS[code].status, code]);
          expectForm(answer, form, code);
          expect(answer.body).not.to.include(MARKER);
          expect(JSON.stringify(answer.headers)).not.to.include(MARKER);
          if (ERRORS[code].retry) expect(answer.headers).to.have.property('retry-after');

          const lines = await hub.audit(last);
          expect(lines.map((line) => [line.action, line.outcome, line.code])).to.deep.equal([
            ['refuse', 'refused', code],
          ]);
          expect(lines[0]?.system).to.equal(hub.systems[from].systemId);
          expect(JSON.stringify(lines)).not.to.include(MARKER);
          expect(await hub.store.track(messageId)).to.deep.equal([]);
          expect(await kept()).to.equal(before);
          await expectGoodSenderServed();
        });
      }
    });
  }

  describe('that the rules refuse', () => {
    it('by FHIR with a wrong check digit says which number is wrong, and keeps no prescription', async () => {
      const { surgery } = hub.systems;
      const prescription = faults.wrongNhsNumber(newPrescription(surgery.ods));
      const before = await kept();
      const answer = await surgery.client.fhir('POST', PRESCRIBE, {
        body: prescriptionOrder(prescription),
        token: await hub.token(surgery, ['B0420']),
      });
      expect(answer.status).to.be.within(400, 422);
      expect(JSON.parse(answer.body).resourceType).to.equal('OperationOutcome');
      expect(answer.body).not.to.include(prescription.patient.nhsNumber);
      expect(await kept()).to.equal(before);
      const line = (await hub.audit()).at(-1);
      expect(line).to.include({ action: 'prescription-order', outcome: 'refused' });
      expect(line?.code).to.match(/\w/);
    });

    it('by ebXML with a wrong check character is told so in the application acknowledgement', async () => {
      const { surgery } = hub.systems;
      const prescription = faults.wrongCheckCharacter(newPrescription(surgery.ods));
      const before = await kept();
      const order = newOrder(surgery, {}, prescription);
      expect(isAcknowledged(await surgery.client.ebxml(order), order.messageId)).to.equal(true);
      await hub.settled(order.messageId);
      const told = surgery.door.taken.find(({ refTo }) => refTo === order.messageId);
      expect(told?.payload).to.include('<acknowledgement typeCode="AE">');
      expect(told?.payload).not.to.include(prescription.prescriptionId);
      expect(await kept()).to.equal(before);
    });

    it('in another organisation’s name is refused, whatever the body says', async () => {
      const { pharmacy } = hub.systems;
      const answer = await pharmacy.client.fhir('POST', '/fhir-dispensing/FHIR/R4/Task/$release', {
        body: nominatedRelease({ ods: 'FZ999' }),
      });
      expect([answer.status, errorCodeIn(answer)]).to.deep.equal([403, 'PARTY_MISMATCH']);
      const line = (await hub.audit()).at(-1);
      expect(line).to.include({ outcome: 'refused', system: pharmacy.systemId, ods: pharmacy.ods });
    });
  });

  describe('written by hand', () => {
    it('with two Host headers is refused', async () => {
      const answer = await exchange(
        hub.url,
        hub.systems.surgery.identity,
        'GET /mailbox HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n',
      );
      expect(answer).to.match(/^HTTP\/1\.1 400 /);
      expect(answer).to.include('HEADER_INVALID');
      await expectGoodSenderServed();
    });

    it('with headers that stand in for a certificate changes nothing about who speaks', async () => {
      const { pharmacy, surgery } = hub.systems;
      const answer = await pharmacy.client.send('GET', '/mailbox', {
        'x-client-cert': surgery.identity.certificatePem.replaceAll('\n', ' '),
        'x-forwarded-for': '10.0.0.1',
        'x-ssl-client-s-dn': 'CN=Example Surgery',
      });
      expect(answer.status).to.equal(200);
      const [line] = (await hub.audit()).filter(({ action }) => action === 'refuse').slice(-1);
      expect(line?.system).not.to.equal(undefined);
      expect(JSON.parse(answer.body)).to.deep.equal({ messages: [] });
    });

    const hand: readonly (readonly [what: string, text: string, lines?: readonly string[]])[] = [
      [
        'both a length and chunks',
        'POST /Prescription HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      ['two lengths', 'POST /Prescription HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
      [
        'a chunk length that is none',
        'POST /Prescription HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
        // its headers were good, so there was a request as well
        ['refuse-connection', 'refuse'],
      ],
      ['a bare line feed in the headers', 'GET /mailbox HTTP/1.1\nHost: a\n\n'],
      ['rubbish for a request', `${MARKER}\r\n\r\n`],
      ['headers of a megabyte', `GET /mailbox HTTP/1.1\r\nHost: a\r\nX-A: ${'a'.repeat(1_000_000)}\r\n\r\n`],
    ];
    for (const [what, text, refusals = ['refuse-connection']] of hand) {
      it(`with ${what} is refused and its connection closed`, async () => {
        const last = (await hub.audit()).at(-1)?.seq ?? 0;
        const answer = await exchange(hub.url, hub.systems.surgery.identity, text);
        expect(answer).to.match(/^(?:HTTP\/1\.1 4\d\d [^\r]*\r\n|$)/);
        expect(answer).not.to.include(MARKER);
        const lines = await eventually('it is in the trail', async () => {
          const found = await hub.audit(last);
          return found.length >= refusals.length ? found : undefined;
        });
        expect(lines.map(({ action }) => action).sort()).to.deep.equal([...refusals].sort());
        expect(lines.every(({ outcome }) => outcome === 'refused')).to.equal(true);
        await expectGoodSenderServed();
      });
    }
  });
});
