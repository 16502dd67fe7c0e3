import { expect } from 'chai';
import { DEFAULT_CONTRACT } from '../../../core/contract.ts';
import { type ErrorCode, HubError } from '../../../core/errors.ts';
import {
  checkContract,
  checkReceiver,
  checkSoapAction,
  checkTimeToLive,
  interactionOf,
  readManifest,
} from '../../../routes/ebxml/checks.ts';
import { type EbxmlHeader, readEbxmlHeader } from '../../../routes/ebxml/header.ts';
import { readEbxmlParts } from '../../../routes/ebxml/mime.ts';
import { writeAcknowledgment, writeErrorList, writeMessage } from '../../../routes/ebxml/write.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';

const MESSAGE = {
  messageId: '5BB171D4-53B2-4986-90CF-428BE6D157F5',
  from: 'A83008-820001',
  to: 'YES-0000806',
  cpaId: 'S1001A1630',
  conversationId: '79F49A34-9798-404C-AEC4-FD38DD81C138',
  timestamp: Date.UTC(2026, 10, 23, 9, 30, 15),
  refToMessageId: '0CDBA95F-74DA-47E9-8383-7B8E9167D146',
  service: 'urn:nhs:names:services:mm',
  action: 'PORX_IN020101UK31',
  contract: { ...DEFAULT_CONTRACT, syncReply: true },
  payload: { contentType: 'text/xml', body: '<PORX_IN020101UK31 xmlns="urn:hl7-org:v3"/>' },
};

const written = writeMessage(MESSAGE);
const parts = readEbxmlParts(written.contentType, written.body);
const envelope = parts[0]?.body.toString('utf8') ?? '';

const read = (text: string): EbxmlHeader => readEbxmlHeader(parseCheckedXml(Buffer.from(text, 'utf8')));
const header = (more: Partial<EbxmlHeader> = {}): EbxmlHeader => ({ ...read(envelope), ...more });

function faultsOf(code: ErrorCode, action: () => unknown): string[] {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof HubError) || thrown.code !== code) throw thrown;
    return (thrown.details.faults ?? []).map(({ path, what }) => `${path}: ${what}`);
  }
  throw new Error('It was taken.');
}

