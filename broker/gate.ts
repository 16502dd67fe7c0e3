/** Refuses early, before memory or disk grows without bound, and says when to come back. */
import { statfs } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import { HubError } from '../core/errors.ts';
import type { Backlog, Store } from '../core/store.ts';
import type { PathLimits } from './parts.ts';

const LOOK_EVERY_ms = 500;

export interface Gate {
  /** Throws OVERLOADED, STORE_UNAVAILABLE or STOPPING where a new message may not come in now. */
  check(): void;
  readonly backlog: Backlog;
  /** Why nothing new comes in, or undefined. */
  readonly closedBecause: string | undefined;
  start(): void;
  stop(): void;
}

export interface GateParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly limits: PathLimits;
  /** Whose free space is watched; nothing is watched without one. */
  readonly folder?: string;
  /** Work that this process has in memory. */
  depth(): number;
}

export function createGate({ store, clock, limits, folder, depth }: GateParts): Gate {
  let backlog: Backlog = { undecided: 0, undelivered: 0, dead: 0, unreadFacts: 0 };
  let why: string | undefined;
  let stopping = false;
  let cancel: (() => void) | undefined;

  async function freeDisk_bytes(): Promise<number> {
    if (folder === undefined) return Number.POSITIVE_INFINITY;
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  }

  async function look(): Promise<void> {
    try {
      backlog = await store.backlog();
      const free = await freeDisk_bytes();
      if (backlog.undecided > limits.mostUndecided) why = 'messages wait to be decided';
      else if (backlog.undelivered > limits.mostUndelivered) why = 'messages wait to be delivered';
      else if (process.memoryUsage.rss() > limits.mostMemory_bytes) why = 'memory';
      else if (free < limits.leastDisk_bytes) why = 'disk';
      else why = undefined;
    } catch {
      why = 'store';
    }
    if (!stopping) cancel = clock.timer(LOOK_EVERY_ms, () => void look());
  }

  return {
    check() {
      if (stopping) throw new HubError('STOPPING', { retryAfter_s: 5 });
      if (why === 'store') throw new HubError('STORE_UNAVAILABLE', { retryAfter_s: 1 });
      if (why !== undefined) throw new HubError('OVERLOADED', { retryAfter_s: 5, what: why });
      if (depth() > limits.mostUndecided) throw new HubError('OVERLOADED', { retryAfter_s: 1, what: 'work in hand' });
    },
    get backlog() {
      return backlog;
    },
    get closedBecause() {
      return stopping ? 'stopping' : why;
    },
    start() {
      void look();
    },
    stop() {
      stopping = true;
      cancel?.();
    },
  };
}
