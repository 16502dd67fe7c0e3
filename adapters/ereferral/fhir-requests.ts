/** Reads the requests for a worklist, a booking, free slots and a provider's services. */
import type { Instant } from '../../core/clock.ts';
import type { CheckedDocument } from '../../core/document.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import type { NhsNumber } from '../../core/identifiers.ts';
import { identifier, instant, json, needed, oneOf, parametersOf, patientNumber, wrong } from './fhir.ts';
import { BOOKING_KINDS, type BookingKind, REVIEW_REASONS, type ReviewReason } from './model.ts';
import { at, listAt, textAt } from './select.ts';
import { WORKLIST_NAMES, type WorklistName } from './states.ts';
import { ERS_SERVICE, NHS_NUMBER, REVIEW_REASON, SDS_USER } from './systems.ts';

export interface FetchWorklist {
  readonly name: WorklistName;
  readonly service?: string;
  readonly specialty?: string;
  readonly clinician?: string;
  /** Names of filters that were sent at all. */
  readonly filters: readonly string[];
}

/** Source: e-RS specification, A008. */
export function readWorklist(document: CheckedDocument): FetchWorklist {
  const filters = ['service', 'specialtyAssignedIndicator', 'specialty', 'clinicianAssignedIndicator', 'clinician'];
  const sent = parametersOf(json(document), ['listType', ...filters]);
  const code = (name: string) => textAt(sent.get(name), 'valueCodeableConcept', 'coding', 0, 'code');
  const specialty = code('specialty');
  const named = (name: string, system: string) =>
    sent.has(name) ? identifier(at(sent.get(name), 'valueIdentifier'), system, name) : undefined;
  const [service, clinician] = [named('service', ERS_SERVICE), named('clinician', SDS_USER)];
  return {
    name: oneOf(code('listType'), WORKLIST_NAMES, 'listType'),
    filters: filters.filter((name) => sent.has(name)),
    ...(service !== undefined && { service }),
    ...(specialty !== undefined && { specialty }),
    ...(clinician !== undefined && { clinician }),
  };
}

export interface BookOrDefer {
  readonly ubrn: string;
  readonly version: number;
  readonly nhsNumber: NhsNumber;
  readonly service: string;
  readonly clinician?: string;
  readonly comment?: string;
  /** Why no slot is booked; absent in a booking. */
  readonly reason?: ReviewReason;
  readonly slot?: string;
  readonly start?: Instant;
  readonly end?: Instant;
}

/** Source: e-RS specification, A016. The referral is named with its version, which stands for If-Match. */
export function readBooking(document: CheckedDocument): BookOrDefer {
  const sent = json(document);
  const status = oneOf(textAt(sent, 'status'), ['booked', 'proposed'], 'Appointment.status');
  const named = textAt(sent, 'incomingReferral', 0, 'reference') ?? '';
  const referral = /^ReferralRequest\/(\d{12})\/_history\/(\d{1,9})$/.exec(named);
  if (!referral?.[1]) throw wrong('INVALID_VALUE', 'Appointment.incomingReferral', 'a referral with its version');
  const actor = (system: string): unknown =>
    listAt(sent, 'participant')
      .map((each) => at(each, 'actor', 'identifier'))
      .find((each) => at(each, 'system') === system);
  const path = 'Appointment.participant';
  const reason = status === 'proposed' ? reviewReason(sent) : undefined;
  const slot = /^Slot\/(\d{1,20})$/.exec(textAt(sent, 'slot', 0, 'reference') ?? '')?.[1];
  if (status === 'booked' && slot === undefined) throw wrong('MISSING_VALUE', 'Appointment.slot', 'a slot is expected');
  const [start, end, comment] = [textAt(sent, 'start'), textAt(sent, 'end'), textAt(sent, 'comment')];
  const clinician = textAt(actor(SDS_USER), 'value');
  return {
    ubrn: referral[1],
    version: Number(referral[2]),
    nhsNumber: patientNumber(needed(actor(NHS_NUMBER), path), path),
    service: identifier(needed(actor(ERS_SERVICE), path), ERS_SERVICE, path),
    ...(clinician !== undefined && { clinician }),
    ...(comment !== undefined && { comment }),
    ...(reason !== undefined && { reason }),
    ...(slot !== undefined && { slot }),
    ...(start !== undefined && { start: instant(start, 'Appointment.start') }),
    ...(end !== undefined && { end: instant(end, 'Appointment.end') }),
  };
}

function reviewReason(appointment: unknown): ReviewReason {
  const reason = at(appointment, 'reason', 0, 'coding', 0);
  if (at(reason, 'system') !== REVIEW_REASON)
    throw wrong('MISSING_VALUE', 'Appointment.reason', `a code of ${REVIEW_REASON} is expected`);
  return oneOf(textAt(reason, 'code'), REVIEW_REASONS, 'Appointment.reason');
}

export interface FindSlots {
  readonly service: string;
  /** Slots a page, 1 to 100. */
  readonly count: number;
  /** From 1. */
  readonly page: number;
}

/** Source: e-RS specification, A015. */
export function readFindSlots({ parameters }: Cause): FindSlots {
  const number = (name: string, otherwise: number, most: number): number => {
    const value = parameters[name] ?? String(otherwise);
    const read = /^\d{1,3}$/.test(value) ? Number(value) : 0;
    if (read >= 1 && read <= most) return read;
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: name, what: `1 to ${most} is expected` }] });
  };
  const service = parameters['schedule.actor:HealthcareService'];
  if (service === undefined || !/^\d{1,12}$/.test(service))
    throw new HubError('PARAMETER_INVALID', {
      faults: [{ path: 'schedule.actor:HealthcareService', what: 'a service id is expected' }],
    });
  if ((parameters['status'] ?? 'free') !== 'free')
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: 'status', what: 'only free is taken' }] });
  return { service, count: number('_count', 20, 100), page: number('page', 1, 100) };
}

export interface PublishedSlot {
  readonly id: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly clinician?: string;
}

export interface PublishService {
  readonly id: string;
  readonly name: string;
  readonly specialty: string;
  readonly clinicTypes: readonly string[];
  readonly booking: BookingKind;
  readonly slots: readonly PublishedSlot[];
}

/** The hub's own: a service and the whole set of its free slots, as `schemas/ereferral/publish-service.schema.json` says. */
export function readPublishService(document: CheckedDocument, cause: Cause): PublishService {
  const sent = json(document);
  const id = cause.parameters['id'];
  if (id === undefined || !/^\d{1,12}$/.test(id))
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: 'id', what: 'one to twelve digits are expected' }] });
  const slots = listAt(sent, 'slots').map((each, place): PublishedSlot => {
    const path = `slots[${place}]`;
    const clinician = textAt(each, 'clinician');
    const start = instant(needed(textAt(each, 'start'), path), `${path}.start`);
    const end = instant(needed(textAt(each, 'end'), path), `${path}.end`);
    if (end <= start) throw wrong('INVALID_VALUE', path, 'the end is to be after the start');
    return { id: needed(textAt(each, 'id'), path), start, end, ...(clinician !== undefined && { clinician }) };
  });
  if (new Set(slots.map((slot) => slot.id)).size < slots.length)
    throw wrong('INVALID_VALUE', 'slots', 'an id is twice');
  return {
    id,
    name: needed(textAt(sent, 'name'), 'name'),
    specialty: needed(textAt(sent, 'specialty'), 'specialty'),
    clinicTypes: listAt(sent, 'clinicTypes').filter((each) => typeof each === 'string'),
    booking: oneOf(textAt(sent, 'booking'), BOOKING_KINDS, 'booking'),
    slots,
  };
}