describe('an ebXML header', () => {
  it('is read as it was written', () => {
    expect(read(envelope)).to.deep.equal({
      kind: 'message',
      from: { id: 'A83008-820001', type: 'urn:nhs:names:partyType:ocs+serviceInstance' },
      to: { id: 'YES-0000806', type: 'urn:nhs:names:partyType:ocs+serviceInstance' },
      cpaId: 'S1001A1630',
      conversationId: MESSAGE.conversationId,
      service: MESSAGE.service,
      action: MESSAGE.action,
      messageId: MESSAGE.messageId,
      timestamp: MESSAGE.timestamp,
      refToMessageId: MESSAGE.refToMessageId,
      duplicateElimination: true,
      ackRequested: { actor: 'urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH', signed: false },
      syncReply: true,
      references: [{ href: `cid:${MESSAGE.messageId}@spine.nhs.uk`, description: 'HL7 payload' }],
      errors: [],
    });
    expect(interactionOf(header())).to.equal('urn:nhs:names:services:mm:PORX_IN020101UK31');
  });

  it('has its identifiers in capitals, and a time without a zone is UTC', () => {
    const lower = envelope.replaceAll(MESSAGE.messageId, MESSAGE.messageId.toLowerCase()).replace('15Z<', '15<');
    expect(read(lower)).to.include({ messageId: MESSAGE.messageId, timestamp: MESSAGE.timestamp });
  });

  it('of an acknowledgment names the message that it acknowledges', () => {
    const { body } = writeAcknowledgment(MESSAGE);
    expect(read(body.toString('utf8'))).to.include({ kind: 'acknowledgment', acknowledges: MESSAGE.refToMessageId });
  });

  it('of an error carries its codes', () => {
    const { body } = writeErrorList(MESSAGE, new HubError('PARTY_UNKNOWN', { serviceCode: '501314' }));
    const errors = [
      {
        code: 'ValueNotRecognized',
        severity: 'Error',
        description: '501314:PARTY_UNKNOWN: The receiving party is not known.',
      },
    ];
    const { kind, errors: found } = read(body.toString('utf8'));
    expect({ kind, found }).to.deep.equal({ kind: 'error', found: errors });
  });

  const without = (name: string): string =>
    envelope.replace(new RegExp(`<eb:${name}(?:\\s[^>]*)?>.*?</eb:${name}>`, 's'), '');
  for (const [name, path] of [
    ['MessageHeader', 'soap:Header/eb:MessageHeader'],
    ['From', 'eb:MessageHeader/eb:From'],
    ['To', 'eb:MessageHeader/eb:To'],
    ['CPAId', 'eb:MessageHeader/eb:CPAId'],
    ['ConversationId', 'eb:MessageHeader/eb:ConversationId'],
    ['Service', 'eb:MessageHeader/eb:Service'],
    ['Action', 'eb:MessageHeader/eb:Action'],
    ['MessageData', 'eb:MessageHeader/eb:MessageData'],
    ['MessageId', 'eb:MessageData/eb:MessageId'],
    ['Timestamp', 'eb:MessageData/eb:Timestamp'],
  ] as const) {
    it(`without ${name} is refused by that name`, () => {
      expect(faultsOf('EBXML_INVALID', () => read(without(name)))).to.deep.equal([`${path}: is missing`]);
    });
  }

  const changed: readonly (readonly [string, string, RegExp])[] = [
    [
      'whose MessageId is no GUID',
      envelope.replace(`<eb:MessageId>${MESSAGE.messageId}`, '<eb:MessageId>12345'),
      /MessageId: is not a GUID/,
    ],
    [
      'with two MessageIds',
      envelope.replace('<eb:Timestamp>', `<eb:MessageId>${MESSAGE.conversationId}</eb:MessageId><eb:Timestamp>`),
      /MessageId: is given more than once/,
    ],
    [
      'with two senders',
      envelope.replace('<eb:From>', '<eb:From><eb:PartyId>B-1</eb:PartyId>'),
      /From\/eb:PartyId: is given more than once/,
    ],
    ['whose time is none', envelope.replace('2026-11-23T', '2026-13-23T'), /Timestamp: is not a date and time/],
    ['of another version', envelope.replace('eb:version="2.0"', 'eb:version="3.0"'), /must be 2.0/],
    [
      'with a block that must be understood and is not',
      envelope.replace('</SOAP:Header>', '<x SOAP:mustUnderstand="1"/></SOAP:Header>'),
      /must be understood/,
    ],
    [
      'with a control character in an identifier',
      envelope.replace('S1001A1630', 'S1&#10;x'),
      /CPAId: is not up to 256 printable/,
    ],
    ['with a reference to somewhere else', envelope.replace('"cid:', '"http://'), /INVALID_MANIFEST_REFERENCE/],
    [
      'that says acknowledgment and has none',
      envelope
        .replace(MESSAGE.service, 'urn:oasis:names:tc:ebxml-msg:service')
        .replace('<eb:Action>PORX_IN020101UK31', '<eb:Action>Acknowledgment'),
      /eb:Acknowledgment: is missing/,
    ],
    ['that is not SOAP', '<a/>', /not a SOAP 1.1 Envelope/],
  ];
  for (const [name, text, fault] of changed) {
    it(`${name} is refused`, () => {
      expect(faultsOf('EBXML_INVALID', () => read(text)).join('\n')).to.match(fault);
    });
  }

  it('says everything that is wrong with it at once, and nothing of what was sent', () => {
    const text = without('CPAId').replace(`<eb:MessageId>${MESSAGE.messageId}`, '<eb:MessageId>SECRET');
    const faults = faultsOf('EBXML_INVALID', () => read(text));
    expect(faults).to.have.length(2);
    expect(faults.join()).not.to.include('SECRET');
  });
});

