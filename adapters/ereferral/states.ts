/** The states of a referral, who may move it between them, and which worklist shows it, as tables. */
import type { Referral } from './model.ts';

/**
 * The states that the operations of this hub reach, with the display that the service gives them.
 * Source: e-RS specification, A005 (eRS-ReferralState-1).
 */
export const STATES = {
  NOT_BOOKED: 'Not Booked',
  BOOKED: 'Booked',
  DEFERRED_TO_PROVIDER: 'Deferred To Provider',
  AWAITING_TRIAGE: 'Awaiting Triage',
  REJECTED: 'Rejected',
} as const;
export type ReferralState = keyof typeof STATES;

export type Action = 'book' | 'defer' | 'triage' | 'accept' | 'reject';
export type Side = 'referrer' | 'provider';

export interface Transition {
  readonly by: Side;
  readonly from: readonly ReferralState[];
  readonly to: ReferralState;
  /** Only before the provider has reviewed it. */
  readonly awaitingReview?: true;
}

/** What moves a referral. Creating and shortlisting send nothing to a provider; these do, or are done by one. */
export const TRANSITIONS: Readonly<Record<Action, Transition>> = {
  book: { by: 'referrer', from: ['NOT_BOOKED', 'REJECTED'], to: 'BOOKED' },
  defer: { by: 'referrer', from: ['NOT_BOOKED', 'REJECTED'], to: 'DEFERRED_TO_PROVIDER' },
  triage: { by: 'referrer', from: ['NOT_BOOKED', 'REJECTED'], to: 'AWAITING_TRIAGE' },
  accept: { by: 'provider', from: ['BOOKED'], to: 'BOOKED', awaitingReview: true },
  reject: { by: 'provider', from: ['BOOKED'], to: 'REJECTED', awaitingReview: true },
};

/** Whether the table lets this happen to this referral now. */
export function permits(action: Action, referral: Pick<Referral, 'state' | 'reviewed'>): boolean {
  const transition = TRANSITIONS[action];
  return transition.from.includes(referral.state) && !(transition.awaitingReview && referral.reviewed);
}

export interface Worklist {
  readonly side: Side;
  /** The structure definition of a row, below https://fhir.nhs.uk/STU3/StructureDefinition/. */
  readonly row: string;
  readonly shows: (referral: Pick<Referral, 'state' | 'reviewed' | 'letter'>) => boolean;
}

/** Source: e-RS specification, A008. ASSESSMENT_RETURNED_CANCELLED_DNA has no state yet that it shows. */
export const WORKLISTS = {
  REFERRALS_FOR_REVIEW: {
    side: 'provider',
    row: 'Extension-eRS-ReferralsforReview-WorkListItem-1',
    shows: ({ state, reviewed }) => (state === 'BOOKED' && !reviewed) || state === 'AWAITING_TRIAGE',
  },
  APPOINTMENT_SLOT_ISSUES: {
    side: 'provider',
    row: 'Extension-eRS-AppointmentSlotIssues-WorkListItem-1',
    shows: ({ state }) => state === 'DEFERRED_TO_PROVIDER',
  },
  AWAITING_BOOKING: {
    side: 'referrer',
    row: 'Extension-eRS-AwaitingBooking-WorkListItem-1',
    shows: ({ state }) => ['NOT_BOOKED', 'DEFERRED_TO_PROVIDER', 'AWAITING_TRIAGE'].includes(state),
  },
  LETTERS_OUTSTANDING: {
    side: 'referrer',
    row: 'Extension-eRS-LettersOutstanding-WorkListItem-1',
    shows: ({ letter }) => letter === 'NEED_TO_ADD_LATER',
  },
  REJECTED_TRIAGE_RESPONSE: {
    side: 'referrer',
    row: 'Extension-eRS-RejectedTriageResponse-WorkListItem-1',
    shows: ({ state }) => state === 'REJECTED',
  },
  ASSESSMENT_RETURNED_CANCELLED_DNA: {
    side: 'referrer',
    row: 'Extension-eRS-AssessmentReturnedCancelledDNA-WorkListItem-1',
    shows: () => false,
  },
} as const satisfies Record<string, Worklist>;
export type WorklistName = keyof typeof WORKLISTS;
export const WORKLIST_NAMES = Object.keys(WORKLISTS) as WorklistName[];
