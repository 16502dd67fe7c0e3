/** What one process of a hub does beside the messages: the lake, the signed heads of the audit trail, forgetting, lists. */
import { join } from 'node:path';
import { openHeads } from './audit/heads.ts';
import type { Authority } from './certs/authority.ts';
import type { Config } from './config.ts';
import type { Clock } from './core/clock.ts';
import type { Store } from './core/store.ts';
import type { Telemetry } from './core/telemetry.ts';
import type { Lake } from './pipeline/lake.ts';
import { openLakeProcess } from './pipeline/lake-process.ts';
import { createPseudonymiser, openRootKey } from './pipeline/pseudonym.ts';
import { createTap, type Tap } from './pipeline/tap.ts';

const DAY_ms = 24 * 60 * 60 * 1_000;
const PURGE_EVERY_ms = 60_000;
const PURGE_AT_ONCE = 500;
const REFRESH_LIST_EVERY_ms = 60 * 60 * 1_000;

export interface Housekeeping {
  /** Undefined where another process fills the lake. */
  readonly lake: Lake | undefined;
  readonly tap: Tap | undefined;
  start(): void;
  stop(): Promise<void>;
}

export interface HousekeepingParts {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly authority: Authority;
}

export async function openHousekeeping({
  config,
  store,
  clock,
  telemetry,
  authority,
}: HousekeepingParts): Promise<Housekeeping> {
  const heads = await openHeads({
    folder: join(config.dataFolder, 'audit'),
    store,
    clock,
    every_ms: config.auditHeadEvery_s * 1_000,
    onTrouble: (what, cause) => telemetry.trouble(what, cause),
  });
  const lake = config.lake === 'off' ? undefined : openLakeProcess({ folder: join(config.dataFolder, 'lake') });
  const tap =
    lake &&
    createTap({
      ...{ store, lake, clock },
      pseudonymise: createPseudonymiser(openRootKey(join(config.dataFolder, 'keys', 'lake.key')), 'operations'),
      batch_facts: config.lakeBatch,
      interval_ms: config.lakeEvery_s * 1_000,
      onProblem: (problem) => telemetry.trouble('facts that did not reach the lake', problem),
    });

  /** Runs at intervals until stopped; a failure is told and waits for the next time. */
  function repeat(every_ms: number, what: string, work: () => Promise<unknown>): () => void {
    let cancel = (): void => undefined;
    const next = (): void => {
      cancel = clock.timer(every_ms, () => {
        work()
          .catch((thrown: unknown) => telemetry.trouble(what, thrown))
          .finally(next);
      });
    };
    next();
    return () => cancel();
  }

  /** What every contract allows to be forgotten; one run takes a bounded number, the next goes on. */
  async function purge(): Promise<void> {
    const decidedBefore = clock.now() - config.keepMessages_days * DAY_ms;
    for (let round = 0; round < 100; round++) {
      if ((await store.purge({ decidedBefore, limit: PURGE_AT_ONCE })) < PURGE_AT_ONCE) return;
    }
  }

  let stops: (() => void)[] = [];
  return {
    lake,
    tap,
    start() {
      tap?.start();
      stops = [
        repeat(PURGE_EVERY_ms, 'messages that could not be forgotten', purge),
        repeat(REFRESH_LIST_EVERY_ms, 'a revocation list that could not be written', () => authority.refreshCrl()),
      ];
    },
    async stop() {
      for (const stop of stops) stop();
      await heads.stop();
      await tap?.flush().catch((thrown: unknown) => telemetry.trouble('facts left for the next start', thrown));
      await tap?.stop();
      await lake?.close();
    },
  };
}
