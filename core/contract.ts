/** The contract of an interaction between two message handlers, and the arithmetic of retrying under it. */
import type { Instant } from './clock.ts';

/**
 * The six attributes that a directory registers for an interaction, in the hub's words.
 * Source: Spine Directory Service, nhsMhs attributes nhsMHSAckRequested, nhsMHSDuplicateElimination, nhsMHSRetries,
 * nhsMHSRetryInterval, nhsMHSPersistDuration, nhsMHSSyncReplyMode.
 */
export interface Contract {
  readonly acknowledgementRequested: boolean;
  readonly duplicateElimination: boolean;
  /** Attempts after the first. */
  readonly retries: number;
  readonly retryInterval_ms: number;
  /** From acceptance to giving up; also how long a message id is remembered for duplicates at least. */
  readonly persistDuration_ms: number;
  readonly syncReply: boolean;
  /** Order kept between messages: none, all to one receiver, or those with one key to one receiver. */
  readonly order: 'none' | 'receiver' | 'key';
  /** Each wait is this many times the one before; 1 is the fixed interval of the published contracts. */
  readonly backoff: number;
}

export const DEFAULT_CONTRACT: Contract = {
  acknowledgementRequested: true,
  duplicateElimination: true,
  retries: 8,
  retryInterval_ms: 1_000,
  persistDuration_ms: 4 * 60 * 60 * 1_000,
  syncReply: false,
  order: 'none',
  backoff: 2,
};

/** When to try again after `attempts` failures, or undefined when the contract says to give up. */
export function nextAttempt(
  contract: Contract,
  createdAt: Instant,
  attempts: number,
  now: Instant,
): Instant | undefined {
  if (attempts > contract.retries) return undefined;
  const waited = contract.retryInterval_ms * contract.backoff ** Math.max(attempts - 1, 0);
  const at = now + Math.min(waited, 60 * 60 * 1_000);
  return at > createdAt + contract.persistDuration_ms ? undefined : at;
}
