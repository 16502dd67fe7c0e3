/** The words of the Summary Care Record: summaries, permission, overrides, alerts and who looked. */
import type { Instant } from '../../core/clock.ts';
import type { NhsNumber, OdsCode, SystemId } from '../../core/identifiers.ts';

/** The patient's standing answer to "may this be looked at": asked each time unless it was given once for all. */
export const PERMISSIONS = ['Yes', 'No', 'Ask'] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** What the service keeps for one patient. Store consent and view permission are different assertions. */
export interface PatientConsent {
  readonly nhsNumber: NhsNumber;
  /** May this person's summary be viewed. */
  readonly view: Permission;
  /** May a summary exist at all. */
  readonly store: 'Yes' | 'No';
  /** The summary that counts; any other id is stale. */
  readonly latest?: LatestSummary;
}

export interface LatestSummary {
  /** UUID in capitals. */
  readonly id: string;
  /** The practice that holds the record: it uploaded the latest summary. */
  readonly practice: OdsCode;
  readonly uploadedAt: Instant;
}

/** A summary as it was uploaded; its entries are kept as they came, presentation included, and never interpreted. */
export interface Summary {
  readonly id: string;
  readonly nhsNumber: NhsNumber;
  readonly practice: OdsCode;
  readonly uploadedBy: string;
  readonly uploadedAt: Instant;
  /** Composition.date, as sent. */
  readonly composedAt: string;
  readonly replaces?: string;
  readonly sections: number;
  /** Bundle.identifier and Bundle.entry, as sent. */
  readonly identifier?: unknown;
  readonly entry: readonly unknown[];
}

/** Alert types of the published service. */
export const ALERT_TYPES = {
  '1': 'Create LR (Self Claimed)',
  '2': 'Access alert',
} as const;
export type AlertType = keyof typeof ALERT_TYPES;

/**
 * Why a summary is viewed without the patient's permission, and the activities of which the role needs one: B0168 is
 * emergency access, B0082 the legal override of consent. Source: SCR FHIR API, AuditEvent.subtype; national RBAC database.
 */
export const ALERT_REASONS = {
  '1': { display: 'Access made in the public interest', activities: ['B0082', 'B0168'] },
  '2': { display: 'Access required by statute', activities: ['B0082'] },
  '3': { display: 'Access required by Court Order', activities: ['B0082'] },
  '4': { display: 'Self-Claim Emergency Access', activities: ['B0168'] },
  '5': { display: 'Access made in an emergency', activities: ['B0168'] },
  '6': { display: 'other', activities: ['B0082', 'B0168'] },
} as const satisfies Record<string, { display: string; activities: readonly string[] }>;
export type AlertReason = keyof typeof ALERT_REASONS;

/** Pairs of type and reason that the service refuses. */
export const REFUSED_PAIRS: ReadonlySet<string> = new Set(['1/5', '2/4', '2/6']);

/** How long an override lets the same person of the same organisation view the same patient. The hub's own choice. */
export const OVERRIDE_LASTS_MS = 8 * 60 * 60 * 1_000;

export interface Override {
  readonly nhsNumber: NhsNumber;
  readonly ods: OdsCode;
  readonly userId: string;
  readonly alertId: string;
  readonly reason: AlertReason;
  readonly at: Instant;
  readonly until: Instant;
}

/** A privacy alert, kept for the practice that holds the record whether or not its system takes messages. */
export interface Alert {
  readonly id: string;
  readonly at: Instant;
  readonly nhsNumber: NhsNumber;
  readonly practice: OdsCode;
  readonly summary: string;
  readonly ods: OdsCode;
  readonly systemId: SystemId;
  readonly userId: string;
  readonly role: string;
  readonly type: AlertType;
  readonly reason: AlertReason;
  /** The viewer's own words; never leaves this record by message. */
  readonly words?: string;
}

/** On what ground somebody looked. */
export type Basis = 'holder' | 'permission' | 'override';

/** One line of the patient's access list. */
export interface Access {
  readonly id: string;
  readonly at: Instant;
  readonly nhsNumber: NhsNumber;
  readonly summary: string;
  readonly ods: OdsCode;
  readonly systemId: SystemId;
  readonly userId: string;
  readonly role: string;
  readonly basis: Basis;
  readonly reason?: AlertReason;
}
