/** Reads an operator's input: each value of the right form, or PARAMETER_INVALID with its name and never the value. */
import { HubError } from '../../core/errors.ts';

export type Input = Readonly<Record<string, unknown>>;

const MOST_PER_PAGE = 1_000;

export const asInput = (value: unknown): Input =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : {};

export function textIn(input: Input, name: string, fits: (text: string) => boolean, what: string): string {
  const value = input[name];
  if (typeof value === 'string' && fits(value)) return value;
  throw wrong(name, value === undefined ? 'is missing' : what);
}

export function optionalText(
  input: Input,
  name: string,
  fits: (text: string) => boolean,
  what: string,
): string | undefined {
  return input[name] === undefined ? undefined : textIn(input, name, fits, what);
}

export function wholeIn(input: Input, name: string, fallback: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = input[name] ?? fallback;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw wrong(name, `is not a whole number from 0 to ${most}`);
}

/** How many items of a page: 1 to 1,000, 100 unless told otherwise. */
export function limitIn(input: Input): number {
  const limit = wholeIn(input, 'limit', 100, MOST_PER_PAGE);
  if (limit > 0) return limit;
  throw wrong('limit', `is not a whole number from 1 to ${MOST_PER_PAGE}`);
}

export const shorterThan =
  (most: number) =>
  (text: string): boolean =>
    text.length > 0 && text.length <= most;

const wrong = (path: string, what: string): HubError => new HubError('PARAMETER_INVALID', { faults: [{ path, what }] });
