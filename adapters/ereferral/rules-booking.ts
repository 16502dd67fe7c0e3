/** The rules of getting a referral to a provider: services and slots, booking, deferring, and sending for triage. */
import type { Decision, RecordWrite } from '../../core/decision.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { Context } from '../adapter.ts';
import type { ApiError } from './error-codes.ts';
import { appointmentResource, documentAnswer } from './fhir-answers.ts';
import { slotBundle } from './fhir-lists.ts';
import type { BookOrDefer, FindSlots, PublishService } from './fhir-requests.ts';
import { newAppointmentId } from './identifiers.ts';
import type { Appointment, Referral, Service, Slot } from './model.ts';
import { REFERRAL, removeSlot, SERVICE, SLOT, serviceRecord, slotRecord, writeReferral } from './records.ts';
import { daysBetween, factOf, type Held, notify, reachToChange, step, success } from './rules.ts';
import { openSession, refuse, unprocessable } from './session.ts';
import { REVIEW_REASON } from './systems.ts';

/** More than this many free slots a service may not have: a publication replaces them in one decision. */
const SLOTS_MAX = 200;
const FREE_MAX = 1_000;

async function freeSlots(service: string, context: Context): Promise<StoredRecord<Slot>[]> {
  return context.records.find<Slot>(SLOT, 'free', service, { limit: FREE_MAX });
}

async function futureSlots(service: string, context: Context): Promise<Slot[]> {
  const free = (await freeSlots(service, context)).map(({ value }) => value);
  return free.filter(({ start }) => start > context.now).sort((a, b) => a.start - b.start);
}

/** A provider's booking system says what it offers; free slots that it no longer names are withdrawn. The hub's own. */
export async function publishService(message: PublishService, context: Context): Promise<Decision> {
  const action = 'publish-service';
  const entity = `${SERVICE}/${message.id}`;
  const taken = () => refuse({ action, code: 'ALREADY_EXISTS', entity });
  if (message.slots.length > SLOTS_MAX) return unprocessable({ action, serviceCode: 'TOO_MANY_ITEMS', entity });
  const before = await context.records.get<Service>(SERVICE, message.id);
  if (before && before.value.ods !== context.party.ods) return taken();
  const { slots, ...offer } = message;
  const service: Service = { ...offer, ods: context.party.ods, active: true };
  const writes: RecordWrite[] = [serviceRecord(service, before?.version)];
  const named = new Set(slots.map(({ id }) => id));
  for (const slot of slots) {
    const kept = await context.records.get<Slot>(SLOT, slot.id);
    if (kept && kept.value.service !== message.id) return taken();
    if (kept?.value.ubrn === undefined) writes.push(slotRecord({ ...slot, service: message.id }, kept?.version));
  }
  for (const kept of await freeSlots(message.id, context)) if (!named.has(kept.key)) writes.push(removeSlot(kept));
  return {
    answer: documentAnswer({ id: message.id, slots: slots.length }, { status: before ? 200 : 201 }),
    records: writes,
    events: [{ action, outcome: 'success', entity, reason: `${slots.length} slots` }],
  };
}

/** Free slots of a service that lie ahead. Source: A015. */
export async function findSlots({ service, count, page }: FindSlots, context: Context): Promise<Decision> {
  const action = 'find-slots';
  const opened = openSession(action, context);
  if (opened.kind === 'refused') return opened.decision;
  const slots = await futureSlots(service, context);
  const shown = slots.slice((page - 1) * count, page * count);
  return {
    answer: documentAnswer(slotBundle(service, shown, { id: context.id(1), total: slots.length }), {}),
    events: [{ action, outcome: 'success', entity: `${SERVICE}/${service}` }],
  };
}

/** Books a slot, defers to the provider where there is none, or sends for triage. Source: A016. */
export async function bookOrDefer(message: BookOrDefer, context: Context): Promise<Decision> {
  const action = 'book-referral';
  const held = await reachToChange(action, message, context);
  if (held.kind === 'refused') return held.decision;
  const { nhsNumber: patient, ubrn, shortlist } = held.referral;
  const no = (serviceCode: ApiError, text?: string) =>
    unprocessable({ action, serviceCode, patient, entity: `${REFERRAL}/${ubrn}`, ...(text !== undefined && { text }) });
  if (message.nhsNumber !== patient)
    return no('INAPPROPRIATE_VALUE', 'The patient is not the patient of the referral.');
  if (!shortlist.some(({ service }) => service === message.service))
    return no('INAPPROPRIATE_VALUE', 'The service is not on the shortlist.');
  const service = (await context.records.get<Service>(SERVICE, message.service))?.value;
  if (!service?.active) return no('SERVICE_UNAVAILABLE');
  const way = wayOf(message);
  const state = step(way, held, action);
  if (typeof state !== 'string') return state;
  if (service.booking !== (way === 'triage' ? 'triage' : 'direct'))
    return no('INAPPROPRIATE_VALUE', 'The service does not take patients this way.');

  const kept = message.slot === undefined ? undefined : await context.records.get<Slot>(SLOT, message.slot);
  const reason = way === 'book' ? unbookable(message, kept, context) : await undeferrable(message, kept, context);
  if (reason !== undefined) return no(reason);
  const booked = way === 'book' ? kept : undefined;
  const appointment = appointmentOf(message, service, booked?.value, context);
  return sent({ ...held, referral: { ...held.referral, state } }, { way, appointment, booked }, context);
}

