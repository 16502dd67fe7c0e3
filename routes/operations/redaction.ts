/** What of an error may stand in the operator's log: its kind, code and place; never a value that a message carried. */
import { HubError } from '../../core/errors.ts';

export interface LoggedError {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  /** Where it was thrown: file and line, without the message. */
  readonly at?: readonly string[];
  readonly cause?: LoggedError;
}

const MOST_CAUSES = 4;
const MOST_FRAMES = 6;
const MOST_TEXT = 300;

/**
 * A parser's message quotes what it read and a database's quotes what it was given: quoted parts and long numbers are cut
 * out of every message, and a SyntaxError says nothing but its name.
 */
export function loggedError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: error === null ? 'null' : typeof error };
  const code: unknown = Reflect.get(error, 'code');
  const frames = framesOf(error);
  return {
    name: error.name,
    ...(typeof code === 'string' && { code }),
    ...(!(error instanceof SyntaxError) && { message: messageOf(error) }),
    ...(frames.length > 0 && !(error instanceof HubError) && { at: frames }),
    ...(error.cause !== undefined && depth < MOST_CAUSES && { cause: loggedError(error.cause, depth + 1) }),
  };
}

function messageOf(error: Error): string {
  const what = error instanceof HubError ? error.details['what'] : undefined;
  return masked(typeof what === 'string' ? `${error.message} (${what})` : error.message);
}

/** `duplicate key "…" of 9990000018` keeps `duplicate key "…" of #`. */
export const masked = (text: string): string =>
  (text.split('\n')[0] ?? '')
    .slice(0, 4 * MOST_TEXT)
    .replace(/(["'`“])[^"'`”]*(["'`”]|$)/g, '$1…$2')
    .replace(/\d{3}[\s-]?\d{3}[\s-]?\d{4}|\d{6,}/g, '#')
    .slice(0, MOST_TEXT);

const framesOf = (error: Error): string[] =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, MOST_FRAMES)
    .map((line) => line.trim().slice(3));
