/** One request and its answer, as every protocol's door sees them. */
import { hash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Peer } from '../certs/identify.ts';
import type { Actor } from '../core/audit-chain.ts';
import type { Instant } from '../core/clock.ts';
import { HubError } from '../core/errors.ts';
import type { Party } from '../core/party.ts';

export interface Asked {
  readonly method: string;
  /** As sent, still percent-encoded, without the query. */
  readonly path: string;
  /** After the question mark; '' without one. */
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly peer: Peer;
  readonly party: Party;
  readonly at: Instant;
  /** Filled in as the door learns it, so that a refusal's audit line names it. */
  readonly known: { -readonly [Name in keyof Actor]: Actor[Name] };
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A door for one protocol: it serves, and it says errors in the protocol's own words. */
export interface ProtocolDoor {
  serve(asked: Asked): Promise<Reply>;
  refuse(error: HubError, asked: Pick<Asked, 'headers' | 'known'>): Reply;
}

/** SHA-256, hex, of what was asked: a repeat of a message id with another digest is a conflict. */
export function digestOf(asked: Pick<Asked, 'method' | 'path' | 'query' | 'body'>): string {
  return hash(
    'sha256',
    Buffer.concat([Buffer.from(`${asked.method} ${asked.path}?${asked.query}\n`), asked.body]),
    'hex',
  );
}

/** A header that may be sent once; Node joins or lists repeats of most. */
export function oneHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  if (Array.isArray(value))
    throw new HubError('HEADER_INVALID', { faults: [{ path: name, what: 'is sent more than once' }] });
  return value;
}

/** `Retry-After` for what may succeed later. */
export function retryHeaders(error: HubError): Record<string, string> {
  if (!error.entry.retry) return {};
  return { 'retry-after': String(Math.ceil(error.details.retryAfter_s ?? 1)) };
}

const TRACEPARENT = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The sender's trace context, where it sends one of the right form. */
export function traceOf(asked: Pick<Asked, 'headers'>): { readonly traceparent?: string } {
  const value = asked.headers['traceparent'];
  return typeof value === 'string' && TRACEPARENT.test(value) ? { traceparent: value } : {};
}
