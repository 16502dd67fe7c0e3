/** Tokens verified a moment ago, so that a person's hundred calls cost one signature check. Bounded, oldest use out first. */
import type { Instant } from '../core/clock.ts';
import type { Claims } from './claims.ts';

export interface VerifiedToken {
  readonly claims: Claims;
  readonly certificateRequired: boolean;
  /** Good from here to there, tolerance and greatest age included. */
  readonly from: Instant;
  readonly until: Instant;
}

export class TokenCache {
  readonly #entries = new Map<string, VerifiedToken>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Undefined when it is not there or not good at `now`; the clock may have jumped either way. */
  get(key: string, now: Instant): VerifiedToken | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (now < entry.from || now >= entry.until) return undefined;
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: VerifiedToken): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#limit) return;
      this.#entries.delete(oldest);
    }
  }
}
