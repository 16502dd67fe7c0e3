/** Reads the ebXML 2.0 header of a message from its SOAP envelope, and says everything that is wrong with it at once. */
import type { Instant } from '../../core/clock.ts';
import type { XmlElement } from '../../core/document.ts';
import { type Fault, HubError } from '../../core/errors.ts';
import { isUuid } from '../../core/identifiers.ts';
import { ACKNOWLEDGMENT_ACTION, EB, ERROR_ACTION, MSH_SERVICE, SOAP, TO_PARTY_ACTOR, XLINK } from './names.ts';

export interface EbxmlParty {
  readonly id: string;
  /** Absent where the sender leaves it out. */
  readonly type?: string;
}

export interface ManifestReference {
  /** `cid:` for a part of this message, `mid:` for one that travels by itself. */
  readonly href: string;
  readonly id?: string;
  readonly description?: string;
}

export interface EbxmlError {
  readonly code: string;
  readonly severity: 'Error' | 'Warning';
  readonly description: string;
}

export interface EbxmlHeader {
  /** An acknowledgment and an error are messages of the handlers themselves; the rest carries business content. */
  readonly kind: 'message' | 'acknowledgment' | 'error';
  readonly from: EbxmlParty;
  readonly to: EbxmlParty;
  readonly cpaId: string;
  readonly conversationId: string;
  readonly service: string;
  readonly action: string;
  /** A GUID in capitals, as the two below. */
  readonly messageId: string;
  readonly timestamp: Instant;
  readonly refToMessageId?: string;
  readonly timeToLive?: Instant;
  readonly duplicateElimination: boolean;
  readonly ackRequested?: { readonly actor: string; readonly signed: boolean };
  readonly syncReply: boolean;
  readonly references: readonly ManifestReference[];
  /** The message that eb:Acknowledgment acknowledges; it may ride on a business message. */
  readonly acknowledges?: string;
  /** What eb:ErrorList says; empty for every other kind. */
  readonly errors: readonly EbxmlError[];
}

const LIMITS = { faults: 20, references: 100, errors: 100, textLength: 256 } as const;
const UNDERSTOOD = new Set(['MessageHeader', 'AckRequested', 'SyncReply', 'Acknowledgment', 'ErrorList']);
/** Zone-less times are taken as UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)?$/;

/**
 * The header in `root`, a checked soap:Envelope.
 * Source: ebXML Message Service Specification 2.0, 3.1 (MessageHeader), 3.2 (Manifest), 4.2 (ErrorList), 6.3 (acknowledgment).
 * @throws HubError EBXML_INVALID with one fault (path, what) for each thing missing, repeated or contradicting.
 */
export function readEbxmlHeader(root: XmlElement): EbxmlHeader {
  const reader = new HeaderReader();
  const header = reader.read(root);
  if (header && reader.faults.length === 0) return header;
  throw new HubError('EBXML_INVALID', { faults: reader.faults.slice(0, LIMITS.faults) });
}

class HeaderReader {
  readonly faults: Fault[] = [];