type Way = 'book' | 'defer' | 'triage';
const wayOf = ({ reason }: BookOrDefer): Way =>
  reason === undefined ? 'book' : reason === 'TRIAGE' ? 'triage' : 'defer';

/** Why this slot cannot be booked. */
function unbookable(
  message: BookOrDefer,
  kept: StoredRecord<Slot> | undefined,
  context: Context,
): ApiError | undefined {
  const slot = kept?.value;
  if (!slot) return 'SLOT_NOT_AVAILABLE';
  const { start = slot.start, end = slot.end } = message;
  const right = slot.service === message.service && slot.start === start && slot.end === end;
  const clinician = slot.clinician === undefined || slot.clinician === message.clinician;
  if (!right || !clinician || slot.start <= context.now) return 'INAPPROPRIATE_SLOT';
  return slot.ubrn === undefined ? undefined : 'SLOT_NOT_AVAILABLE';
}

/** Why booking cannot be left to the provider: only where no slot is free, or the one wanted has gone. */
async function undeferrable(
  message: BookOrDefer,
  kept: StoredRecord<Slot> | undefined,
  context: Context,
): Promise<ApiError | undefined> {
  const slot = kept?.value;
  switch (message.reason) {
    case 'NO_SLOTS_AT_SERVICE':
      return (await futureSlots(message.service, context)).length === 0 ? undefined : 'SLOTS_CURRENTLY_AVAILABLE';
    case 'SLOT_NOT_AVAILABLE':
      if (slot?.service !== message.service) return 'INAPPROPRIATE_SLOT';
      return slot.ubrn === undefined && slot.start > context.now ? 'THIS_SLOT_IS_AVAILABLE' : undefined;
    case 'BOOKING_ATTEMPT_PROBLEM':
      // A booking here never waits for the provider's system, so none can have failed there.
      return 'INAPPROPRIATE_VALUE';
    default:
      return undefined;
  }
}

function appointmentOf(message: BookOrDefer, service: Service, slot: Slot | undefined, context: Context): Appointment {
  const { clinician, comment, reason } = message;
  return {
    id: newAppointmentId(context),
    version: 1,
    status: slot ? 'booked' : 'proposed',
    created: context.now,
    service: service.id,
    serviceName: service.name,
    provider: service.ods,
    ...(slot && { slot: slot.id, start: slot.start, end: slot.end }),
    ...(clinician !== undefined && { clinician }),
    ...(comment !== undefined && { comment }),
    ...(reason !== undefined && { reason: { system: REVIEW_REASON, code: reason } }),
  };
}

/** What the provider is told, by the way that the referral came. */
const NOTICE = { book: 'BOOKED', defer: 'DEFERRED_TO_PROVIDER', triage: 'AWAITING_TRIAGE' } as const;

interface Sending {
  readonly way: Way;
  readonly appointment: Appointment;
  readonly booked: StoredRecord<Slot> | undefined;
}

function sent(held: Held, { way, appointment, booked }: Sending, context: Context): Decision {
  const { reason: _, comments: __, ...kept } = held.referral;
  const referral: Referral = {
    ...kept,
    ...(appointment.reason && { reason: appointment.reason }),
    appointment,
    reviewed: false,
    changedAt: context.now,
  };
  const version = held.version + 1;
  const days = appointment.start === undefined ? -1 : daysBetween(context.now, appointment.start);
  return {
    answer: documentAnswer(appointmentResource(appointment, referral, version), { status: 201, version: 1 }),
    records: [
      writeReferral(held.version, referral),
      ...(booked ? [slotRecord({ ...booked.value, ubrn: referral.ubrn }, booked.version)] : []),
    ],
    send: notify(appointment.provider, NOTICE[way], referral.ubrn, context),
    events: [success('book-referral', referral, referral.state)],
    facts: [
      factOf('referral-sent', referral, { outcome: referral.state, ...(days >= 0 && { daysToAppointment: days }) }),
    ],
  };
}
