/** How a command ends: the exit codes, and the words for what went wrong. */
import { CommanderError } from 'commander';
import { ConfigError } from '../config.ts';
import { HubError } from '../core/errors.ts';
import { HubUnreachable } from '../routes/admin/client.ts';
import { jsonError } from '../routes/admin/json-error.ts';

export const EXIT = {
  done: 0,
  /** Refused by the hub, or failed. */
  failed: 1,
  /** The command line or the configuration is not right. */
  usage: 2,
  unreachable: 3,
  /** The audit trail was changed. */
  changed: 4,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `
Exit codes:
  0  done
  1  refused by the hub, or failed
  2  the command line or the configuration is not right
  3  the hub, or its store, cannot be reached
  4  a verification found that the audit trail was changed
`;

/** A mistake in what was typed or in a file that was named. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The code of a failure and what to say of it, as text and as JSON. */
export function endOf(thrown: unknown): { readonly code: ExitCode; readonly text: string; readonly json: object } {
  // commander has said it already
  if (thrown instanceof CommanderError)
    return { code: thrown.exitCode === 0 ? EXIT.done : EXIT.usage, text: '', json: said('USAGE', thrown.message) };
  if (thrown instanceof UsageError)
    return { code: EXIT.usage, text: thrown.message, json: said('USAGE', thrown.message) };
  if (thrown instanceof ConfigError)
    return { code: EXIT.usage, text: thrown.message, json: { error: { code: 'CONFIG', faults: thrown.mistakes } } };
  if (thrown instanceof HubUnreachable)
    return { code: EXIT.unreachable, text: thrown.message, json: said('HUB_UNREACHABLE', thrown.message) };
  if (thrown instanceof HubError) return { code: codeOf(thrown), text: textOf(thrown), json: jsonError(thrown) };
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: EXIT.failed, text, json: said('FAILED', text) };
}

const said = (code: string, text: string): object => ({ error: { code, text } });

/** The store and the hub behind it are one to whoever types: neither could be reached. */
const codeOf = ({ code }: HubError): ExitCode =>
  code === 'STORE_UNAVAILABLE' || code === 'STOPPING' ? EXIT.unreachable : EXIT.failed;

function textOf(error: HubError): string {
  const { code, entry, details } = error;
  const what = typeof details['what'] === 'string' ? ` (${details['what']})` : '';
  const faults = (details.faults ?? []).map(({ path, what }) => `\n  ${path === undefined ? '' : `${path}: `}${what}`);
  return `${code}: ${entry.text}${what}${faults.join('')}`;
}