  read(root: XmlElement): EbxmlHeader | undefined {
    if (root.name !== 'Envelope' || root.namespace !== SOAP) {
      this.#fault('/', 'the document is not a SOAP 1.1 Envelope');
      return undefined;
    }
    const soapHeader = this.#one(root, SOAP, 'Header', 'soap:Envelope');
    const message = soapHeader && this.#one(soapHeader, EB, 'MessageHeader', 'soap:Header');
    if (!soapHeader || !message) return undefined;
    this.#checkBlocks(soapHeader);

    const data = this.#one(message, EB, 'MessageData', 'eb:MessageHeader');
    const service = this.#text(message, 'Service', 'eb:MessageHeader') ?? '';
    const action = this.#text(message, 'Action', 'eb:MessageHeader') ?? '';
    const acknowledgment = this.#atMostOne(soapHeader, EB, 'Acknowledgment', 'soap:Header');
    const errorList = this.#atMostOne(soapHeader, EB, 'ErrorList', 'soap:Header');
    const refToMessageId = data && this.#guid(data, 'RefToMessageId', 'eb:MessageData', 'optional');
    const timeToLive = data && this.#time(data, 'TimeToLive', 'optional');
    const acknowledges =
      acknowledgment && this.#guid(acknowledgment, 'RefToMessageId', 'eb:Acknowledgment', 'required');
    const ackRequested = this.#ackRequested(soapHeader);
    return {
      kind: this.#kind(service, action, acknowledgment, errorList),
      from: this.#party(message, 'From'),
      to: this.#party(message, 'To'),
      cpaId: this.#text(message, 'CPAId', 'eb:MessageHeader') ?? '',
      conversationId: this.#text(message, 'ConversationId', 'eb:MessageHeader') ?? '',
      service,
      action,
      messageId: (data && this.#guid(data, 'MessageId', 'eb:MessageData', 'required')) ?? '',
      timestamp: (data && this.#time(data, 'Timestamp', 'required')) ?? 0,
      ...(refToMessageId !== undefined && { refToMessageId }),
      ...(timeToLive !== undefined && { timeToLive }),
      duplicateElimination: this.#atMostOne(message, EB, 'DuplicateElimination', 'eb:MessageHeader') !== undefined,
      ...(ackRequested && { ackRequested }),
      syncReply: this.#atMostOne(soapHeader, EB, 'SyncReply', 'soap:Header') !== undefined,
      references: this.#references(root),
      ...(acknowledges !== undefined && { acknowledges }),
      errors: errorList ? this.#errors(errorList) : [],
    };
  }

  #fault(path: string, what: string): void {
    this.faults.push({ path, what });
  }

  /** SOAP 1.1, 4.2.3: a block that must be understood and is not makes the message fail. */
  #checkBlocks(soapHeader: XmlElement): void {
    for (const block of soapHeader.children) {
      const understood = block.namespace === EB && UNDERSTOOD.has(block.name);
      if (!understood && block.attributes[`{${SOAP}}mustUnderstand`] === '1')
        this.#fault('soap:Header', 'a header block must be understood and is not');
      const version = block.attributes[`{${EB}}version`] ?? '2.0';
      if (understood && version !== '2.0') this.#fault(`soap:Header/eb:${block.name}/@eb:version`, 'must be 2.0');
    }
  }

