/** Opens the Store port on PostgreSQL: one connection that writes in batches, a few that read. */
import { type Clock, systemClock } from '../../core/clock.ts';
import { deadline } from '../../core/deadline.ts';
import type { Store } from '../../core/store.ts';
import { admitOperation, auditOperation, forgetFactsOperation, probeOperation } from './admit.ts';
import { commitOperation } from './commit.ts';
import { unavailable } from './faults.ts';
import { Link, type LinkLog } from './link.ts';
import { migrate } from './migrations.ts';
import { createQueries } from './queries.ts';
import { Readers } from './readers.ts';
import { createRecordReader } from './records.ts';
import { replayOperation, settleOperation } from './settle.ts';
import { WRITER_LIMITS, Writer, type WriterLimits } from './writer.ts';

export interface PostgresStoreOptions {
  /** `postgres://user:password@host:port/database`; TLS as `sslmode` says. */
  readonly url: string;
  readonly log?: LinkLog;
  readonly clock?: Clock;
  /** Connections that read, beside the one that writes. */
  readonly poolSize?: number;
  readonly statementTimeout_ms?: number;
  readonly connectTimeout_ms?: number;
  readonly limits?: Partial<WriterLimits>;
}

const HEALTH_WITHIN_MS = 2_000;
const CLOSE_WITHIN_MS = 10_000;
const SILENT: LinkLog = { warn: () => {} };

/**
 * Connects, and brings the tables to this version. Rejects with STORE_UNAVAILABLE where the database cannot be reached,
 * is not in UTF8 or is of a newer version. Afterwards it reconnects by itself; meanwhile everything is refused at once.
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const link = (purpose: string): Link =>
    new Link({
      ...{ url: options.url, purpose, clock: options.clock ?? systemClock, log: options.log ?? SILENT },
      statementTimeout_ms: options.statementTimeout_ms ?? 10_000,
      connectTimeout_ms: options.connectTimeout_ms ?? 5_000,
    });
  const writing = link('writer');
  const reading = Array.from({ length: Math.max(1, options.poolSize ?? 3) }, () => link('reader'));
  const closeLinks = async () => {
    const closing = Promise.all([writing, ...reading].map((each) => each.close()));
    await deadline(closing, CLOSE_WITHIN_MS, 'store').catch(() => {});
  };
  try {
    await writing.open();
    await migrate(writing.session());
    await Promise.all(reading.map((each) => each.open()));
  } catch (thrown) {
    await closeLinks();
    throw unavailable(thrown);
  }

  const writer = new Writer(writing, { ...WRITER_LIMITS, ...options.limits });
  const readers = new Readers(reading);
  return {
    ...createQueries(readers),
    records: createRecordReader(readers),
    admit: async (envelope) => writer.submit(admitOperation(envelope)),
    commit: async (commit) => writer.submit(commitOperation(commit)),
    audit: async (actor, at, events) => writer.submit(auditOperation(actor, at, events)),
    settle: async (settlements) => writer.submit(settleOperation(settlements)),
    replay: async (id, actor, at) => writer.submit(replayOperation(id, actor, at)),
    forgetFacts: async (upTo) => writer.submit(forgetFactsOperation(upTo)),

    async healthy() {
      try {
        await deadline(writer.submit(probeOperation), HEALTH_WITHIN_MS, 'store');
        return true;
      } catch {
        return false;
      }
    },

    async close() {
      await deadline(writer.close(), CLOSE_WITHIN_MS, 'store').catch(() => {});
      await closeLinks();
    },
  };
}
