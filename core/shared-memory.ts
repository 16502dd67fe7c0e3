/** What several hub processes must agree on for a short while; losing it may slow or refuse, never admit a replay. */
export interface SharedMemory {
  /** True the first time for this key within its life; false for a repeat. Rejects when it cannot tell. */
  once(key: string, life_ms: number): Promise<boolean>;
  /** Takes one from a bucket that refills at `perSecond` up to `burst`: 0 if allowed, else milliseconds to wait. */
  take(bucket: string, limit: { readonly perSecond: number; readonly burst: number }): Promise<number>;
  /** Adds to a counter and gives its new value; it is forgotten `life_ms` after its first addition. */
  add(counter: string, amount: number, life_ms: number): Promise<number>;
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, life_ms: number): Promise<void>;
  delete(key: string): Promise<void>;
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
