import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import { classifyAnswer } from '../../../routes/ebxml/classify.ts';
import { writeMultipart } from '../../../routes/ebxml/mime.ts';
import { writeAcknowledgment, writeErrorList, writeSoapFault } from '../../../routes/ebxml/write.ts';

const ID = '0CDBA95F-74DA-47E9-8383-7B8E9167D146';
const HEADER = {
  messageId: '5BB171D4-53B2-4986-90CF-428BE6D157F5',
  from: 'A83008-820001',
  to: 'YES-0000806',
  cpaId: 'S1001A1630',
  conversationId: ID,
  timestamp: 0,
  refToMessageId: ID,
};

const classify = (status: number, body: string | Buffer, contentType = 'text/xml; charset=UTF-8') =>
  classifyAnswer({ status, contentType, body: Buffer.from(body) }, ID);

const fault = (...codes: readonly string[]): string =>
  '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body><S:Fault><faultcode>S:Server</faultcode><faultstring>x</faultstring>' +
  `<detail><e:errorList xmlns:e="urn:errors">${codes.map((code) => `<e:error><e:errorCode>${code}</e:errorCode></e:error>`).join('')}</e:errorList></detail>` +
  '</S:Fault></S:Body></S:Envelope>';

const list = (...errors: readonly (readonly [code: string, severity: string, description: string])[]): string =>
  '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" xmlns:eb="http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd"><S:Header><eb:ErrorList>' +
  errors
    .map(
      ([code, severity, text]) =>
        `<eb:Error eb:errorCode="${code}" eb:severity="${severity}"><eb:Description>${text}</eb:Description></eb:Error>`,
    )
    .join('') +
  '</eb:ErrorList></S:Header><S:Body/></S:Envelope>';

describe('the answer of a receiver', () => {
  it('that is empty is judged by its status', () => {
    for (const status of [200, 202, 204]) expect(classify(status, '')).to.deep.equal({ kind: 'acknowledged' });
    for (const status of [408, 425, 429, 500, 502, 503, 504, 599])
      expect(classify(status, '')).to.deep.equal({ kind: 'retry', reason: `HTTP ${status}` });
    for (const status of [301, 400, 401, 404]) expect(classify(status, '').kind).to.equal('refused');
  });

  it('that is something else than a message of ours is judged by its status too', () => {
    for (const body of [
      '<html>Envelope</html>',
      '{"Envelope":1}',
      '<Envelope',
      '<!DOCTYPE Envelope []><Envelope/>',
      '<Envelope xmlns="urn:other"/>',
    ]) {
      expect(classify(200, body).kind, body).to.equal('acknowledged');
      expect(classify(500, body).kind, body).to.equal('retry');
      expect(classify(400, body).kind, body).to.equal('refused');
    }
  });

  it('that acknowledges the message ends it, bare or in a multipart, whatever the status', () => {
    const { body } = writeAcknowledgment(HEADER);
    for (const status of [200, 202, 500]) expect(classify(status, body)).to.deep.equal({ kind: 'acknowledged' });
    const multipart = writeMultipart([{ contentId: 'root@x', contentType: 'text/xml', body }]);
    expect(classify(500, multipart.body, multipart.contentType)).to.deep.equal({ kind: 'acknowledged' });
  });

  it('that acknowledges another message leaves this one to be sent again', () => {
    const { body } = writeAcknowledgment({ ...HEADER, refToMessageId: HEADER.messageId });
    expect(classify(200, body).kind).to.equal('retry');
  });

  it('that is a SOAP fault is tried again only if every code may be', () => {
    for (const codes of [['200'], ['206'], ['208'], ['200', '206', '208']]) {
      expect(classify(500, fault(...codes)).kind, codes.join()).to.equal('retry');
      expect(classify(200, fault(...codes)).kind, codes.join()).to.equal('retry');
    }
    for (const codes of [['201'], ['300'], ['200', '201'], ['206', '300'], ['0']]) {
      expect(classify(500, fault(...codes)).kind, codes.join()).to.equal('refused');
      expect(classify(200, fault(...codes)).kind, codes.join()).to.equal('refused');
    }
  });

  it('that is a SOAP fault without a code is tried again after a 5xx, unless it blames the sender', () => {
    expect(classify(500, fault()).kind).to.equal('retry');
    expect(classify(200, fault()).kind).to.equal('refused');
    expect(classify(500, fault().replace('S:Server', 'S:Client')).kind).to.equal('refused');
  });

  it('that is an error list is a refusal, unless every error is of a kind that passes', () => {
    expect(classify(200, list(['ValueNotRecognized', 'Error', '501319:Unknown eb:CPAId']))).to.deep.equal({
      kind: 'refused',
      reason: 'error list: ValueNotRecognized 501319',
    });
    expect(classify(500, list(['SecurityFailure', 'Error', ''])).kind).to.equal('refused');
    expect(classify(500, list(['DeliveryFailure', 'Error', ''])).kind).to.equal('retry');
    expect(classify(200, list(['Unknown', 'Error', '200: busy'], ['DeliveryFailure', 'Error', ''])).kind).to.equal(
      'retry',
    );
    expect(classify(500, list(['DeliveryFailure', 'Error', ''], ['Inconsistent', 'Error', ''])).kind).to.equal(
      'refused',
    );
    expect(classify(500, list(['DeliveryFailure', 'Error', '300: final'])).kind).to.equal('refused');
  });

  it('that only warns leaves the status to decide; one that lists nothing with a 2xx is a refusal', () => {
    expect(classify(200, list(['DeliveryFailure', 'Warning', ''])).kind).to.equal('acknowledged');
    expect(classify(503, list(['DeliveryFailure', 'Warning', ''])).kind).to.equal('retry');
    expect(classify(200, list()).kind).to.equal('refused');
    expect(classify(500, list()).kind).to.equal('retry');
  });

  it('never puts a receiver’s prose into the reason', () => {
    const results = [
      classify(500, fault('patient 9434765919 is dead')),
      classify(500, list(['patient 9434765919', 'Error', 'patient 9434765919 unknown'])),
    ];
    expect(JSON.stringify(results)).not.to.include('9434765919');
  });

  it('that the hub itself would write is read by its own table', () => {
    const answer = (error: HubError) => [
      classify(200, writeErrorList(HEADER, error).body),
      classify(500, writeSoapFault(error).body),
    ];
    for (const result of answer(new HubError('OVERLOADED'))) expect(result.kind).to.equal('retry');
    for (const result of answer(new HubError('XML_INVALID'))) expect(result.kind).to.equal('refused');
    for (const result of answer(new HubError('PARTY_MISMATCH'))) expect(result.kind).to.equal('refused');
  });
});
