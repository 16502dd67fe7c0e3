/** Writes ebXML 2.0 messages: business messages with their payload, acknowledgments, error lists and SOAP faults. */
import type { Instant } from '../../core/clock.ts';
import { iso } from '../../core/clock.ts';
import type { Contract } from '../../core/contract.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { Fault, HubError } from '../../core/errors.ts';
import type { InteractionId, PartyKey } from '../../core/identifiers.ts';
import { escapeXml } from '../../schemas/xml-read.ts';
import { writeMultipart } from './mime.ts';
import {
  ACKNOWLEDGMENT_ACTION,
  EB,
  ERROR_ACTION,
  ERROR_CONTEXT,
  HL7_EBXML,
  MSH_SERVICE,
  PARTY_TYPE,
  SOAP,
  SOAP_NEXT_ACTOR,
  TO_PARTY_ACTOR,
  XLINK,
} from './names.ts';

/** What goes over the wire: the two headers and the bytes. */
export interface EbxmlWriting {
  readonly contentType: string;
  /** Empty for a SOAP fault, which has no ebXML header. */
  readonly soapAction: string;
  readonly body: Buffer;
}

/** What every header says. */
export interface HeaderToWrite {
  /** A GUID in capitals. */
  readonly messageId: string;
  readonly from: PartyKey;
  readonly to: PartyKey;
  readonly cpaId: string;
  readonly conversationId: string;
  readonly timestamp: Instant;
  readonly refToMessageId?: string;
}

export interface MessageToWrite extends HeaderToWrite {
  readonly service: string;
  readonly action: string;
  /** Decides DuplicateElimination, AckRequested and SyncReply. */
  readonly contract: Contract;
  readonly payload: { readonly contentType: string; readonly body: string };
}

const XML = 'text/xml; charset=UTF-8';
const ROOT_ID = 'ebXMLHeader@spine.nhs.uk';
const FAULTS_AT_MOST = 10;

/** A business message: the header and one payload part, named by the message id. The same input gives the same bytes. */
export function writeMessage(message: MessageToWrite): EbxmlWriting {
  const { contract, payload, messageId } = message;
  const payloadId = `${messageId}@spine.nhs.uk`;
  const blocks =
    (contract.acknowledgementRequested
      ? `<eb:AckRequested SOAP:mustUnderstand="1" eb:version="2.0" eb:signed="false" SOAP:actor="${TO_PARTY_ACTOR}"/>`
      : '') +
    (contract.syncReply
      ? `<eb:SyncReply SOAP:mustUnderstand="1" eb:version="2.0" SOAP:actor="${SOAP_NEXT_ACTOR}"/>`
      : '');
  const manifest =
    `<eb:Manifest SOAP:mustUnderstand="1" eb:version="2.0"><eb:Reference xlink:href="cid:${payloadId}">` +
    (isXml(payload.contentType)
      ? '<eb:Description xml:lang="en">HL7 payload</eb:Description><hl7ebxml:Payload style="HL7" encoding="XML" version="3.0"/>'
      : '<eb:Description xml:lang="en">payload</eb:Description>') +
    '</eb:Reference></eb:Manifest>';
  const envelope = writeEnvelope(
    message,
    message.service,
    message.action,
    contract.duplicateElimination,
    blocks,
    manifest,
  );
  const { contentType, body } = writeMultipart([
    { contentId: ROOT_ID, contentType: XML, body: envelope },
    { contentId: payloadId, contentType: lineSafe(payload.contentType), body: payload.body },
  ]);
  return { contentType, soapAction: `${message.service}/${message.action}`, body };
}

export interface DeliveryToWrite {
  readonly delivery: Pick<Delivery, 'id' | 'conversationId' | 'refToMessageId' | 'contentType' | 'body'>;
  readonly from: PartyKey;
  readonly to: PartyKey;
  readonly cpaId: string;
  readonly service: string;
  readonly action: string;
  /** The delivery's createdAt, so that every attempt is the same message to the byte. */
  readonly timestamp: Instant;
  readonly contract: Contract;
}

