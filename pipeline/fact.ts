/** A fact on its way to the lake: what it may carry, and the step that takes identity out of it. */
import type { Instant } from '../core/clock.ts';
import { isNhsNumber } from '../core/identifiers.ts';
import type { StoredFact } from '../core/store.ts';
import type { Pseudonym, Pseudonymise } from './pseudonym.ts';

/** One row of the lake. Nothing in it says who the patient is. */
export interface LakeFact {
  /** The store's number of the fact: a fact is in the lake once. */
  readonly seq: number;
  readonly at: Instant;
  readonly kind: string;
  readonly ods: string;
  readonly interaction: string;
  readonly pseudonym?: Pseudonym;
  /** Codes and counts, as a JSON object. */
  readonly attributes: string;
}

/** Codes are short. What is longer is free text, which may say anything. */
const CODE_LENGTH_MAX = 100;
/** Stands in the place of a value that must not be in the lake. */
export const WITHHELD = 'withheld';

/** Takes identity out: the patient becomes a pseudonym, and a value that is no code, or holds an NHS number, is withheld. */
export function deidentify(fact: StoredFact, pseudonymise: Pseudonymise): LakeFact {
  const attributes: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fact.attributes)) {
    if (mayHoldPatient(name)) continue;
    attributes[name] = isCodeOrCount(value) ? value : WITHHELD;
  }
  return {
    seq: fact.seq,
    at: fact.at,
    kind: fact.kind,
    ods: fact.ods,
    interaction: fact.interaction,
    ...(fact.patient !== undefined && { pseudonym: pseudonymise(fact.patient) }),
    attributes: JSON.stringify(attributes),
  };
}

const isCodeOrCount = (value: string | number | boolean): boolean =>
  typeof value === 'boolean' || (String(value).length <= CODE_LENGTH_MAX && !mayHoldPatient(String(value)));

/** True where ten digits, with or without the spaces and hyphens that people write, make an NHS number. */
export function mayHoldPatient(text: string): boolean {
  if (text.length < 10) return false;
  for (const [run] of text.matchAll(/\d(?:[ -]?\d){9,}/g)) {
    const digits = run.replaceAll(/[ -]/g, '');
    for (let from = 0; from + 10 <= digits.length; from++) if (isNhsNumber(digits.slice(from, from + 10))) return true;
  }
  return false;
}
