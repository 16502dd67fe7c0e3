import { expect } from 'chai';
import fc from 'fast-check';
import { DEFAULT_CONTRACT } from '../../../core/contract.ts';
import { HubError } from '../../../core/errors.ts';
import { readManifest } from '../../../routes/ebxml/checks.ts';
import { readEbxmlHeader } from '../../../routes/ebxml/header.ts';
import { readEbxmlParts } from '../../../routes/ebxml/mime.ts';
import {
  type EbxmlWriting,
  serviceAndAction,
  writeAcknowledgment,
  writeEbxmlMessage,
  writeErrorList,
  writeSoapFault,
} from '../../../routes/ebxml/write.ts';
import { DEFAULT_LIMITS } from '../../../schemas/limits.ts';
import { scanXml } from '../../../schemas/xml-scan.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';
import { deliveryOf } from '../receiver.ts';

const delivery = deliveryOf();
const message = (more: object = {}): EbxmlWriting =>
  writeEbxmlMessage({
    delivery,
    from: 'YES-0000806',
    to: 'FA565-800002',
    cpaId: 'S1001A1630',
    ...serviceAndAction(delivery.interaction),
    timestamp: delivery.createdAt,
    contract: delivery.contract,
    ...more,
  });
const read = ({ contentType, body }: EbxmlWriting) => {
  const parts = readEbxmlParts(contentType, body);
  const header = readEbxmlHeader(parseCheckedXml(parts[0]?.body ?? Buffer.alloc(0)));
  return { header, ...readManifest(header, parts) };
};

const HEADER = {
  messageId: 'C614484E-4B10-499A-9ACD-5D645CFACF61',
  from: 'YES-0000806',
  to: 'FA565-800002',
  cpaId: 'S1001A1630',
  conversationId: delivery.conversationId,
  timestamp: delivery.createdAt,
  refToMessageId: delivery.id,
};

describe('a written ebXML message', () => {
  it('is the same to the byte on every attempt', () => {
    expect(message({ delivery: { ...delivery, attempts: 5 } }).body.equals(message().body)).to.equal(true);
  });

  it('asks for what the contract says and for nothing else', () => {
    const asked = read(message()).header;
    expect(asked).to.include({ duplicateElimination: true, syncReply: false });
    expect(asked.ackRequested?.actor).to.equal('urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH');
    const express = {
      ...DEFAULT_CONTRACT,
      duplicateElimination: false,
      acknowledgementRequested: false,
      syncReply: true,
    };
    const other = read(message({ contract: express })).header;
    expect(other).to.include({ duplicateElimination: false, syncReply: true });
    expect(other).not.to.have.property('ackRequested');
  });

  it('carries any identifiers and any payload unharmed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\x21-\x7e]{1,50}$/), (body, conversationId) => {
        const { header, payload } = read(message({ delivery: { ...delivery, body, conversationId } }));
        expect(header.conversationId).to.equal(conversationId);
        expect(payload?.body.equals(Buffer.from(body, 'utf8'))).to.equal(true);
      }),
    );
  });

  it('names service and action of any interaction', () => {
    expect(serviceAndAction('urn:nhs:names:services:mm:PORX_IN050102UK32')).to.deep.equal({
      service: 'urn:nhs:names:services:mm',
      action: 'PORX_IN050102UK32',
    });
    expect(serviceAndAction('notice')).to.deep.equal({ service: 'urn:vertebra:services:hub', action: 'notice' });
  });
});

describe('a written answer', () => {
  it('acknowledges by id, and says so in its SOAPAction', () => {
    const acknowledgment = writeAcknowledgment(HEADER);
    expect(acknowledgment.soapAction).to.equal('urn:oasis:names:tc:ebxml-msg:service/Acknowledgment');
    expect(read(acknowledgment).header).to.include({ kind: 'acknowledgment', acknowledges: delivery.id });
  });

  it('lists one error for each fault, with code and place, and at most ten', () => {
    const faults = Array.from({ length: 30 }, (_, at) => ({ path: `a[${at}]`, what: `<wrong & "${at}">` }));
    const text = writeErrorList(HEADER, new HubError('XML_INVALID', { faults })).body.toString('utf8');
    const { header } = read(writeErrorList(HEADER, new HubError('XML_INVALID', { faults })));
    expect(header.errors).to.have.length(10);
    expect(header.errors[1]).to.deep.equal({
      code: 'Inconsistent',
      severity: 'Error',
      description: 'XML_INVALID: The XML does not keep to its schema. (<wrong & "1">)',
    });
    expect(text).to.include('eb:location="a[1]"');
  });

  it('is a SOAP fault where there is no header to answer to: 200 may be tried again, 201 cannot be read, 300 is final', () => {
    const codeOf = (error: HubError): string | undefined => {
      const { body } = writeSoapFault(error);
      parseCheckedXml(scanXml(body, DEFAULT_LIMITS));
      return /<nasp:errorCode>(\d+)</.exec(body.toString('utf8'))?.[1];
    };
    expect(codeOf(new HubError('STORE_UNAVAILABLE'))).to.equal('200');
    expect(codeOf(new HubError('MULTIPART_BROKEN', { faults: [{ path: 'part[1]', what: 'a < b' }] }))).to.equal('201');
    expect(codeOf(new HubError('PARTY_MISMATCH'))).to.equal('300');
  });
});
