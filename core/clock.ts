/** Time comes in through the door: rules and the broker take a Clock, so a test or a simulation owns it. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

export interface Clock {
  /** Wall-clock time, for stamping and for windows that people agreed on. May jump. */
  now(): Instant;
  /** Calls back once, `after_ms` from now, unless cancelled first. A pending timer never keeps the process alive. */
  timer(after_ms: number, callback: () => void): Cancel;
}

export type Cancel = () => void;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  timer(after_ms, callback) {
    const handle = setTimeout(callback, Math.min(Math.max(after_ms, 0), 0x7fffffff));
    handle.unref();
    return () => clearTimeout(handle);
  },
};

/** `2026-11-23T09:30:00.000Z` */
export function iso(instant: Instant): string {
  return new Date(instant).toISOString();
}
