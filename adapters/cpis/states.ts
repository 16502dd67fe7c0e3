/** When a plan may be seen: its state on a day, and the calendar of England by which the windows are counted. */
import type { Instant } from '../../core/clock.ts';
import type { CalendarDate, Plan, SentDate } from './model.ts';

/**
 * - `coming`: not begun, not shown
 * - `current`: shown
 * - `recent`: ended, still shown
 * - `closed`: past its window, not shown
 * - `deleted`: should never have been here, not shown
 */
export type PlanState = 'coming' | 'current' | 'recent' | 'closed' | 'deleted';

export const SHOWN: Readonly<Record<PlanState, boolean>> = {
  coming: false,
  current: true,
  recent: true,
  closed: false,
  deleted: false,
};

/**
 * Windows in whole days and years of the English calendar.
 * Source: CP-IS guidance pages and the draft API (365 days after the end, 28 after the due date, 18th birthday).
 */
const DAYS_AFTER_END = 365;
const DAYS_AFTER_DUE = 28;
const CLOSES_AT_YEARS = 18;

/** The state of a plan on a day. An unborn child's plan is on the mother, so her own age never closes it. */
export function planState(plan: Plan, today: CalendarDate): PlanState {
  if (plan.deleted !== undefined) return 'deleted';
  if (plan.kind === 'UCP') {
    if (plan.dueDate === undefined || today > addDays(plan.dueDate, DAYS_AFTER_DUE)) return 'closed';
  } else if (today >= birthday(plan.birthDate, CLOSES_AT_YEARS)) return 'closed';
  if (plan.end !== undefined && today > addDays(plan.end, DAYS_AFTER_END)) return 'closed';
  if (today < plan.start) return 'coming';
  return plan.end !== undefined && today > plan.end ? 'recent' : 'current';
}

const ENGLISH_DAY = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Europe/London',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

/** The day it is in England at an instant: after 23:00 UTC in summer it is already tomorrow. */
export const englishDay = (instant: Instant): CalendarDate => ENGLISH_DAY.format(instant);

/** The day of the nth birthday. Someone born on 29 February is a year older on 1 March where there is no 29th. */
export function birthday(birthDate: CalendarDate, years: number): CalendarDate {
  const year = String(Number(birthDate.slice(0, 4)) + years).padStart(4, '0');
  const day = `${year}${birthDate.slice(4)}`;
  return day.endsWith('-02-29') && !isDay(day) ? `${year}-03-01` : day;
}

export function addDays(day: CalendarDate, count: number): CalendarDate {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + count);
  return date.toISOString().slice(0, 10);
}

/** An HL7 date `YYYYMMDD` (a time after it is dropped) as a day; 'unreadable' for what is none, such as 30 February. */
export function sentDate(hl7: string | undefined): SentDate {
  if (hl7 === undefined) return undefined;
  const parts = /^(\d{4})(\d{2})(\d{2})(\d{2,6}([+-]\d{4})?)?$/.exec(hl7);
  if (!parts) return 'unreadable';
  const day = `${parts[1]}-${parts[2]}-${parts[3]}`;
  return isDay(day) ? day : 'unreadable';
}

function isDay(day: string): boolean {
  const year = Number(day.slice(0, 4));
  const date = new Date(`${day}T00:00:00Z`);
  const exists = !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 10) === day;
  return exists && year >= 1850 && year <= 2200;
}
