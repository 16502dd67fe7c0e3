/** Times of HL7 v3 on Spine: 14 digits, which are UTC unless one of three offsets follows. */
import type { Instant } from '../core/clock.ts';

const TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\+0100|\+0000|-0000)?$/;

/**
 * `20261123093000` as an instant; undefined for anything else, also for a day or an hour that does not exist. Spine's own
 * library takes the offsets +0100, +0000 and -0000 and no others. (The summary record service writes London time instead.)
 */
export function parseHl7Time(text: string): Instant | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const instant = Date.UTC(year, month - 1, day, hour, minute, second);
  if (formatHl7Time(instant) !== text.slice(0, 14)) return undefined;
  return match[7] === '+0100' ? instant - 60 * 60 * 1_000 : instant;
}

/** An instant as 14 digits in UTC; parts of a second are dropped. */
export function formatHl7Time(instant: Instant): string {
  return new Date(instant).toISOString().slice(0, 19).replace(/[-T:]/g, '');
}
