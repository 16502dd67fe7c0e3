/** What child protection sharing speaks of: plans, the authorities that hold them, and the visits that people record. */
import type { Instant } from '../../core/clock.ts';
import type { OdsCode, SystemId } from '../../core/identifiers.ts';

/** `2026-03-02`: a day in England, without a time or a zone. */
export type CalendarDate = string;

/** Looked-after child, child protection plan, unborn child with a plan (carried on the mother's NHS number). */
export type PlanKind = 'LAC' | 'CPP' | 'UCP';

/** Whom a record of an upload names: the child, or the mother of an unborn child. Not yet matched with anybody. */
export interface Subject {
  readonly unborn: boolean;
  /** As sent: its check digit is the rules' affair, for each record has a result of its own. */
  readonly nhsNumber: string;
  readonly familyName: string;
  readonly givenNames: readonly string[];
  /** Undefined where what was sent is no date. */
  readonly birthDate: CalendarDate | undefined;
  /** Of an unborn child. */
  readonly dueDate?: CalendarDate | undefined;
}

/** A date as an upload carries it: absent, a day, or something that is no day. */
export type SentDate = CalendarDate | 'unreadable' | undefined;

export interface PlanUpload {
  readonly kind: PlanKind;
  readonly start: SentDate;
  readonly end: SentDate;
  /** Deletion says that the plan should never have been here; it is not an end. */
  readonly deleted: SentDate;
}

export interface UploadRecord {
  /** The authority's own id of the record, a GUID: what its result is returned under. */
  readonly id: string;
  readonly subject: Subject;
  readonly plan: PlanUpload;
}

export interface Contacts {
  readonly officeHours: string;
  readonly emergencyDuty: string;
}

/** A local authority's file: every record stands for itself. */
export interface Upload {
  readonly fileId: string;
  /** Undefined where it could not be read; the acknowledgement then echoes -1. */
  readonly sequence: number | undefined;
  /** How many records the sender says there are. */
  readonly quantity: number;
  readonly authority: { readonly ods: OdsCode; readonly name: string; readonly contacts: Contacts };
  readonly records: readonly UploadRecord[];
}

/** Kept for each authority: how far its files have come, and whom to ring. */
export interface Authority {
  readonly ods: OdsCode;
  readonly name: string;
  readonly contacts: Contacts;
  readonly lastSequence: number;
  readonly lastFileAt: Instant;
}

/** Kept for each plan. The id names it to others, for the key holds the NHS number. */
export interface Plan {
  readonly id: string;
  readonly kind: PlanKind;
  /** The child's, or the mother's for an unborn child. */
  readonly nhsNumber: string;
  readonly birthDate: CalendarDate;
  readonly dueDate?: CalendarDate;
  readonly start: CalendarDate;
  readonly end?: CalendarDate;
  readonly deleted?: CalendarDate;
  readonly authority: OdsCode;
  /** The system that sent it, and that is told of visits. */
  readonly system: SystemId;
  readonly updatedAt: Instant;
}

/** An unscheduled access to care at which a plan was seen: kept, shown to the next setting, told to the authority. */
export interface Visit {
  readonly id: string;
  readonly nhsNumber: string;
  readonly at: Instant;
  readonly ods: OdsCode;
  readonly organisation: string;
  /** The kind of place. */
  readonly place: string;
  readonly userId: string;
  readonly roleId: string;
  readonly role: string;
  /** What the viewer's own system calls this opening (TraceID), so that its next read does not list it as a previous one. */
  readonly opening?: string;
}

/** What demographics know of a person, as far as matching asks. The personal demographics service will keep these. */
export interface KnownPerson {
  readonly nhsNumber: string;
  readonly familyName: string;
  readonly birthDate: CalendarDate;
  /** Flagged as sensitive: nothing may be uploaded, and nothing is shown. */
  readonly sensitive?: boolean;
  /** An ordinary merge. Never followed here: the sender must obtain the new number. */
  readonly supersededBy?: string;
  /** Withdrawn with no replacement that anybody may know, as after an adoption: nothing may link the two numbers. */
  readonly invalidated?: boolean;
}

/** What a care setting asks: the plans of one child, and whether its visit is unscheduled. */
export interface PlanQuery {
  readonly nhsNumber: string;
  /** What the sender said; left out means unscheduled. */
  readonly unscheduled: 'yes' | 'no' | 'left-out';
  readonly opening?: string;
}

export interface VisitQuery {
  readonly nhsNumber: string;
  readonly withRoles: boolean;
  readonly opening?: string;
}
