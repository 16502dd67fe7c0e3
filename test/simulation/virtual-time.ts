/** Time that only the simulation moves: timers in order, a wall clock that may jump, and the event loop run dry between them. */
import type { Cancel, Clock, Instant } from '../../core/clock.ts';

interface Timer {
  readonly at_ms: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Turns of the event loop without rest between two timers; more is a loop that never waits. */
const TURNS_MAX = 20_000;

export class VirtualTime implements Clock {
  readonly start: Instant;
  #elapsed_ms = 0;
  #skew_ms = 0;
  #mostSkew_ms = 0;
  #order = 0;
  /** Soonest last. */
  readonly #timers: Timer[] = [];

  constructor(start: Instant) {
    this.start = start;
  }

  /** Since the start; never jumps. Timers run by it. */
  get elapsed_ms(): number {
    return this.#elapsed_ms;
  }

  /** What the clock on the wall says. */
  now(): Instant {
    return this.start + this.#elapsed_ms + this.#skew_ms;
  }

  /** The clock on the wall is moved; no timer notices. */
  jump(by_ms: number): void {
    this.#skew_ms += by_ms;
    this.#mostSkew_ms = Math.max(this.#mostSkew_ms, this.#skew_ms);
  }

  /** The clock on the wall is put to where it was furthest ahead: nothing that was stamped lies in its future. */
  setRight(): void {
    this.#skew_ms = this.#mostSkew_ms;
  }

  timer(after_ms: number, callback: () => void): Cancel {
    const timer = { at_ms: this.#elapsed_ms + Math.max(after_ms, 0), order: ++this.#order, callback };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.at_ms ?? 0) > timer.at_ms) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.timer(ms, resolve);
    });
  }

  /** Fires timers in order, the event loop run dry after each instant, until that time or until `done` says so. */
  async runUntil(elapsed_ms: number, done?: () => boolean): Promise<void> {
    await quiet();
    for (;;) {
      if (done?.()) return;
      const next = this.#timers.at(-1);
      if (next === undefined || next.at_ms > elapsed_ms) break;
      this.#elapsed_ms = next.at_ms;
      this.#timers.pop();
      next.callback();
      await quiet();
    }
    this.#elapsed_ms = elapsed_ms;
  }
}

/**
 * Resolves when nothing is left to do but timers: promises run between immediates, and the last immediate has run. The
 * parts under test wait for nothing else (no disk, no socket, no thread), so this is the same in every run.
 */
async function quiet(): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!process.getActiveResourcesInfo().includes('Immediate')) return;
  }
  throw new Error(`the event loop does not come to rest in ${TURNS_MAX} turns`);
}
