/** The identifiers that every service shares, with their check digits. Pure; no identifier here is ever logged. */

/** Ten digits with a modulus 11 check digit. */
export type NhsNumber = string;
/** Organisation code of the Organisation Data Service, such as A83008. */
export type OdsCode = string;
/** Accredited system identifier, twelve digits: one connected system. */
export type SystemId = string;
/** Party key of a message handler, such as A83008-820001. */
export type PartyKey = string;
/** `urn:nhs:names:services:mm:PORX_IN020101UK31`, `fhir:eps:prescription-order` ... */
export type InteractionId = string;

/**
 * True for ten digits whose weighted sum (10 down to 2) gives the last digit modulo 11; a remainder of 10 is no number.
 * Source: NHS Data Dictionary, NHS NUMBER.
 */
export function isNhsNumber(value: string): value is NhsNumber {
  if (!/^\d{10}$/.test(value)) return false;
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += (value.charCodeAt(i) - 48) * (10 - i);
  const check = (11 - (sum % 11)) % 11;
  return check !== 10 && check === value.charCodeAt(9) - 48;
}

/** The check digit for nine digits, or undefined where those nine digits can carry none. */
export function nhsNumberCheckDigit(nineDigits: string): number | undefined {
  let sum = 0;
  for (let i = 0; i < 9; i++) sum += (nineDigits.charCodeAt(i) - 48) * (10 - i);
  const check = (11 - (sum % 11)) % 11;
  return check === 10 ? undefined : check;
}

const PRESCRIPTION_ID = /^[A-F0-9]{6}-[A-Z0-9]{6}-[A-F0-9]{5}[A-Z0-9+]$/;
const MOD_37_ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+';

/**
 * True for a short prescription id: six hex digits, the organisation padded to six, five hex digits and a check
 * character, ISO 7064 MOD 37-2 over the eighteen characters without hyphens.
 */
export function isPrescriptionId(value: string): boolean {
  if (!PRESCRIPTION_ID.test(value)) return false;
  const plain = value.replaceAll('-', '');
  return prescriptionCheckCharacter(plain.slice(0, 17)) === plain[17];
}

/** The check character for the first seventeen characters (hyphens removed) of a short prescription id. */
export function prescriptionCheckCharacter(seventeen: string): string {
  let total = 0;
  for (const character of seventeen) total = ((total + MOD_37_ALPHABET.indexOf(character)) * 2) % 37;
  return MOD_37_ALPHABET[(38 - total) % 37] as string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** True for the 8-4-4-4-12 form in either case. */
export const isUuid = (value: string): boolean => UUID.test(value);

/** True for the shape of an organisation code: three to twelve capital letters and digits. */
export const isOdsCode = (value: string): value is OdsCode => /^[A-Z0-9]{3,12}$/.test(value);

/** True for an accredited system identifier: twelve digits. */
export const isSystemId = (value: string): value is SystemId => /^\d{12}$/.test(value);
