/** The order that is sent: one request made ready as bytes, in which only what differs from message to message is written anew. */
import type { SystemId } from '../core/identifiers.ts';
import { writeEbxml } from '../examples/connected-system.ts';
import {
  exampleNhsNumber,
  examplePatient,
  examplePrescription,
  prescriptionOrderHl7,
} from '../examples/eps/examples.ts';

export const ORDER = 'PORX_IN020101UK31';
export const ACKNOWLEDGEMENT = 'MCCI_IN010000UK13';
export const SERVICE = 'urn:nhs:names:services:mm';

export interface OrderParts {
  readonly path: string;
  readonly from: { readonly systemId: SystemId; readonly partyKey: string; readonly ods: string };
  readonly hub: { readonly systemId: SystemId; readonly partyKey: string; readonly cpaId: string };
  readonly nominated: string;
  readonly at: number;
}

/** Elements that our schema lets a sender leave out, so that the order is of the 5 KB that the figures are about. */
const LEFT_OUT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/<healthCareProviderLicense>.*?<\/healthCareProviderLicense>/g, ''],
  [/<addr use="WP">.*?<\/addr>/g, ''],
  [/<telecom [^>]*\/>/g, ''],
  [/<playedProviderPatient>.*?<\/playedProviderPatient>/g, ''],
  [/<pertinentInformation8>.*?<\/pertinentInformation8>/g, ''],
  [/<pertinentInformation2><pertinentCareRecordElementCategory>.*?<\/pertinentInformation2>/g, ''],
  [/<(CanonicalizationMethod|SignatureMethod)[^>]*><\/\1>|<Reference>.*<\/Reference>/g, ''],
  [/(RXhhbXBs){20}/g, 'RXhhbXBs'],
];

/** GUIDs of the template: what each is for is in its third group, and stays; its first and last group are the message's own. */
const GUID = /00000000-000\d-4B0B-8B0B-000000000000/g;
const templateGuid = (number: number): string => `00000000-000${number}-4B0B-8B0B-000000000000`;
/** How the GUIDs of ebXML messages go on after their first group: others are not of these orders. */
export const MESSAGE_MARK = '-0000-4B0B-8B0B-';

const PATIENTS = 10_000;

export interface OrderTemplate {
  /** Request line, headers and body. */
  readonly request: Buffer;
  readonly body_bytes: number;
  readonly guids: readonly number[];
  readonly prescriptionIds: readonly number[];
  readonly nhsNumbers: readonly number[];
}

export function orderTemplate({ path, from, hub, nominated, at }: OrderParts): OrderTemplate {
  let made = 1;
  const prescription = examplePrescription({
    id: () => templateGuid(made++),
    ods: from.ods,
    nominated,
    at,
    items: 1,
    patient: examplePatient(1),
  });
  const whole = prescriptionOrderHl7(prescription, { from: from.systemId, to: hub.systemId, brief: true });
  const payload = LEFT_OUT.reduce((text, [pattern, instead]) => text.replace(pattern, instead), whole);
  const { contentType, soapAction, body } = writeEbxml({
    messageId: templateGuid(0),
    from: from.partyKey,
    to: hub.partyKey,
    cpaId: hub.cpaId,
    service: SERVICE,
    action: ORDER,
    payload,
    timestamp: new Date(at),
  });
  const head =
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${contentType}\r\n` +
    `SOAPAction: ${soapAction}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const request = Buffer.concat([Buffer.from(head), body]);
  const text = request.toString('latin1');
  const places = (pattern: RegExp): number[] => [...text.matchAll(pattern)].map(({ index }) => index);
  return {
    request,
    body_bytes: body.length,
    guids: places(GUID),
    prescriptionIds: places(new RegExp(prescription.prescriptionId.replace('+', '\\+'), 'g')),
    nhsNumbers: places(new RegExp(`\\b${prescription.patient.nhsNumber}\\b`, 'g')),
  };
}

const HEX = Buffer.from('0123456789ABCDEF');
const CHECK = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+');
/** Value of a character in the check of a prescription id, by its code. */
const CHECK_VALUES = Uint8Array.from({ length: 128 }, (_, code) => Math.max(0, CHECK.indexOf(code)));

let numbers: Buffer | undefined;
/** Ten digits for each patient, one after the other; made when first asked for. */
function patients(): Buffer {
  numbers ??= Buffer.from(Array.from({ length: PATIENTS }, (_, index) => exampleNhsNumber(index)).join(''));
  return numbers;
}

/**
 * One connection's own copy of a template. `write(number)` makes it the order of that number: ids, patient and check
 * character. Ids are spread as random ones would be, since ids in order would spare the store its work.
 */
export class OrderWriter {
  readonly request: Buffer;
  readonly #template: OrderTemplate;
  readonly #digits = new Uint8Array(20);
  readonly #patients = patients();

  constructor(template: OrderTemplate) {
    this.#template = template;
    this.request = Buffer.from(template.request);
  }

  write(number: number): void {
    const { request } = this;
    const digits = this.#digits;
    let spread = scatter(number);
    for (let i = 7; i >= 0; i--) {
      digits[i] = HEX[spread & 15] as number;
      spread >>>= 4;
    }
    let rest = number;
    for (let i = 19; i >= 8; i--) {
      digits[i] = HEX[rest % 16] as number;
      rest = Math.floor(rest / 16);
    }
    for (const at of this.#template.guids) {
      for (let i = 0; i < 8; i++) request[at + i] = digits[i] as number;
      for (let i = 8; i < 20; i++) request[at + 16 + i] = digits[i] as number;
    }
    for (const at of this.#template.prescriptionIds) this.#writePrescriptionId(at);
    const patient = (number % PATIENTS) * 10;
    for (const at of this.#template.nhsNumbers) {
      for (let i = 0; i < 10; i++) request[at + i] = this.#patients[patient + i] as number;
    }
  }

  /** `HHHHHH-ORGANI-HHHHHC`: eight spread digits and three of the number make it unique within an organisation. */
  #writePrescriptionId(at: number): void {
    const { request } = this;
    const digits = this.#digits;
    for (let i = 0; i < 6; i++) request[at + i] = digits[i] as number;
    for (let i = 0; i < 2; i++) request[at + 14 + i] = digits[6 + i] as number;
    for (let i = 0; i < 3; i++) request[at + 16 + i] = digits[17 + i] as number;
    let total = 0;
    for (let i = 0; i < 19; i++) {
      if (i === 6 || i === 13) continue;
      total = ((total + (CHECK_VALUES[request[at + i] as number] as number)) * 2) % 37;
    }
    request[at + 19] = CHECK[(38 - total) % 37] as number;
  }
}

/** Each whole number below 2^32 to another one: the last steps of MurmurHash3, which can be undone, so none meet. */
function scatter(number: number): number {
  let spread = number | 0;
  spread ^= spread >>> 16;
  spread = Math.imul(spread, 0x85ebca6b);
  spread ^= spread >>> 13;
  spread = Math.imul(spread, 0xc2b2ae35);
  return (spread ^ (spread >>> 16)) >>> 0;
}
