/** Identifiers made for a decision: the same cause and number always give the same one, so a repeated decision is the same value. */
import { hash } from 'node:crypto';
import { type Cause, keyOf, keyText } from '../core/envelope.ts';

/** A GUID in capitals, version 8 (RFC 9562): built from SHA-256 of the text. */
export function guidOf(text: string): string {
  const hex = hash('sha256', text, 'hex').toUpperCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-A${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const guidFor = (cause: Cause, number: number): string => guidOf(`${keyText(keyOf(cause))}#${number}`);
