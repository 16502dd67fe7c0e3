/** Decides from a receiver's HTTP answer what became of a pushed message: by what the body says, and only then by its status. */
import type { XmlElement } from '../../core/document.ts';
import type { PushResult } from '../../core/transport.ts';
import { DEFAULT_LIMITS, type DocumentLimits } from '../../schemas/limits.ts';
import { scanXml } from '../../schemas/xml-scan.ts';
import { parseCheckedXml } from '../../schemas/xml-tree.ts';
import type { PostAnswer } from '../poster.ts';
import { resultOfStatus } from '../status.ts';
import { readContentType } from './content-type.ts';
import { childrenOf } from './header.ts';
import { readMultipart } from './mime.ts';
import { EB, SOAP } from './names.ts';

/** Fault codes that may succeed when tried again; a list with any other code is final. Source: transport notes, 2.3. */
const RETRYABLE_CODES: ReadonlySet<string> = new Set(['200', '206', '208']);
/** ebMS 2.0, 4.2.3.4.2: the message could not be handed on; nothing is wrong with the message itself. */
const RETRYABLE_EBXML_CODES: ReadonlySet<string> = new Set(['DeliveryFailure']);

const CODES_AT_MOST = 20;
const DEPTH_AT_MOST = 8;
const ANSWER_LIMITS: DocumentLimits = { ...DEFAULT_LIMITS, bytes: 1_048_576, depth: 32, values: 5_000 };

/**
 * | the body is | result |
 * |---|---|
 * | an eb:Acknowledgment of this message | acknowledged, whatever the status |
 * | an eb:Acknowledgment of another message | retry: this one has not been acknowledged |
 * | an eb:ErrorList with errors | retry if every code may be retried, else refused; warnings alone leave it to the status |
 * | a SOAP fault | retry if it has codes and every one may be retried, else refused; without codes the status decides, and a 2xx is refused |
 * | empty, or another document | the status decides: 2xx acknowledged; 408, 425, 429, 5xx retry; the rest refused |
 *
 * An empty 2xx counts as the receiver's acknowledgment also where the contract asks for one: receivers may send theirs
 * later as a message of its own, and the hub then holds nothing that it could match it to but a settled delivery.
 * @param messageId the MessageId that was pushed, in capitals.
 */
export function classifyAnswer(answer: PostAnswer, messageId: string): PushResult {
  const envelope = readEnvelope(answer);
  if (!envelope) return resultOfStatus(answer.status);
  const [header] = childrenOf(envelope, SOAP, 'Header');
  const [body] = childrenOf(envelope, SOAP, 'Body');
  const fault = body && childrenOf(body, SOAP, 'Fault')[0];
  if (fault) return resultOfFault(fault, answer.status);
  const errorList = header && childrenOf(header, EB, 'ErrorList')[0];
  if (errorList) return resultOfErrorList(errorList, answer.status);
  const acknowledgment = header && childrenOf(header, EB, 'Acknowledgment')[0];
  if (acknowledgment) return resultOfAcknowledgment(acknowledgment, messageId);
  return resultOfStatus(answer.status);
}

/**
 * The SOAP envelope of an answer, bare or as the root of a multipart; undefined where there is none to be read.
 * Only scanned, not put through a schema: the receiver speaks for itself alone, and a wrong word costs it the message.
 */
function readEnvelope({ contentType, body }: PostAnswer): XmlElement | undefined {
  if (body.length === 0 || !body.includes('Envelope')) return undefined;
  try {
    const multipart = readContentType(contentType)?.mediaType.startsWith('multipart/') === true;
    const document = multipart ? (readMultipart(contentType, body)[0]?.body ?? body) : body;
    const root = parseCheckedXml(scanXml(document, ANSWER_LIMITS));
    return root.name === 'Envelope' && root.namespace === SOAP ? root : undefined;
  } catch {
    return undefined; // an answer that cannot be read says no more than its status
  }
}

function resultOfAcknowledgment(acknowledgment: XmlElement, messageId: string): PushResult {
  const reference = childrenOf(acknowledgment, EB, 'RefToMessageId')[0]?.text.trim().toUpperCase();
  return reference === messageId.toUpperCase()
    ? { kind: 'acknowledged' }
    : { kind: 'retry', reason: 'the acknowledgment is of another message' };
}

function resultOfErrorList(list: XmlElement, status: number): PushResult {
  const errors = childrenOf(list, EB, 'Error').filter((error) => error.attributes[`{${EB}}severity`] !== 'Warning');
  if (errors.length === 0) {
    const warned = childrenOf(list, EB, 'Error').length > 0;
    return warned || status >= 500 ? resultOfStatus(status) : refused('error list', []);
  }
  const codes = errors.slice(0, CODES_AT_MOST).map((error) => {
    const number = /^\s*(\d{1,10})\s*:/.exec(childrenOf(error, EB, 'Description')[0]?.text ?? '')?.[1];
    return { name: token(error.attributes[`{${EB}}errorCode`] ?? ''), number };
  });
  const retryable = codes.every(({ name, number }) =>
    number === undefined ? RETRYABLE_EBXML_CODES.has(name) : RETRYABLE_CODES.has(number),
  );
  const shown = codes.map(({ name, number }) => (number === undefined ? name : `${name} ${number}`));
  return retryable && errors.length <= CODES_AT_MOST ? retry('error list', shown) : refused('error list', shown);
}

function resultOfFault(fault: XmlElement, status: number): PushResult {
  const codes = codesIn(fault, 0).slice(0, CODES_AT_MOST + 1);
  if (codes.length > 0)
    return codes.every((code) => RETRYABLE_CODES.has(code)) ? retry('SOAP fault', codes) : refused('SOAP fault', codes);
  const faultcode = fault.children.find(({ name }) => name === 'faultcode')?.text.trim() ?? '';
  // SOAP 1.1, 4.4.1: Client means that the message must not be sent again as it is.
  if (status < 500 || /(?:^|:)Client(?:$|\.)/.test(faultcode)) return refused('SOAP fault', []);
  return retry('SOAP fault', []);
}

/** Every errorCode below the fault's detail, whatever the service's namespace. */
function codesIn(element: XmlElement, depth: number): string[] {
  if (depth > DEPTH_AT_MOST) return [];
  if (element.name === 'errorCode') return [token(element.text.trim())];
  return element.children.flatMap((child) => codesIn(child, depth + 1));
}

/** Reasons are kept and shown: a code may pass, a receiver's prose may not. */
const token = (code: string): string => (/^[\w.-]{1,40}$/.test(code) ? code : 'unnamed');

const say = (form: string, codes: readonly string[]): string =>
  codes.length > 0 ? `${form}: ${codes.slice(0, CODES_AT_MOST).join(', ')}` : `${form} without a code`;
const retry = (form: string, codes: readonly string[]): PushResult => ({ kind: 'retry', reason: say(form, codes) });
const refused = (form: string, codes: readonly string[]): PushResult => ({ kind: 'refused', reason: say(form, codes) });
