/** The rules of a referral: creating it, reading it, and the provider's accepting or rejecting it under its version. */
import type { Decision, Fact, Outgoing } from '../../core/decision.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import type { Context } from '../adapter.ts';
import type { ApiError } from './error-codes.ts';
import type { Change, CreateReferral, Reject } from './fhir.ts';
import { documentAnswer, FHIR_JSON, referralRequest } from './fhir-answers.ts';
import { type Notice, noticeResource } from './fhir-lists.ts';
import { newRequestId, newUbrn } from './identifiers.ts';
import {
  PATHWAY_MAX_MS,
  REJECTION_COMMENT_MAX,
  REJECTION_REASONS,
  type Referral,
  type Service,
  SHORTLIST_MAX,
  type Slot,
} from './model.ts';
import { REFERRAL, SERVICE, SLOT, slotRecord, writeReferral } from './records.ts';
import { isParty, openSession, type ReferralAction, refuse, type Session, unprocessable } from './session.ts';
import { type Action, permits, TRANSITIONS } from './states.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** Whole days between, never below zero. */
export const daysBetween = (from: number, to: number): number => Math.max(0, Math.floor((to - from) / DAY_MS));

/** Codes only: what the secondary-use pipeline learns of any referral. */
export const factOf = (kind: string, referral: Referral, more: Fact['attributes']): Fact => ({
  kind,
  patient: referral.nhsNumber,
  attributes: {
    priority: referral.priority,
    specialty: referral.specialty?.code ?? 'NONE',
    referrer: referral.referrer,
    ...(referral.appointment && { provider: referral.appointment.provider }),
    ...more,
  },
});

/** What tells a party's system that a referral has come to it, or was decided. */
export const REFERRAL_NOTICE = 'fhir:ers:referral-notice';

/** The notice to an organisation whose system takes them; the worklist is where a referral is found in any case. */
export function notify(to: OdsCode, notice: Notice, ubrn: string, context: Context): Outgoing[] {
  const receiver = context.directory.receiver(to, REFERRAL_NOTICE);
  if (!receiver) return [];
  return [
    {
      to: receiver.systemId,
      interaction: REFERRAL_NOTICE,
      contentType: FHIR_JSON,
      body: JSON.stringify(noticeResource(notice, ubrn, context.party.ods, context.now)),
      orderKey: ubrn,
      conversationId: context.cause.conversationId,
      refToMessageId: context.cause.messageId,
      subject: `Referral: ${notice}`,
    },
  ];
}

/** A referrer makes a referral with a shortlist. Nothing is sent to any provider by that. Source: A011. */
export async function createReferral(message: CreateReferral, context: Context): Promise<Decision> {
  const action = 'create-referral';
  const opened = openSession(action, context);
  if (opened.kind === 'refused') return opened.decision;
  const { session } = opened;
  const no = (serviceCode: ApiError, text?: string) =>
    unprocessable({ action, serviceCode, patient: message.nhsNumber, ...(text !== undefined && { text }) });
  const clinician = message.clinician ?? session.userId;
  if (session.businessFunction === 'REFERRING_CLINICIAN_ADMIN' && message.clinician === undefined)
    return no('VALUE_IS_REQUIRED', 'An administrator names the referring clinician.');
  const pathwayStart = message.pathwayStart ?? context.now;
  if (pathwayStart > context.now || pathwayStart < context.now - PATHWAY_MAX_MS)
    return no('INAPPROPRIATE_VALUE', 'The pathway started in the past, at most 365 days ago.');
  if (message.services.length > SHORTLIST_MAX) return no('TOO_MANY_ITEMS');
  if (new Set(message.services).size < message.services.length) return no('DUPLICATE_SERVICE');
  const services: Service[] = [];
  for (const id of message.services) {
    const service = (await context.records.get<Service>(SERVICE, id))?.value;
    if (!service?.active) return no('REFERENCE_NOT_FOUND', 'A service of the shortlist is not known.');
    if (!answers(service, message)) return no('SHORTLISTED_SERVICE_NOT_IN_RESULTS');
    services.push(service);
  }
  const { clinician: _, services: __, commissioner, pathwayStart: ___, ...asked } = message;
  const referral: Referral = {
    ...asked,
    ubrn: await newUbrn(context),
    requestId: newRequestId(context),
    referrer: session.ods,
    createdBy: session.userId,
    clinician,
    commissioner: commissioner ?? session.ods,
    shortlist: services.map(({ id, name }) => ({ service: id, name })),
    pathwayStart,
    createdAt: context.now,
    changedAt: context.now,
    state: 'NOT_BOOKED',
    reviewed: false,
  };
  const attributes = { services: services.length, daysSincePathwayStart: daysBetween(pathwayStart, context.now) };
  return {
    answer: documentAnswer(referralRequest(referral, 1), { status: 201, version: 1 }),
    records: [writeReferral(0, referral)],
    events: [success(action, referral)],
    facts: [factOf('referral-created', referral, attributes)],
  };
}

/** Whether a search with these criteria would have found the service. */
const answers = (service: Service, { specialty, clinicType }: CreateReferral): boolean =>
  (specialty === undefined || service.specialty === specialty.code) &&
  (clinicType === undefined || service.clinicTypes.includes(clinicType.code));

export const success = (action: string, referral: Referral, reason?: string) => ({
  action,
  outcome: 'success' as const,
  patient: referral.nhsNumber,
  entity: `${REFERRAL}/${referral.ubrn}`,
  ...(reason !== undefined && { reason }),
});

export interface Held {
  readonly kind: 'held';
  readonly session: Session;
  readonly referral: Referral;
  readonly version: number;
}
export type Reached = Held | { readonly kind: 'refused'; readonly decision: Decision };