  #kind(
    service: string,
    action: string,
    acknowledgment: XmlElement | undefined,
    errorList: XmlElement | undefined,
  ): EbxmlHeader['kind'] {
    if (service === MSH_SERVICE && action === ACKNOWLEDGMENT_ACTION) {
      if (!acknowledgment) this.#fault('soap:Header/eb:Acknowledgment', 'is missing');
      return 'acknowledgment';
    }
    if (service === MSH_SERVICE && action === ERROR_ACTION) {
      if (!errorList) this.#fault('soap:Header/eb:ErrorList', 'is missing');
      return 'error';
    }
    if (errorList) this.#fault('eb:MessageHeader/eb:Action', 'a message with eb:ErrorList must be a MessageError');
    return 'message';
  }

  #party(message: XmlElement, side: 'From' | 'To'): EbxmlParty {
    const path = `eb:MessageHeader/eb:${side}`;
    const element = this.#one(message, EB, side, 'eb:MessageHeader');
    const partyId = element && this.#one(element, EB, 'PartyId', path);
    if (!partyId) return { id: '' };
    const type = partyId.attributes[`{${EB}}type`] ?? partyId.attributes['type'];
    return { id: this.#word(partyId.text, `${path}/eb:PartyId`) ?? '', ...(type !== undefined && { type }) };
  }

  #ackRequested(soapHeader: XmlElement): EbxmlHeader['ackRequested'] {
    const element = this.#atMostOne(soapHeader, EB, 'AckRequested', 'soap:Header');
    if (!element) return undefined;
    const signed = element.attributes[`{${EB}}signed`] ?? 'false';
    // ebMS 2.0, 6.3.1.1: without an actor it is the To party's handler that is asked.
    return {
      actor: element.attributes[`{${SOAP}}actor`] ?? TO_PARTY_ACTOR,
      signed: signed === 'true' || signed === '1',
    };
  }

  #references(root: XmlElement): ManifestReference[] {
    const body = this.#one(root, SOAP, 'Body', 'soap:Envelope');
    const manifest = body && this.#atMostOne(body, EB, 'Manifest', 'soap:Body');
    const elements = manifest ? childrenOf(manifest, EB, 'Reference') : [];
    if (elements.length > LIMITS.references) this.#fault('eb:Manifest', `more than ${LIMITS.references} references`);
    return elements.slice(0, LIMITS.references).map((element, index) => {
      const href = element.attributes[`{${XLINK}}href`] ?? '';
      if (!/^(?:cid|mid):./.test(href)) {
        this.#fault(
          `eb:Manifest/eb:Reference[${index + 1}]/@xlink:href`,
          'INVALID_MANIFEST_REFERENCE: not a cid: or mid: reference',
        );
      }
      const id = element.attributes[`{${EB}}id`];
      const description = childrenOf(element, EB, 'Description')[0]?.text.trim();
      return { href, ...(id !== undefined && { id }), ...(description !== undefined && { description }) };
    });
  }

  #errors(list: XmlElement): EbxmlError[] {
    return childrenOf(list, EB, 'Error')
      .slice(0, LIMITS.errors)
      .map((element) => ({
        code: (element.attributes[`{${EB}}errorCode`] ?? '').slice(0, LIMITS.textLength),
        severity: element.attributes[`{${EB}}severity`] === 'Warning' ? 'Warning' : 'Error',
        description: (childrenOf(element, EB, 'Description')[0]?.text.trim() ?? '').slice(0, LIMITS.textLength),
      }));
  }

  #guid(parent: XmlElement, name: string, path: string, need: 'required' | 'optional'): string | undefined {
    const text = this.#optionalText(parent, name, path, need);
    if (text === undefined) return undefined;
    if (!isUuid(text)) this.#fault(`${path}/eb:${name}`, 'is not a GUID');
    return text.toUpperCase();
  }

  #time(parent: XmlElement, name: string, need: 'required' | 'optional'): Instant | undefined {
    const text = this.#optionalText(parent, name, 'eb:MessageData', need);
    if (text === undefined) return undefined;
    const found = TIME.exec(text);
    const instant = found ? Date.parse(found[1] ? text : `${text}Z`) : Number.NaN;
    if (Number.isNaN(instant)) this.#fault(`eb:MessageData/eb:${name}`, 'is not a date and time');
    return instant;
  }

  #text(parent: XmlElement, name: string, path: string): string | undefined {
    return this.#optionalText(parent, name, path, 'required');
  }

  #optionalText(parent: XmlElement, name: string, path: string, need: 'required' | 'optional'): string | undefined {
    const element = need === 'required' ? this.#one(parent, EB, name, path) : this.#atMostOne(parent, EB, name, path);
    return element && this.#word(element.text, `${path}/eb:${name}`);
  }

  #word(text: string, path: string): string | undefined {
    const word = text.trim();
    if (word === '') this.#fault(path, 'is empty');
    else if (word.length > LIMITS.textLength || !/^[\x21-\x7e]+$/.test(word))
      this.#fault(path, `is not up to ${LIMITS.textLength} printable characters without spaces`);
    else return word;
    return undefined;
  }

  #one(parent: XmlElement, namespace: string, name: string, path: string): XmlElement | undefined {
    const found = this.#atMostOne(parent, namespace, name, path);
    if (!found) this.#fault(`${path}/${namespace === EB ? 'eb' : 'soap'}:${name}`, 'is missing');
    return found;
  }

  #atMostOne(parent: XmlElement, namespace: string, name: string, path: string): XmlElement | undefined {
    let found: XmlElement | undefined;
    for (const child of parent.children) {
      if (child.name !== name || child.namespace !== namespace) continue;
      if (found) this.#fault(`${path}/${namespace === EB ? 'eb' : 'soap'}:${name}`, 'is given more than once');
      found ??= child;
    }
    return found;
  }
}

/** The children of one name, in order. */
export const childrenOf = (parent: XmlElement, namespace: string, name: string): XmlElement[] =>
  parent.children.filter((child) => child.name === name && child.namespace === namespace);
