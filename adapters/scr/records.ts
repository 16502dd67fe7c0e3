/** What the Summary Care Record keeps: kinds, keys and indexes, and how each is written. */
import { type Instant, iso } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { NhsNumber, OdsCode } from '../../core/identifiers.ts';
import type { RecordReader, StoredRecord } from '../../core/records.ts';
import type { Access, Alert, Override, PatientConsent, Summary } from './model.ts';

/** Key: NHS number. One for each patient: consent and the latest summary, so two uploads at once cannot both win. */
export const CONSENT = 'scr.consent';
/** Key: UUID of the summary. Index `patient`. */
export const SUMMARY = 'scr.summary';
/** Key: NHS number, organisation and user. */
export const OVERRIDE = 'scr.override';
/** Key: time and id, so that descending is newest first. Indexes `patient`, `practice`. */
export const ALERT = 'scr.alert';
/** Key: time and id, so that descending is newest first. Index `patient`. */
export const ACCESS = 'scr.access';

/** A patient nobody has said anything about: a summary may exist, and they are asked before each view. */
const unspoken = (nhsNumber: NhsNumber): PatientConsent => ({ nhsNumber, view: 'Ask', store: 'Yes' });

export interface HeldConsent {
  readonly version: number;
  readonly value: PatientConsent;
}

export async function consentOf(records: RecordReader, nhsNumber: NhsNumber): Promise<HeldConsent> {
  const kept = await records.get<PatientConsent>(CONSENT, nhsNumber);
  return kept ?? { version: 0, value: unspoken(nhsNumber) };
}

export const writeConsent = (held: HeldConsent, value: PatientConsent): RecordWrite => ({
  kind: CONSENT,
  key: value.nhsNumber,
  version: held.version,
  value,
});

export const writeSummary = (value: Summary): RecordWrite => ({
  kind: SUMMARY,
  key: value.id,
  version: 0,
  value,
  indexes: { patient: value.nhsNumber },
});

export const overrideKey = (nhsNumber: NhsNumber, ods: OdsCode, userId: string): string =>
  `${nhsNumber}/${ods}/${userId}`;

export const writeOverride = (before: StoredRecord | undefined, value: Override): RecordWrite => ({
  kind: OVERRIDE,
  key: overrideKey(value.nhsNumber, value.ods, value.userId),
  version: before?.version ?? 0,
  value,
});

const byTime = (at: Instant, id: string): string => `${iso(at)}-${id}`;

export const writeAlert = (value: Alert): RecordWrite => ({
  kind: ALERT,
  key: byTime(value.at, value.id),
  version: 0,
  value,
  indexes: { patient: value.nhsNumber, practice: value.practice },
});

export const writeAccess = (value: Access): RecordWrite => ({
  kind: ACCESS,
  key: byTime(value.at, value.id),
  version: 0,
  value,
  indexes: { patient: value.nhsNumber },
});
