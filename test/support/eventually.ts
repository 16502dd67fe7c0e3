/** Waits for what must come true, and says what did not. */
import { setTimeout as pass } from 'node:timers/promises';

/** Asks until the answer is neither undefined nor false; rejects with `what` after `within_ms`. */
export async function eventually<Value>(
  what: string,
  ask: () => Value | Promise<Value>,
  within_ms = 10_000,
): Promise<Exclude<Value, undefined | false>> {
  const end = performance.now() + within_ms;
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>;
    if (performance.now() > end) throw new Error(`did not happen within ${within_ms} ms: ${what}`);
    await pass(15);
  }
}
