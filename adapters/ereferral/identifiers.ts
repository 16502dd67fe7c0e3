/** The numbers that the service gives out: booking references and appointment ids, made from a decision's own ids. */
import { HubError } from '../../core/errors.ts';
import type { Context } from '../adapter.ts';
import { REFERRAL } from './records.ts';

/** True for the form of a booking reference. Published examples carry no check digit, so none is asked of others. */
export const isUbrn = (value: string): boolean => /^\d{12}$/.test(value);

/**
 * The check digit of eleven digits: weights 12 down to 2, modulus 11, as for NHS numbers; undefined where they can carry
 * none. The service publishes no rule for its references; this one is the hub's own.
 */
export function ubrnCheckDigit(eleven: string): number | undefined {
  let sum = 0;
  for (let i = 0; i < 11; i++) sum += (eleven.charCodeAt(i) - 48) * (12 - i);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 ? undefined : check;
}

const digitsOf = (guid: string, count: number): string =>
  String(BigInt(`0x${guid.replaceAll('-', '')}`) % 10n ** BigInt(count)).padStart(count, '0');

const TRIES = 24;

/** A booking reference that no referral has; the same whenever the same message is decided on the same records. */
export async function newUbrn(context: Context): Promise<string> {
  for (let number = 1; number <= TRIES; number++) {
    const eleven = digitsOf(context.id(number), 11);
    const check = ubrnCheckDigit(eleven);
    if (check === undefined) continue;
    const ubrn = `${eleven}${check}`;
    if (!(await context.records.get(REFERRAL, ubrn))) return ubrn;
  }
  throw new HubError('INTERNAL', { what: 'no booking reference is free' });
}

export const newRequestId = (context: Context): string => `r.${context.id(TRIES + 1).toLowerCase()}`;

export const newAppointmentId = (context: Context): string => digitsOf(context.id(TRIES + 2), 12);
