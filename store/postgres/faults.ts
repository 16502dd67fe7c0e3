/** What went wrong at the database: the whole store, or the one operation that it will not take. */
import { HubError } from '../../core/errors.ts';

/** SQLSTATE classes for which the rows themselves are to blame: data, constraint, program limit. */
const OPERATIONS_FAULT = new Set(['22', '23', '54']);
/** Another transaction got in the way; the same again may pass. */
const TRY_AGAIN = new Set(['40001', '40P01']);

function sqlState(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown) || !('severity' in thrown)) return undefined;
  return typeof thrown.code === 'string' && thrown.code.length === 5 ? thrown.code : undefined;
}

/** PostgreSQL's texts quote keys and values, which belong in no log: the state and the table say enough. */
function withoutValues(thrown: unknown): Error {
  const state = sqlState(thrown);
  if (state === undefined) return thrown instanceof Error ? thrown : new Error('the database failed');
  const { table, constraint } = thrown as { table?: string; constraint?: string };
  return new Error(`SQLSTATE ${[state, table, constraint].filter(Boolean).join(' ')}`);
}

export const isOperationsFault = (thrown: unknown): boolean =>
  OPERATIONS_FAULT.has(sqlState(thrown)?.slice(0, 2) ?? '');
export const isWorthRepeating = (thrown: unknown): boolean => TRY_AGAIN.has(sqlState(thrown) ?? '');

/** The database does not answer, or not as it should: nothing was kept, or asking again with the same ids is harmless. */
export function unavailable(thrown?: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  const options = thrown === undefined ? undefined : { cause: withoutValues(thrown) };
  return new HubError('STORE_UNAVAILABLE', { retryAfter_s: 1 }, options);
}

/** What the caller of one operation is told. */
export function asStoreError(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  return isOperationsFault(thrown)
    ? new HubError('INTERNAL', { what: 'the store does not take this' }, { cause: withoutValues(thrown) })
    : unavailable(thrown);
}

/** PostgreSQL's text holds every character but NUL. */
export function checkText(...texts: readonly (string | null | undefined)[]): void {
  for (const text of texts) {
    if (text?.includes('\0')) throw new HubError('VALUE_INVALID', { what: 'a NUL character in a name' });
  }
}

/** A reason is for people: a NUL in it is shown as what cannot be shown. */
export const cleanText = (text: string): string => text.replaceAll('\0', '\ufffd');
