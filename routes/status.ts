/** What an HTTP status alone says about a pushed message. */
import type { PushResult } from '../core/transport.ts';

/** Too slow, too early, too many: the receiver asks for another attempt (RFC 9110, 15.5.9; RFC 8470; RFC 6585). */
const RETRYABLE_4XX: ReadonlySet<number> = new Set([408, 425, 429]);

/** 2xx acknowledged; 408, 425, 429 and every 5xx retry; the rest, redirects among them, refused. */
export function resultOfStatus(status: number): PushResult {
  if (status >= 200 && status < 300) return { kind: 'acknowledged' };
  const reason = `HTTP ${status}`;
  return status >= 500 || RETRYABLE_4XX.has(status) ? { kind: 'retry', reason } : { kind: 'refused', reason };
}
