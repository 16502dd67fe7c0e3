/** The rules of child protection sharing, each a pure function: who matches, what a record may do, who is told of a view. */
import { HubError } from '../../core/errors.ts';
import { isNhsNumber } from '../../core/identifiers.ts';
import type { Person } from '../../core/party.ts';
import type { CalendarDate, KnownPerson, Plan, PlanQuery, Subject, Upload, UploadRecord } from './model.ts';
import { planState, SHOWN } from './states.ts';
import {
  type FileFault,
  PLANS,
  RECORDS_MAX,
  type RecordDetail,
  type RecordResult,
  VIEW_AND_NOTIFY,
  VIEW_WITHOUT_NOTIFYING,
} from './tables.ts';

/** Why the whole file cannot be taken, or undefined. A sequence number once taken, or below it, is a replay. */
export function fileFault(upload: Upload, lastSequence: number | undefined): FileFault | undefined {
  if (upload.sequence === undefined) return 'SEQUENCE_UNREADABLE';
  if (lastSequence !== undefined && upload.sequence <= lastSequence) return 'SEQUENCE_USED';
  if (upload.records.length > RECORDS_MAX) return 'TOO_MANY';
  if (upload.quantity !== upload.records.length) return 'QUANTITY';
  return undefined;
}

/**
 * What keeps a subject from being the person that demographics know, or undefined when it is that person.
 * Number, birth date and family name must agree; nothing more is said of a number to someone who did not know the rest.
 * Source: CP-IS record results CPR01 to CPR05.
 */
export function mismatch(subject: Subject, person: KnownPerson | undefined): RecordResult | undefined {
  if (!/^\d{10}$/.test(subject.nhsNumber)) return 'CPR04';
  if (!isNhsNumber(subject.nhsNumber)) return 'CPR03';
  if (person?.nhsNumber !== subject.nhsNumber) return 'CPR01';
  if (person.birthDate !== subject.birthDate) return 'CPR01';
  if (plainName(person.familyName) !== plainName(subject.familyName)) return 'CPR01';
  if (person.supersededBy !== undefined || person.invalidated) return 'CPR05';
  if (person.sensitive) return 'CPR02';
  return undefined;
}

/** Case, accents, hyphens, apostrophes and spaces do not tell two family names apart. */
const plainName = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/[^\p{Letter}]/gu, '')
    .toUpperCase();

/** What a record says of a plan, before the hub adds whose it is. */
export type PlanContent = Pick<Plan, 'kind' | 'nhsNumber' | 'birthDate' | 'dueDate' | 'start' | 'end' | 'deleted'>;

/**
 * The plan as this record leaves it, or what is wrong with the record. A record says everything of its plan: without an
 * end date the plan runs. Deletion keeps what was held and marks it.
 */
export function planAfter({ subject, plan }: UploadRecord, before: Plan | undefined): PlanContent | RecordDetail {
  if (PLANS[plan.kind].unborn !== subject.unborn || subject.birthDate === undefined) return 'SUBJECT';
  if (plan.start === undefined || plan.start === 'unreadable') return 'START_DATE';
  if (plan.end === 'unreadable' || (plan.end !== undefined && plan.end < plan.start)) return 'END_DATE';
  if (plan.deleted === 'unreadable') return 'DELETE_DATE';
  if (subject.unborn && subject.dueDate === undefined) return 'DUE_DATE';
  if (plan.deleted !== undefined) return before ? { ...before, deleted: plan.deleted } : 'PLAN_UNKNOWN';
  return {
    kind: plan.kind,
    nhsNumber: subject.nhsNumber,
    birthDate: subject.birthDate,
    ...(subject.dueDate !== undefined && { dueDate: subject.dueDate }),
    start: plan.start,
    ...(plan.end !== undefined && { end: plan.end }),
  };
}

/** Those of a child's plans that may be seen on a day. A sensitive or withdrawn number shows nothing to anybody. */
export function shownPlans(plans: readonly Plan[], person: KnownPerson | undefined, today: CalendarDate): Plan[] {
  if (person?.sensitive || person?.invalidated) return [];
  return plans.filter((plan) => SHOWN[planState(plan, today)]);
}

/**
 * Whether this view is recorded and told to the authority.
 *
 * | role may \ sent | true | left out | false |
 * |---|---|---|---|
 * | view and notify (B0107) | told | told | silent |
 * | view without notifying only (B0170) | refused | silent | silent |
 *
 * Source: the draft API (IsUnscheduledAccessEvent left out means true) and role activities B0107, B0170.
 */
export function isTold(query: PlanQuery, person: Person | undefined): boolean {
  if (!person) throw new HubError('PERSON_REQUIRED');
  if (person.activities.has(VIEW_AND_NOTIFY)) return query.unscheduled !== 'no';
  if (!person.activities.has(VIEW_WITHOUT_NOTIFYING) || query.unscheduled === 'yes') {
    throw new HubError('ROLE_NOT_PERMITTED', { serviceCode: 'ACCESS_DENIED' });
  }
  return false;
}
