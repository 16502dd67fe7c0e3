/** What the service keeps: one record for each prescription, found by nominated pharmacy, by patient and by dispenser. */
import { hash } from 'node:crypto';
import type { Instant } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { OdsCode, SystemId } from '../../core/identifiers.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { DispensedLine, Guid, Prescription, PrescriptionId, SitePreference } from './model.ts';
import type { LineStatus, PrescriptionStatus } from './states.ts';

export const PRESCRIPTION = 'eps.prescription';

/** The short id without its check character: that is how the service stores it. */
export const prescriptionKey = (id: PrescriptionId): string => id.slice(0, -1);

export interface LineState {
  readonly id: Guid;
  readonly status: LineStatus;
}

/** One supply told of by the dispenser; the last is the one that an amendment or withdrawal means. */
export interface Dispense {
  readonly messageId: Guid;
  readonly at: Instant;
  readonly lines: readonly DispensedLine[];
}

/** One issue: the only one of an acute or repeat prescription, one of several in repeat dispensing. */
export interface Issue {
  readonly number: number;
  readonly status: PrescriptionStatus;
  readonly lines: readonly LineState[];
  /** Who has it, or had it when it was completed. */
  readonly dispenser?: OdsCode;
  readonly release?: { readonly id: Guid; readonly at: Instant };
  readonly dispenses: readonly Dispense[];
}

/** A message that changed the record: what a repeat of it is recognised by. */
export interface Change {
  /** HL7v3 root id or FHIR Bundle.identifier; of a release, the release's own id. */
  readonly messageId: Guid;
  readonly event: 'prescription-order' | 'release' | 'dispense-notification';
  readonly at: Instant;
  readonly by: SystemId;
  readonly from?: PrescriptionStatus;
  readonly to: PrescriptionStatus;
  /** Of the content: a repeat has the same. */
  readonly digest: string;
}

export interface PrescriptionRecord {
  readonly prescription: Prescription;
  /** Nomination as it stands; the prescription keeps what was signed. */
  readonly nomination?: { readonly ods: OdsCode; readonly site: SitePreference };
  readonly current: number;
  readonly issues: readonly Issue[];
  readonly changes: readonly Change[];
}

export type StoredPrescription = StoredRecord<PrescriptionRecord>;

/** The issue that events now concern. */
export function currentIssue(record: PrescriptionRecord): Issue {
  const issue = record.issues.find((candidate) => candidate.number === record.current);
  if (!issue) throw new Error(`prescription record without its current issue ${record.current}`);
  return issue;
}

/** The record with its current issue and one change more. */
export function withIssue(record: PrescriptionRecord, issue: Issue, change: Change): PrescriptionRecord {
  return {
    ...record,
    issues: record.issues.map((candidate) => (candidate.number === issue.number ? issue : candidate)),
    changes: [...record.changes, change],
  };
}

/** Value of the `nominated` index: a pharmacy's prescriptions in one state. */
export const nominatedIndex = (ods: OdsCode, status: PrescriptionStatus): string => `${ods}/${status}`;

export function writePrescription(record: PrescriptionRecord, version: number): RecordWrite {
  const issue = currentIssue(record);
  return {
    kind: PRESCRIPTION,
    key: prescriptionKey(record.prescription.id),
    version,
    value: record,
    indexes: {
      patient: record.prescription.patient.nhsNumber,
      ...(record.nomination && { nominated: nominatedIndex(record.nomination.ods, issue.status) }),
      ...(issue.dispenser && { dispenser: issue.dispenser }),
    },
  };
}

/** Of what a message says, its transport left out: SHA-256, hex. */
export const contentDigest = (content: object): string => hash('sha256', JSON.stringify(content));