describe('what an ebXML header must agree with', () => {
  it('is the SOAPAction, quoted or not, where one is sent', () => {
    for (const action of [
      undefined,
      'urn:nhs:names:services:mm/PORX_IN020101UK31',
      '"urn:nhs:names:services:mm/PORX_IN020101UK31"',
    ])
      expect(() => checkSoapAction(header(), action)).not.to.throw();
    expect(
      faultsOf('EBXML_INVALID', () => checkSoapAction(header(), 'urn:nhs:names:services:mm/PORX_IN030101UK32')),
    ).to.have.length(1);
    expect(faultsOf('EBXML_INVALID', () => checkSoapAction(header(), '""'))).to.have.length(1);
  });

  it('is its own parts: the first reference names the payload', () => {
    const content = readManifest(header(), parts);
    expect(content.payload?.body.toString()).to.equal(MESSAGE.payload.body);
    expect(content.attachments).to.deep.equal([]);
  });

  it('is not fulfilled by a reference without a part, a part without a reference, or one part named twice', () => {
    const [reference] = header().references;
    if (!reference) throw new Error('no reference');
    const named = (action: () => unknown): string => faultsOf('EBXML_INVALID', action).join();
    expect(named(() => readManifest(header(), parts.slice(0, 1)))).to.match(
      /Reference\[1\]: INVALID_MANIFEST_REFERENCE/,
    );
    expect(named(() => readManifest(header({ references: [] }), parts))).to.match(
      /part\[2\]: INVALID_MANIFEST_REFERENCE/,
    );
    const twice = header({ references: [reference, reference] });
    expect(named(() => readManifest(twice, parts))).to.match(/Reference\[2\]: INVALID_MANIFEST_REFERENCE/);
  });

  it('may refer to messages that travel by themselves, and may percent-encode its content ids', () => {
    const [root, payload] = parts;
    if (!root || !payload) throw new Error('no parts');
    const references = [{ href: 'cid:a%2Bb@x' }, { href: 'mid:elsewhere@x' }];
    const content = readManifest(header({ references }), [root, { ...payload, contentId: 'a+b@x' }]);
    expect(content.payload?.contentId).to.equal('a+b@x');
  });

  it('is the hub as receiver, in the service’s own code', () => {
    expect(() => checkReceiver(header(), 'YES-0000806')).not.to.throw();
    expect(() => checkReceiver(header(), 'YEA-0000806'))
      .to.throw(HubError)
      .with.nested.property('details.serviceCode', '501314');
    const other = header({ to: { id: 'YES-0000806', type: 'urn:other' } });
    expect(faultsOf('PARTY_UNKNOWN', () => checkReceiver(other, 'YES-0000806'))).to.have.length(1);
  });

  it('is a time to live that has not passed', () => {
    const live = header({ timeToLive: 1_000 });
    expect(() => checkTimeToLive(live, 999)).not.to.throw();
    expect(faultsOf('EBXML_INVALID', () => checkTimeToLive(live, 1_000))).to.have.length(1);
  });

  const contract = MESSAGE.contract;
  const { ackRequested } = header();
  const mismatches: readonly (readonly [string, EbxmlHeader, typeof contract])[] = [
    ['DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT', header({ duplicateElimination: false }), contract],
    ['DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT', header(), { ...contract, duplicateElimination: false }],
    ['ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT', header(), { ...contract, acknowledgementRequested: false }],
    ['SYNCREPLY_INCONSISTENT_WITH_CONTRACT', header({ syncReply: false }), contract],
    ['SYNCREPLY_INCONSISTENT_WITH_CONTRACT', header(), { ...contract, syncReply: false }],
    ['ACK_REQUESTED_ACTOR_INVALID', header({ ackRequested: { actor: 'urn:me', signed: false } }), contract],
    [
      'ACK_REQUESTED_SIGNED_INVALID',
      header({ ackRequested: { actor: ackRequested?.actor ?? '', signed: true } }),
      contract,
    ],
  ];
  for (const [name, said, agreed] of mismatches) {
    it(`is the contract, else ${name}`, () => {
      const faults = faultsOf('CONTRACT_MISMATCH', () => checkContract(said, agreed));
      expect(faults).to.have.length(1);
      expect(faults[0]).to.include(name);
    });
  }

  it('is the contract, and one that agrees passes', () => {
    expect(() => checkContract(header(), contract)).not.to.throw();
    const { ackRequested: _, ...bare } = header({ duplicateElimination: false, syncReply: false });
    const express = { ...contract, acknowledgementRequested: false, duplicateElimination: false, syncReply: false };
    expect(() => checkContract(bare, express)).not.to.throw();
    expect(faultsOf('CONTRACT_MISMATCH', () => checkContract(bare, contract))).to.have.length(3);
  });
});
