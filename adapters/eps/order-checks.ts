/** What must be true of a prescription before it is kept: a table, each line with the code that refuses. */

import type { Instant } from '../../core/clock.ts';
import { isNhsNumber, isOdsCode, isPrescriptionId } from '../../core/identifiers.ts';
import { isHl7Guid } from '../../schemas/hl7v3.ts';
import { dateOf, isDate, monthsAfter } from './dates.ts';
import type { Prescription } from './model.ts';
import { type PrescribeCode, type Refused, refusePrescribing } from './refusals.ts';

export const LINES_MAX = 4;
export const ISSUES_MAX = 99;
export const SUPPLY_DAYS_MAX = 366;
/** How far ahead repeat dispensing may reach. */
const SUPPLY_MONTHS_MAX = 12;

const PRESCRIPTION_ID_FORM = /^[A-F0-9]{6}-[A-Z0-9]{6}-[A-F0-9]{5}[A-Z0-9+]$/;

interface Check {
  readonly code: PrescribeCode;
  /** What of the prescription is wrong, for the sender. */
  readonly about: string;
  readonly hub?: 'NHS_NUMBER_INVALID' | 'PRESCRIPTION_ID_INVALID';
  readonly holds: (prescription: Prescription, now: Instant) => boolean;
}

/** Sources: the owner's published EPS library (validation of created prescriptions) and the EPS API's message rules. */
export const ORDER_CHECKS: readonly Check[] = [
  {
    code: '0007',
    about: 'prescription id',
    hub: 'PRESCRIPTION_ID_INVALID',
    holds: ({ id }) => PRESCRIPTION_ID_FORM.test(id),
  },
  { code: '5009', about: 'prescription id', holds: ({ id }) => isPrescriptionId(id) },
  { code: '0007', about: 'message or prescription GUID', holds: (p) => isHl7Guid(p.guid) && isHl7Guid(p.eventId) },
  { code: '0007', about: 'NHS number', hub: 'NHS_NUMBER_INVALID', holds: (p) => isNhsNumber(p.patient.nhsNumber) },
  { code: '9006', about: 'birth date', holds: (p) => isDate(p.patient.birthDate) },
  { code: '9006', about: 'birth date in the future', holds: (p, now) => p.patient.birthDate <= dateOf(now) },
  { code: '0010', about: 'items', holds: (p) => p.lines.length >= 1 && p.lines.length <= LINES_MAX },
  { code: '0007', about: 'item GUID', holds: (p) => p.lines.every((line) => isHl7Guid(line.id)) },
  { code: '5008', about: 'items', holds: (p) => new Set(p.lines.map((line) => line.id)).size === p.lines.length },
  { code: '0009', about: 'quantity', holds: (p) => p.lines.every(({ quantity }) => quantity.value > 0) },
  { code: '0009', about: 'prescription type', holds: (p) => /^\d{4}$/.test(p.type) },
  { code: '0007', about: 'prescriber organisation', holds: (p) => isOdsCode(p.author.organisation.ods) },
  { code: '0008', about: 'nominated organisation', holds: (p) => p.site === '0004' || p.nominated !== undefined },
  {
    code: '0007',
    about: 'nominated organisation',
    holds: (p) => p.nominated === undefined || isOdsCode(p.nominated),
  },
  { code: '0009', about: 'nomination without a site', holds: (p) => p.site !== '0004' || p.nominated === undefined },
  { code: '0008', about: 'repeat numbers', holds: (p) => p.treatment !== '0003' || p.repeats !== undefined },
  {
    code: '0019',
    about: 'repeat numbers',
    holds: (p) =>
      [p.repeats, ...p.lines.map((line) => line.repeats)].every(
        (repeats) => !repeats || (repeats.low === 1 && repeats.high >= 1 && repeats.high <= ISSUES_MAX),
      ),
  },
  { code: '0018', about: 'repeat numbers', holds: repeatsAgree },
  {
    code: '0009',
    about: 'days of supply',
    holds: ({ supply }) => supply?.days === undefined || (supply.days >= 0 && supply.days <= SUPPLY_DAYS_MAX),
  },
  {
    code: '0008',
    about: 'supply period',
    holds: (p) => p.treatment !== '0003' || Boolean(p.supply?.from && p.supply.to),
  },
  { code: '9006', about: 'supply period', holds: supplyPeriodHolds },
  { code: '0003', about: 'author', holds: (p) => Boolean(p.signature?.text) },
];

/** In repeat dispensing no item outlasts the prescription, and one lasts as long. */
function repeatsAgree({ treatment, repeats, lines }: Prescription): boolean {
  if (treatment !== '0003' || !repeats) return true;
  const highs = lines.map((line) => line.repeats?.high ?? repeats.high);
  return highs.every((high) => high <= repeats.high) && highs.includes(repeats.high);
}

/** In repeat dispensing the period of supply is in order, not over, and within twelve months. */
function supplyPeriodHolds({ treatment, supply }: Prescription, now: Instant): boolean {
  if (treatment !== '0003' || !supply?.from || !supply.to) return true;
  return (
    isDate(supply.from) &&
    isDate(supply.to) &&
    supply.from <= supply.to &&
    supply.to >= dateOf(now) &&
    supply.to <= monthsAfter(now, SUPPLY_MONTHS_MAX)
  );
}

/** The first check that does not hold. */
export function checkOrder(prescription: Prescription, now: Instant): Refused | undefined {
  const failed = ORDER_CHECKS.find((check) => !check.holds(prescription, now));
  return failed && refusePrescribing(failed.code, failed.about, failed.hub);
}
