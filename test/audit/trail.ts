/** A real trail in a real SQLite file, and the hands of somebody who changes it: what the tests of audit/ share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openHeads } from '../../audit/heads.ts';
import { readHeads } from '../../audit/heads-file.ts';
import { type Verification, type VerifyParts, verifyTrail } from '../../audit/verify.ts';
import type { AuditLine } from '../../core/audit-chain.ts';
import { systemClock } from '../../core/clock.ts';
import type { AuditEvent } from '../../core/decision.ts';
import type { Store } from '../../core/store.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';

export const START = Date.parse('2026-03-02T09:00:00Z');
export const event = (number: number): AuditEvent => ({
  action: 'release',
  outcome: 'success',
  patient: '9990000018',
  entity: `prescription/${number}`,
});

export async function write(store: Store, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++)
    await store.audit({ system: '200000000001', ods: 'A83008', user: 'u', role: 'r' }, START + number, [event(number)]);
}

export interface Tampered {
  readonly storeFolder: string;
  readonly headsFolder: string;
  /** The database with nobody else in it. */
  sql(work: (database: DatabaseSync) => void): void;
  verify(extra?: Pick<VerifyParts, 'copy' | 'publicKeyPem'>): Promise<Verification>;
  remove(): Promise<void>;
}

/** Twelve lines, signed for at 5 and at 10, in a folder that may be damaged. */
export async function signedTrail(): Promise<Tampered> {
  const folder = await mkdtemp(join(tmpdir(), 'vertebra-audit-'));
  const storeFolder = join(folder, 'store');
  const headsFolder = join(folder, 'audit');
  const store = await openSqliteStore({ folder: storeFolder });
  const heads = await openHeads({ folder: headsFolder, store, clock: systemClock, every_ms: 1e9 });
  await write(store, 1, 5);
  await heads.sign();
  await write(store, 6, 10);
  await heads.stop();
  await write(store, 11, 12);
  await store.close();
  return {
    storeFolder,
    headsFolder,
    sql(work) {
      const database = new DatabaseSync(join(storeFolder, 'hub.sqlite'));
      work(database);
      database.close();
    },
    async verify(extra = {}) {
      const opened = await openSqliteStore({ folder: storeFolder });
      try {
        return await verifyTrail({
          lines: (after, limit): Promise<AuditLine[]> => opened.auditLines({ after, limit }),
          heads: await readHeads(headsFolder),
          ...extra,
        });
      } finally {
        await opened.close();
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