/** The message that carries a delivery: its MessageId is the delivery's id on every attempt. */
export function writeEbxmlMessage(parts: DeliveryToWrite): EbxmlWriting {
  const { delivery } = parts;
  return writeMessage({
    messageId: delivery.id,
    conversationId: delivery.conversationId,
    ...(delivery.refToMessageId !== undefined && { refToMessageId: delivery.refToMessageId }),
    from: parts.from,
    to: parts.to,
    cpaId: parts.cpaId,
    service: parts.service,
    action: parts.action,
    timestamp: parts.timestamp,
    contract: parts.contract,
    payload: { contentType: delivery.contentType, body: delivery.body },
  });
}

/**
 * Service and action of an interaction id: `urn:nhs:names:services:mm:PORX_IN020101UK31` splits at its last colon.
 * An id without a colon is an action of the hub's own service.
 */
export function serviceAndAction(interaction: InteractionId): { readonly service: string; readonly action: string } {
  const at = interaction.lastIndexOf(':');
  return at < 0
    ? { service: 'urn:vertebra:services:hub', action: interaction }
    : { service: interaction.slice(0, at), action: interaction.slice(at + 1) };
}

/** An eb:Acknowledgment of the message `refToMessageId`, sent by itself (ebMS 2.0, 6.3.2). */
export function writeAcknowledgment(header: HeaderToWrite & { readonly refToMessageId: string }): EbxmlWriting {
  const block =
    `<eb:Acknowledgment SOAP:mustUnderstand="1" eb:version="2.0" SOAP:actor="${TO_PARTY_ACTOR}">` +
    `<eb:Timestamp>${seconds(header.timestamp)}</eb:Timestamp>` +
    `<eb:RefToMessageId>${escapeXml(header.refToMessageId)}</eb:RefToMessageId>` +
    `<eb:From>${partyId(header.from)}</eb:From></eb:Acknowledgment>`;
  return alone(header, ACKNOWLEDGMENT_ACTION, block);
}

/** A MessageError: one eb:Error for each fault, at most ten, with the hub's code in its description (ebMS 2.0, 4.2.3). */
export function writeErrorList(header: HeaderToWrite, error: HubError): EbxmlWriting {
  const faults: readonly Fault[] = error.details.faults?.length ? error.details.faults : [{ what: '' }];
  const errors = faults.slice(0, FAULTS_AT_MOST).map((fault) => {
    const location = fault.path === undefined ? '' : ` eb:location="${escapeXml(fault.path)}"`;
    return (
      `<eb:Error eb:codeContext="${ERROR_CONTEXT}" eb:errorCode="${error.entry.ebxml}" eb:severity="Error"${location}>` +
      `<eb:Description xml:lang="en-GB">${escapeXml(description(error, fault))}</eb:Description></eb:Error>`
    );
  });
  const block = `<eb:ErrorList SOAP:mustUnderstand="1" eb:highestSeverity="Error" eb:version="2.0">${errors.join('')}</eb:ErrorList>`;
  return alone(header, ERROR_ACTION, block);
}

