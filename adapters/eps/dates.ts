/** Calendar dates as text, `YYYY-MM-DD`. */
import type { Instant } from '../../core/clock.ts';
import type { DateText } from './model.ts';

const FORM = /^\d{4}-\d{2}-\d{2}$/;

/** True for a day that exists. */
export function isDate(text: string): text is DateText {
  if (!FORM.test(text)) return false;
  const instant = Date.parse(text);
  return !Number.isNaN(instant) && dateOf(instant) === text;
}

/** The day of an instant, in UTC. */
export const dateOf = (instant: Instant): DateText => new Date(instant).toISOString().slice(0, 10);

/** The day so many months later; a day that the month does not have runs over into the next. */
export function monthsAfter(instant: Instant, months: number): DateText {
  const date = new Date(instant);
  date.setUTCMonth(date.getUTCMonth() + months);
  return dateOf(date.getTime());
}
