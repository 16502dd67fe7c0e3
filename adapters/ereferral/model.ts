/** The words of the e-Referral service: referrals, services, slots and appointments. */
import type { Instant } from '../../core/clock.ts';
import type { NhsNumber, OdsCode } from '../../core/identifiers.ts';
import type { ReferralState } from './states.ts';

export interface Coding {
  readonly system: string;
  readonly code: string;
  readonly display?: string;
}

export const PRIORITIES = { ROUTINE: 'Routine', URGENT: 'Urgent', TWO_WEEK_WAIT: '2 Week Wait' } as const;
export type Priority = keyof typeof PRIORITIES;

export const LETTER_INTENTIONS = ['NEED_TO_ADD_LATER', 'NOT_INTENDING_TO_ADD'] as const;
export type LetterIntention = (typeof LETTER_INTENTIONS)[number];

/** How patients get into a service: a slot booked here, a slot booked by telephone, or after triage. */
export const BOOKING_KINDS = ['direct', 'indirect', 'triage'] as const;
export type BookingKind = (typeof BOOKING_KINDS)[number];

/** A service that a provider offers. */
export interface Service {
  readonly id: string;
  readonly ods: OdsCode;
  readonly name: string;
  readonly specialty: string;
  readonly clinicTypes: readonly string[];
  readonly booking: BookingKind;
  readonly active: boolean;
}

/** A time that can be booked once. */
export interface Slot {
  readonly id: string;
  readonly service: string;
  readonly start: Instant;
  readonly end: Instant;
  readonly clinician?: string;
  /** The referral that has it. */
  readonly ubrn?: string;
}

/** Why a referral is put to a provider without a booked slot. */
export const REVIEW_REASONS = [
  'NO_SLOTS_AT_SERVICE',
  'SLOT_NOT_AVAILABLE',
  'BOOKING_ATTEMPT_PROBLEM',
  'TRIAGE',
] as const;
export type ReviewReason = (typeof REVIEW_REASONS)[number];

export interface Appointment {
  /** Digits. */
  readonly id: string;
  readonly version: number;
  readonly status: 'booked' | 'proposed' | 'cancelled';
  readonly created: Instant;
  readonly service: string;
  readonly serviceName: string;
  /** Who provides the service: the other party to the referral. */
  readonly provider: OdsCode;
  readonly slot?: string;
  readonly start?: Instant;
  readonly end?: Instant;
  readonly clinician?: string;
  readonly reason?: Coding;
  readonly comment?: string;
}

export interface Referral {
  /** Unique booking reference number: twelve digits. */
  readonly ubrn: string;
  readonly requestId: string;
  readonly nhsNumber: NhsNumber;
  readonly referrer: OdsCode;
  readonly createdBy: string;
  /** The referring clinician. */
  readonly clinician: string;
  readonly commissioner: OdsCode;
  readonly priority: Priority;
  readonly specialty?: Coding;
  readonly clinicType?: Coding;
  /** The search criteria as they were sent. */
  readonly criteria: readonly unknown[];
  readonly shortlist: readonly { readonly service: string; readonly name: string }[];
  readonly letter: LetterIntention;
  readonly reminderDays: number;
  /** When the referral-to-treatment clock starts. */
  readonly pathwayStart: Instant;
  readonly createdAt: Instant;
  readonly changedAt: Instant;
  readonly state: ReferralState;
  readonly reason?: Coding;
  readonly comments?: string;
  /** Whether the provider has looked at a booked referral. */
  readonly reviewed: boolean;
  readonly appointment?: Appointment;
}

/** Why a provider rejects. Source: APPOINTMENT-CANCELLATION-REASON, type PROVIDER_REJECT, in force. */
export const REJECTION_REASONS: Readonly<Record<string, string>> = {
  FURTHER_INFORMATION_REQUIRED: 'Further information required',
  OTHER: 'Other reason',
  OUTPATIENT_APPT_NOT_REQUIRED: 'Outpatient appointment not required',
  SERVICE_INAPPROPRIATE: 'Inappropriate service',
  SERVICE_PREREQUISITES_NOT_COMPLETE: 'Pre-requisites for service not complete',
};
export const REJECTION_COMMENT_MAX = 2_000;
export const SHORTLIST_MAX = 20;
/** A pathway may have started at most so long before the referral. */
export const PATHWAY_MAX_MS = 365 * 24 * 60 * 60 * 1_000;
