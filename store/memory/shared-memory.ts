/** Shared memory for a hub of one process: nonces, rate limits, counters and short-lived values, each kind with a limit. */
import { type Clock, systemClock } from '../../core/clock.ts';
import { HubError } from '../../core/errors.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';
import { ExpiringMap } from './expiring-map.ts';

export interface SharedMemoryOptions {
  readonly clock?: Clock;
  /**
   * At most so many of each: once-keys, buckets, counters, values. Above it a new one is refused with HubError
   * OVERLOADED until others have ended, because forgetting a once-key early would admit a replay. About 200 bytes each.
   */
  readonly entries_max?: number;
}

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export function createSharedMemory({
  clock = systemClock,
  entries_max = 250_000,
}: SharedMemoryOptions = {}): SharedMemory {
  const onces = new ExpiringMap<true>(clock, entries_max);
  const buckets = new ExpiringMap<Bucket>(clock, entries_max);
  const counters = new ExpiringMap<number>(clock, entries_max);
  const values = new ExpiringMap<string>(clock, entries_max);
  let open = true;
  const run = async <Result>(effect: (now: number) => Result): Promise<Result> => {
    if (!open) throw new HubError('STORE_UNAVAILABLE');
    return effect(clock.now());
  };

  return {
    once: (key, life_ms) =>
      run((now) => {
        if (onces.get(key)) return false;
        onces.set(key, true, now + life_ms);
        return true;
      }),
    take: (name, { perSecond, burst }) =>
      run((now) => {
        const { tokens, at } = buckets.get(name) ?? { tokens: burst, at: now };
        const refilled = Math.min(burst, tokens + (Math.max(now - at, 0) * perSecond) / 1_000);
        const wait_ms = refilled >= 1 ? 0 : Math.ceil(((1 - refilled) * 1_000) / perSecond);
        // A bucket that is full again is as good as none.
        const full_ms = Math.ceil((burst * 1_000) / perSecond);
        buckets.set(name, { tokens: wait_ms === 0 ? refilled - 1 : refilled, at: now }, now + full_ms);
        return wait_ms;
      }),
    add: (counter, amount, life_ms) =>
      run((now) => {
        const sum = (counters.get(counter) ?? 0) + amount;
        if (!counters.replace(counter, sum)) counters.set(counter, sum, now + life_ms);
        return sum;
      }),
    get: (key) => run(() => values.get(key)),
    set: (key, value, life_ms) => run((now) => values.set(key, value, now + life_ms)),
    delete: (key) => run(() => values.delete(key)),
    healthy: async () => open,
    close: async () => {
      open = false;
    },
  };
}