/** A SOAP 1.1 fault with the error list that clients of the national service read; for messages without a readable header. */
export function writeSoapFault(error: HubError): EbxmlWriting {
  const faults: readonly Fault[] = error.details.faults?.length ? error.details.faults : [{ what: '' }];
  const errors = faults
    .slice(0, FAULTS_AT_MOST)
    .map(
      (fault) =>
        '<nasp:error><nasp:codeContext>urn:nhs:names:error:tms</nasp:codeContext>' +
        `<nasp:errorCode>${faultCode(error)}</nasp:errorCode><nasp:severity>Error</nasp:severity>` +
        `<nasp:location>${escapeXml(fault.path ?? '')}</nasp:location>` +
        `<nasp:description>${escapeXml(description(error, fault))}</nasp:description></nasp:error>`,
    );
  const body =
    `<?xml version="1.0" encoding="UTF-8"?>\n<SOAP:Envelope xmlns:SOAP="${SOAP}"><SOAP:Body><SOAP:Fault>` +
    `<faultcode>SOAP:${error.entry.blame === 'sender' && !error.entry.retry ? 'Client' : 'Server'}</faultcode>` +
    '<faultstring>Application Exception</faultstring>' +
    `<detail><nasp:errorList xmlns:nasp="http://national.carerecords.nhs.uk/schema/">${errors.join('')}</nasp:errorList></detail>` +
    '</SOAP:Fault></SOAP:Body></SOAP:Envelope>';
  return { contentType: XML, soapAction: '', body: Buffer.from(body, 'utf8') };
}

/** Clients try again on 200 and no other of these: 201 is a message that cannot be read, 300 is final. */
function faultCode(error: HubError): '200' | '201' | '300' {
  if (error.entry.retry) return '200';
  return error.entry.fhir === 'structure' ? '201' : '300';
}

function description({ code, entry, details }: HubError, { what }: Fault): string {
  const service = details.serviceCode === undefined ? '' : `${details.serviceCode}:`;
  return `${service}${code}: ${entry.text}${what === '' ? '' : ` (${what})`}`;
}

function alone(header: HeaderToWrite, action: string, block: string): EbxmlWriting {
  const envelope = writeEnvelope(header, MSH_SERVICE, action, false, block, '');
  return { contentType: XML, soapAction: `${MSH_SERVICE}/${action}`, body: Buffer.from(envelope, 'utf8') };
}

function writeEnvelope(
  header: HeaderToWrite,
  service: string,
  action: string,
  duplicateElimination: boolean,
  blocks: string,
  body: string,
): string {
  const reference =
    header.refToMessageId === undefined
      ? ''
      : `<eb:RefToMessageId>${escapeXml(header.refToMessageId)}</eb:RefToMessageId>`;
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<SOAP:Envelope xmlns:SOAP="${SOAP}" xmlns:eb="${EB}" ` +
    `xmlns:hl7ebxml="${HL7_EBXML}" xmlns:xlink="${XLINK}">\n<SOAP:Header>` +
    '<eb:MessageHeader SOAP:mustUnderstand="1" eb:version="2.0">' +
    `<eb:From>${partyId(header.from)}</eb:From><eb:To>${partyId(header.to)}</eb:To>` +
    `<eb:CPAId>${escapeXml(header.cpaId)}</eb:CPAId><eb:ConversationId>${escapeXml(header.conversationId)}</eb:ConversationId>` +
    `<eb:Service>${escapeXml(service)}</eb:Service><eb:Action>${escapeXml(action)}</eb:Action>` +
    `<eb:MessageData><eb:MessageId>${escapeXml(header.messageId)}</eb:MessageId>` +
    `<eb:Timestamp>${seconds(header.timestamp)}</eb:Timestamp>${reference}</eb:MessageData>` +
    `${duplicateElimination ? '<eb:DuplicateElimination/>' : ''}</eb:MessageHeader>${blocks}</SOAP:Header>\n` +
    `<SOAP:Body>${body}</SOAP:Body>\n</SOAP:Envelope>`
  );
}

const partyId = (key: PartyKey): string => `<eb:PartyId eb:type="${PARTY_TYPE}">${escapeXml(key)}</eb:PartyId>`;

/** `2026-11-23T09:30:00Z`: the owner's messages carry whole seconds. */
const seconds = (instant: Instant): string => `${iso(instant).slice(0, 19)}Z`;

const isXml = (contentType: string): boolean => /^(?:text|application)\/(?:[a-z0-9.+-]+\+)?xml\b/i.test(contentType);

/** A content type is one header line, whatever it was made from. */
const lineSafe = (text: string): string => text.replace(/[\r\n]+/g, ' ');