/** The referral, for one who may do this and is a party to it; to anybody else it tells nothing of what it holds. */
export async function reach(action: ReferralAction, ubrn: string, context: Context): Promise<Reached> {
  const opened = openSession(action, context);
  if (opened.kind === 'refused') return opened;
  const entity = `${REFERRAL}/${ubrn}`;
  const kept = await context.records.get<Referral>(REFERRAL, ubrn);
  if (!kept) return { kind: 'refused', decision: refuse({ action, code: 'NOT_FOUND', entity }) };
  const { value: referral, version } = kept;
  if (!isParty(opened.session, referral)) {
    const decision = unprocessable({ action, serviceCode: 'NO_RELATIONSHIP', entity, patient: referral.nhsNumber });
    return { kind: 'refused', decision };
  }
  return { kind: 'held', session: opened.session, referral, version };
}

/** Source: A005. */
export async function getReferral(ubrn: string, context: Context): Promise<Decision> {
  const reached = await reach('read-referral', ubrn, context);
  if (reached.kind === 'refused') return reached.decision;
  const { referral, version } = reached;
  return {
    answer: documentAnswer(referralRequest(referral, version), { version }),
    events: [success('read-referral', referral)],
  };
}

/** Both locks' first half: If-Match must be there (412), and name the version that is there now (409). */
export async function reachToChange(action: ReferralAction, change: Change, context: Context): Promise<Reached> {
  const reached = await reach(action, change.ubrn, context);
  if (reached.kind === 'refused' || change.version === reached.version) return reached;
  const code = change.version === undefined ? 'VERSION_REQUIRED' : 'VERSION_CONFLICT';
  const entity = `${REFERRAL}/${change.ubrn}`;
  return { kind: 'refused', decision: refuse({ action, code, entity, patient: reached.referral.nhsNumber }) };
}

/** The state after a step of the table, or the refusal that the table gives. */
export function step(action: Action, held: Held, name: ReferralAction): Referral['state'] | Decision {
  if (permits(action, held.referral)) return TRANSITIONS[action].to;
  const { ubrn, nhsNumber: patient } = held.referral;
  return unprocessable({
    action: name,
    serviceCode: 'INVALID_REQUEST_STATE',
    patient,
    entity: `${REFERRAL}/${ubrn}`,
    text: 'The referral is not in a state that allows this.',
  });
}

/** The provider agrees that a booked referral is right for the service. Source: A013. */
export async function acceptReferral(message: Change, context: Context): Promise<Decision> {
  const action = 'accept-referral';
  const held = await reachToChange(action, message, context);
  if (held.kind === 'refused') return held.decision;
  const state = step('accept', held, action);
  if (typeof state !== 'string') return state;
  const { reason: _, comments: __, ...kept } = held.referral;
  const referral: Referral = { ...kept, state, reviewed: true, changedAt: context.now };
  return decided(action, 'ACCEPTED', held, referral, context);
}

/** The provider gives it back with a reason; its slot is free again. Source: A014. */
export async function rejectReferral(message: Reject, context: Context): Promise<Decision> {
  const action = 'reject-referral';
  const held = await reachToChange(action, message, context);
  if (held.kind === 'refused') return held.decision;
  const { nhsNumber: patient, ubrn, appointment } = held.referral;
  const no = (serviceCode: ApiError, text: string) =>
    unprocessable({ action, serviceCode, text, patient, entity: `${REFERRAL}/${ubrn}` });
  const state = step('reject', held, action);
  if (typeof state !== 'string') return state;
  if (!Object.hasOwn(REJECTION_REASONS, message.reason.code)) return no('INVALID_CODE', 'No such rejection reason.');
  if ((message.comments ?? '').length > REJECTION_COMMENT_MAX)
    return no('INVALID_VALUE', `A comment has at most ${REJECTION_COMMENT_MAX} characters.`);
  if (message.cancelledInPas !== undefined)
    return no('FIELD_NOT_PERMITTED', 'appointmentCancelledInPAS is for indirectly bookable services.');
  const reason = { ...message.reason, display: REJECTION_REASONS[message.reason.code] ?? '' };
  const { comments: _, ...kept } = held.referral;
  const referral: Referral = {
    ...kept,
    state,
    reason,
    ...(message.comments !== undefined && { comments: message.comments }),
    changedAt: context.now,
    ...(appointment && {
      appointment: { ...appointment, status: 'cancelled', version: appointment.version + 1, reason },
    }),
  };
  const decision = decided(action, 'REJECTED', held, referral, context);
  return { ...decision, records: [...(decision.records ?? []), ...(await freed(referral, context))] };
}

async function freed({ ubrn, appointment }: Referral, context: Context) {
  if (appointment?.slot === undefined) return [];
  const slot = await context.records.get<Slot>(SLOT, appointment.slot);
  if (slot?.value.ubrn !== ubrn) return [];
  const { ubrn: _, ...free } = slot.value;
  return [slotRecord(free, slot.version)];
}

function decided(
  action: ReferralAction,
  outcome: 'ACCEPTED' | 'REJECTED',
  held: Held,
  referral: Referral,
  context: Context,
): Decision {
  const version = held.version + 1;
  const waited = {
    outcome,
    ...(outcome === 'REJECTED' && { reason: referral.reason?.code ?? '' }),
    daysWaited: daysBetween(referral.pathwayStart, context.now),
  };
  const forWhom = held.session.onBehalfOf === undefined ? undefined : `on behalf of ${held.session.onBehalfOf}`;
  return {
    answer: documentAnswer(referralRequest(referral, version), { version }),
    records: [writeReferral(held.version, referral)],
    send: notify(referral.referrer, outcome, referral.ubrn, context),
    events: [success(action, referral, forWhom)],
    facts: [factOf('referral-decided', referral, waited)],
  };
}
