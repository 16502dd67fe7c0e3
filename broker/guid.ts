/** Identifiers made for a decision: the same cause and number always give the same one, so a repeated decision is the same value. */
import { hash } from 'node:crypto';
import type { Instant } from '../core/clock.ts';
import { type Cause, keyOf, keyText } from '../core/envelope.ts';

/**
 * A GUID in capitals, of the layout of version 7 (RFC 9562, 5.7): milliseconds, then SHA-256 of the text where others put
 * chance. Those made one after the other lie beside each other in a store's index.
 */
export function guidOf(text: string, at: Instant): string {
  const time = at.toString(16).toUpperCase().padStart(12, '0').slice(-12);
  const hex = hash('sha256', text, 'hex').toUpperCase();
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}-A${hex.slice(3, 6)}-${hex.slice(6, 18)}`;
}

export const guidFor = (cause: Cause, number: number): string =>
  guidOf(`${keyText(keyOf(cause))}#${number}`, cause.receivedAt);
