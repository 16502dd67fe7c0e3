/** Referrals as the service keeps them, for a story that begins in the middle. */
import type { Appointment, Referral } from '../../adapters/ereferral/model.ts';
import { slotRecord, writeReferral } from '../../adapters/ereferral/records.ts';
import type { RecordWrite } from '../../core/decision.ts';
import { PATIENTS, type SlotIds } from './messages.ts';

const AT = Date.parse('2026-02-24T11:00:00Z');

/** Where a referral stands: made and not sent, or booked and waiting for its provider. */
export interface KeptReferral {
  readonly ubrn: string;
  readonly nhsNumber?: string;
  readonly referrer: string;
  /** Services of the shortlist. */
  readonly services: readonly string[];
  readonly bookedAt?: { readonly provider: string; readonly slot: SlotIds };
}

/** The writes that make the service know the referral, at version 1, and the slot that it has. */
export function keptReferral({ ubrn, nhsNumber, referrer, services, bookedAt }: KeptReferral): RecordWrite[] {
  const [service = ''] = services;
  const appointment = bookedAt && appointmentIn(service, bookedAt);
  const referral: Referral = {
    ubrn,
    requestId: `r.00000000-0000-4000-8000-${ubrn}`,
    nhsNumber: nhsNumber ?? PATIENTS.cara,
    referrer,
    createdBy: '200000000001',
    clinician: '200000000001',
    commissioner: referrer,
    priority: 'ROUTINE',
    criteria: [],
    shortlist: services.map((id) => ({ service: id, name: `Clinic ${id}` })),
    letter: 'NEED_TO_ADD_LATER',
    reminderDays: 7,
    pathwayStart: AT,
    createdAt: AT,
    changedAt: AT,
    state: appointment ? 'BOOKED' : 'NOT_BOOKED',
    reviewed: false,
    ...(appointment && { appointment }),
  };
  return [writeReferral(0, referral), ...(bookedAt ? [keptSlot(service, bookedAt.slot, ubrn)] : [])];
}

/** A slot that nobody has, or this referral. */
export const keptSlot = (service: string, { id, start, end }: SlotIds, ubrn?: string): RecordWrite =>
  slotRecord({
    id,
    service,
    start: Date.parse(start),
    end: Date.parse(end),
    ...(ubrn !== undefined && { ubrn }),
  });

const appointmentIn = (service: string, { provider, slot }: NonNullable<KeptReferral['bookedAt']>): Appointment => ({
  id: slot.id,
  version: 1,
  status: 'booked',
  created: AT,
  service,
  serviceName: `Clinic ${service}`,
  provider,
  slot: slot.id,
  start: Date.parse(slot.start),
  end: Date.parse(slot.end),
});
