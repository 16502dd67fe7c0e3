/** Reads a document to its end or to the first thing that makes it unreadable, which the rules then answer. */
import type { Reading } from './model.ts';
import { type PrescribeCode, type Refused, refuseDispensing, refusePrescribing } from './refusals.ts';

/** Ends the reading of a document; never leaves this adapter. */
class Unreadable extends Error {
  readonly refused: Refused;
  constructor(refused: Refused) {
    super('unreadable');
    this.refused = refused;
  }
}

/** Reads to the end, or tells why not. */
export function reading<Message>(read: () => Message): Reading<Message> {
  try {
    return { kind: 'read', message: read() };
  } catch (thrown) {
    if (thrown instanceof Unreadable) return { kind: 'unreadable', refused: thrown.refused };
    throw thrown;
  }
}

/** The value, or the end: `path` says what is missing. */
export function required<Value>(value: Value | undefined, path: string): Value {
  if (value === undefined || value === '') throw new Unreadable(refusePrescribing('0008', path));
  return value;
}

export function unreadable(code: PrescribeCode, detail: string): never {
  throw new Unreadable(refusePrescribing(code, detail));
}

export function unreadableRelease(detail: string): never {
  throw new Unreadable(refuseDispensing('5888', detail));
}
