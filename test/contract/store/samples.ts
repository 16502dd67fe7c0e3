/** Messages, decisions and deliveries for the store suite: everything from small numbers, so a test reads as a story. */
import { createHash } from 'node:crypto';
import { DEFAULT_CONTRACT } from '../../../core/contract.ts';
import type { AuditEvent, Decision, RecordWrite } from '../../../core/decision.ts';
import type { Delivery, DeliveryDraft, Outcome, Settlement } from '../../../core/delivery.ts';
import { type Cause, type Envelope, keyOf } from '../../../core/envelope.ts';
import { HubError } from '../../../core/errors.ts';
import type { Party, Person } from '../../../core/party.ts';
import type { Commit } from '../../../core/store.ts';

/** The moment that every story starts at. */
export const START = Date.parse('2026-03-02T09:00:00Z');
export const PATIENT = '9990000018';
export const SURGERY = '200000000001';
export const PHARMACY = '200000000002';
export const HOSPITAL = '200000000003';

/** A GUID in capitals, the same for the same number. */
export const guid = (number: number): string =>
  `00000000-0000-4000-8000-${number.toString(16).toUpperCase().padStart(12, '0')}`;

export function party(systemId: string): Party {
  return {
    systemId,
    partyKey: `A83008-${systemId.slice(-6)}`,
    ods: 'A83008',
    kind: 'general-practice',
    name: 'Brook Lane Surgery',
    sends: new Set(['urn:nhs:names:services:mm:PORX_IN020101UK31', 'fhir:eps:prescription-order']),
  };
}

export const DOCTOR: Person = {
  userId: '555254239107',
  roleId: '555254240100',
  role: 'S8000:G8000:R8000',
  ods: 'A83009',
  activities: new Set(['B0420', 'B0278']),
};

const digestOf = (body: Uint8Array): string => createHash('sha256').update('POST /').update(body).digest('hex');

/** The message with this number; its bytes, and so its digest, come from `text`. */
export function message(number: number, extra: Partial<Envelope> = {}, text = `<order number="${number}"/>`): Envelope {
  const body = extra.body ?? new TextEncoder().encode(text);
  return {
    messageId: guid(number),
    sender: party(SURGERY),
    interaction: 'fhir:eps:prescription-order',
    wire: 'fhir',
    conversationId: guid(number + 0x1000),
    parameters: { 'x-request-id': guid(number) },
    receivedAt: START + number,
    contentType: 'application/fhir+json',
    digest: digestOf(body),
    body,
    ...extra,
  };
}

/** What the message is without its bytes. */
export function causeOf(envelope: Envelope): Cause {
  const { body: _, ...cause } = envelope;
  return cause;
}

/** As a store gives it back: what the sender may send was checked at the door and is not kept (core/cause-text.ts). */
export function storedCause(envelope: Envelope): Cause {
  const cause = causeOf(envelope);
  return { ...cause, sender: { ...cause.sender, sends: new Set() } };
}

export const ORDERED: AuditEvent = {
  action: 'prescription-order',
  outcome: 'success',
  patient: PATIENT,
  reason: 'direct care',
  entity: 'prescription/1',
};

export const decision = (extra: Partial<Decision> = {}): Decision => ({
  answer: { kind: 'accepted', text: 'The prescription is kept.' },
  events: [ORDERED],
  ...extra,
});

export interface CommitParts {
  readonly records?: readonly RecordWrite[];
  readonly decision?: Partial<Decision>;
  readonly deliveries?: readonly DeliveryDraft[];
  readonly extra?: Partial<Commit>;
}

/** A commit for an admitted message, one second after the start unless told otherwise. */
export function commitOf(envelope: Envelope, parts: CommitParts = {}): Commit {
  return {
    cause: causeOf(envelope),
    decision: decision({ ...(parts.records && { records: parts.records }), ...parts.decision }),
    deliveries: parts.deliveries ?? [],
    at: START + 1_000,
    ...parts.extra,
  };
}

/** A commit that brings its message along. */
export const commitWhole = (envelope: Envelope, parts: CommitParts = {}): Commit => ({
  ...commitOf(envelope, parts),
  body: envelope.body,
});

export const deliveryId = (number: number): string => guid(0xd0000 + number);

/** A push delivery to the pharmacy, in no lane. */
export function draft(number: number, extra: Partial<DeliveryDraft> = {}): DeliveryDraft {
  return {
    id: deliveryId(number),
    receiver: PHARMACY,
    mode: 'push',
    lane: null,
    interaction: 'fhir:eps:dispense-notice',
    contentType: 'application/fhir+json',
    body: `{"number":${number}}`,
    conversationId: guid(0xc0000 + number),
    contract: DEFAULT_CONTRACT,
    notice: false,
    ...extra,
  };
}

/** The draft as the store gives it back. */
export const kept = (draft: DeliveryDraft, cause: Cause, createdAt = START + 1_000, attempts = 0): Delivery => ({
  ...draft,
  cause: keyOf(cause),
  createdAt,
  attempts,
});

export function settlement(id: string, owner: string | undefined, at: number, outcome: Outcome): Settlement {
  const event: AuditEvent = {
    action: 'deliver',
    outcome: outcome.kind === 'acknowledged' ? 'success' : 'failed',
    entity: `delivery/${id}`,
  };
  return { id, ...(owner !== undefined && { owner }), at, outcome, event };
}

/** The code of the HubError that a promise rejects with; anything else is thrown on, and so is a success. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown.code;
    throw thrown;
  }
  throw new Error('expected a refusal');
}

/** As it would travel: absent and undefined are one, null is another; sets and bytes become lists. */
export const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_name, part) => (part instanceof Set || part instanceof Uint8Array ? [...part] : part)),
  );
