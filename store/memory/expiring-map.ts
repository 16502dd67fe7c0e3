/** A map whose entries end at a time of their own and whose size has a limit: nothing is forgotten early, new ones are refused. */
import type { Clock, Instant } from '../../core/clock.ts';
import { HubError } from '../../core/errors.ts';

interface Entry<Value> {
  value: Value;
  until: Instant;
}

const BUCKET_MS = 1_000;

export class ExpiringMap<Value> {
  readonly #clock: Clock;
  readonly #entries_max: number;
  readonly #entries = new Map<string, Entry<Value>>();
  /** Keys by the second that they end in, so that removing what has ended never looks at what has not. */
  readonly #ends = new Map<number, Set<string>>();
  #swept = 0;

  constructor(clock: Clock, entries_max: number) {
    this.#clock = clock;
    this.#entries_max = entries_max;
  }

  get size(): number {
    this.#sweep(this.#clock.now());
    return this.#entries.size;
  }

  get(key: string): Value | undefined {
    return this.#live(key)?.value;
  }

  /** Keeps a value; one that is there already keeps its end unless `until` is given. Throws HubError OVERLOADED when full. */
  set(key: string, value: Value, until: Instant): void {
    const now = this.#clock.now();
    this.#sweep(now);
    if (!this.#entries.has(key) && this.#entries.size >= this.#entries_max) {
      throw new HubError('OVERLOADED', { what: 'shared memory', entries_max: this.#entries_max, retryAfter_s: 1 });
    }
    this.delete(key);
    this.#entries.set(key, { value, until });
    const second = Math.ceil(until / BUCKET_MS);
    const keys = this.#ends.get(second);
    if (keys) keys.add(key);
    else this.#ends.set(second, new Set([key]));
  }

  /** Another value for a key that is there; it ends when it would have ended. False if it is not there. */
  replace(key: string, value: Value): boolean {
    const entry = this.#live(key);
    if (entry) entry.value = value;
    return entry !== undefined;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    const second = Math.ceil(entry.until / BUCKET_MS);
    const keys = this.#ends.get(second);
    keys?.delete(key);
    if (keys?.size === 0) this.#ends.delete(second);
  }

  #live(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.until > this.#clock.now() ? entry : undefined;
  }

  /** Once a second at most: everything whose second has passed. */
  #sweep(now: Instant): void {
    const second = Math.floor(now / BUCKET_MS);
    if (second === this.#swept) return;
    this.#swept = second;
    for (const [end, keys] of this.#ends) {
      if (end > second) continue;
      for (const key of keys) this.#entries.delete(key);
      this.#ends.delete(end);
    }
  }
}
