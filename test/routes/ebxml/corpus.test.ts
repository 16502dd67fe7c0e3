import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import { checkSoapAction, readManifest } from '../../../routes/ebxml/checks.ts';
import { classifyAnswer } from '../../../routes/ebxml/classify.ts';
import { readEbxmlHeader } from '../../../routes/ebxml/header.ts';
import { readEbxmlParts } from '../../../routes/ebxml/mime.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';

const CORPUS = '../shared/corpus';
const TYPE = 'multipart/related; boundary="--=_MIME-Boundary"; type=text/xml';

interface Capture {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A capture is the request's headers, an empty line, the body. */
function readCapture(path: string): Capture {
  const bytes = readFileSync(path);
  const end = bytes.indexOf('\n\n');
  const lines = bytes.toString('latin1', 0, end).split('\n');
  const headers = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return { headers, body: bytes.subarray(end + 2) };
}

/** The codes of refusal, or what was read. */
function outcome(body: Buffer, contentType = TYPE): string {
  try {
    const parts = readEbxmlParts(contentType, body);
    const header = readEbxmlHeader(parseCheckedXml(parts[0]?.body ?? Buffer.alloc(0)));
    const { payload, attachments } = readManifest(header, parts);
    return `${payload ? 'payload' : 'no payload'} + ${attachments.length}`;
  } catch (thrown) {
    return thrown instanceof HubError ? thrown.code : 'not XML';
  }
}

describe('ebXML as real clients send it', () => {
  before(function () {
    if (!existsSync(CORPUS)) {
      console.log('      skipped: ../shared/corpus is not here');
      this.skip();
    }
  });

  for (const folder of ['mhs/wire-captures', 'eps/wire-captures']) {
    it(`is read whole: every ebXML request of ${folder}`, () => {
      const names = readdirSync(join(CORPUS, folder));
      expect(names).not.to.have.length(0);
      for (const name of names) {
        const { headers, body } = readCapture(join(CORPUS, folder, name));
        const contentType = headers.get('content-type') ?? '';
        if (!contentType.startsWith('multipart/')) continue;
        const parts = readEbxmlParts(contentType, body);
        const header = readEbxmlHeader(parseCheckedXml(parts[0]?.body ?? Buffer.alloc(0)));
        expect(() => checkSoapAction(header, headers.get('soapaction')), name).not.to.throw();
        const { payload } = readManifest(header, parts);
        expect(parseCheckedXml(payload?.body ?? Buffer.alloc(0)).name, name).to.equal(header.action);
      }
    });
  }

  it('is read with LF and with CRLF alike: the parts of the test messages, good and broken', () => {
    const folder = join(CORPUS, 'mhs/ebxml-test-messages');
    const expected: Readonly<Record<string, string>> = {
      ebxml_request: 'payload + 0',
      ebxml_request_one_7bit_attachment: 'payload + 1',
      ebxml_request_one_8bit_attachment: 'payload + 1',
      ebxml_request_one_binary_attachment: 'payload + 1',
      ebxml_request_multiple_attachments: 'payload + 2',
      ebxml_request_no_encoding: 'payload + 1',
      ebxml_request_no_soap_actor: 'payload + 0',
      ebxml_request_no_sync_reply: 'payload + 0',
      ebxml_request_no_payload: 'EBXML_INVALID',
      ebxml_request_multibyte_character: 'EBXML_INVALID',
      ebxml_request_no_header: 'MULTIPART_BROKEN',
      ebxml_request_payload_defect: 'MULTIPART_BROKEN',
      ebxml_request_invalid_binary_ebxml_header: 'not XML',
    };
    for (const [name, wanted] of Object.entries(expected)) {
      const header = join(folder, `${name}.ebxml`);
      const envelope = existsSync(header) ? readFileSync(header, 'utf8') : '';
      const text = readFileSync(join(folder, `${name}.msg`), 'utf8').replace('{{ebxml}}', () => envelope);
      for (const eol of ['\n', '\r\n'])
        expect(outcome(Buffer.from(text.replace(/\r?\n/g, eol))), name).to.equal(wanted);
    }
  });

  it('answers in faults and error lists that are told apart by their codes alone', () => {
    const expected: Readonly<Record<string, string>> = {
      'ebxml-expected-messages/ebxml_ack.xml': 'acknowledged',
      'ebxml-expected-messages/ebxml_nack.xml': 'refused',
      'fake-spine-responses/ebxml_fault_single_error.xml': 'refused',
      'fake-spine-responses/soap_fault_that_should_be_retried.xml': 'retry',
      'ebxml-test-messages/soapfault_response_single_error.xml': 'retry',
      'ebxml-test-messages/soapfault_response_single_error_206.xml': 'retry',
      'ebxml-test-messages/soapfault_response_single_error_208.xml': 'retry',
      'ebxml-test-messages/soapfault_response_single_error_300.xml': 'refused',
      'ebxml-test-messages/soapfault_response_multiple_errors.xml': 'refused',
      'error-test-messages/ebxml_response_error_multiple.xml': 'refused',
    };
    for (const [name, wanted] of Object.entries(expected)) {
      const body = readFileSync(join(CORPUS, 'mhs', name));
      for (const status of [200, 500]) {
        const result = classifyAnswer(
          { status, contentType: 'text/xml', body },
          '0CDBA95F-74DA-47E9-8383-7B8E9167D146',
        );
        expect(result.kind, `${name} ${status}`).to.equal(wanted);
      }
    }
  });
});
