/** What the PostgreSQL store does while its server is gone, slow or back again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import pg from 'pg';
import { HubError } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import { openPostgresStore } from '../../store/postgres/open.ts';
import { readChain } from '../contract/store/audit.ts';
import { commitWhole, message, refusal } from '../contract/store/samples.ts';
import { type PostgresService, type Services, startServices } from '../support/services.ts';

describe('a PostgreSQL store that loses its server', function () {
  this.timeout(60_000);
  let services: Services;
  let server: PostgresService;
  let store: Store;
  let url: string;

  before(async function () {
    this.timeout(300_000);
    services = await startServices({ which: ['postgres'] });
    if (!services.postgres) throw new Error('no server');
    server = services.postgres;
  });
  after(() => services?.stop());
  beforeEach(async () => {
    url = await server.createDatabase();
    store = await openPostgresStore({ url, statementTimeout_ms: 1_000 });
  });
  afterEach(() => store.close());

  /** Writes and reads are answered again. */
  const healed = async (): Promise<void> => {
    const end = Date.now() + 10_000;
    for (;;) {
      try {
        if (!(await store.healthy())) throw new Error('it did not come back');
        await store.backlog();
        return;
      } catch (thrown) {
        if (Date.now() > end) throw thrown;
        await sleep(20);
      }
    }
  };
  const code = (thrown: unknown): string => (thrown instanceof HubError ? thrown.code : String(thrown));

  it('loses nothing that it said was kept, and a repeat of the rest is harmless', async () => {
    for (let round = 0; round < 3; round++) {
      const numbers = Array.from({ length: 400 }, (_, index) => 1 + round * 1_000 + index);
      const kept: number[] = [];
      const refused: string[] = [];
      const asking = numbers.map(async (number, index) => {
        // Spread over some batches, so that the blow falls into one.
        await sleep(index / 4);
        try {
          await store.commit(commitWhole(message(number)));
          kept.push(number);
        } catch (thrown) {
          refused.push(code(thrown));
        }
      });
      const enough = Date.now() + 5_000;
      while (kept.length < 20 && Date.now() < enough) await sleep(1);
      await sleep(round * 10);
      await server.kill();
      await Promise.all(asking);
      expect(kept.length, 'kept before the blow').to.be.at.least(20);
      expect(new Set(refused)).to.deep.equal(new Set(['STORE_UNAVAILABLE']));
      await server.restart();
      await healed();
      for (const number of kept) {
        expect((await store.track(message(number).messageId))[0]?.stage, String(number)).to.equal('decided');
      }
      const again = await Promise.all(numbers.map((number) => store.commit(commitWhole(message(number)))));
      expect(again.filter(({ kind }) => kind === 'conflict' || kind === 'stale')).to.deep.equal([]);
      expect(await readChain(store, 1_000), 'one effect each').to.have.length((round + 1) * 400);
    }
  });

  it('refuses at once while it is away, saying when to come back, and heals by itself', async () => {
    await store.admit(message(1));
    await server.kill();
    await refusal(store.admit(message(2)));
    const begun = performance.now();
    for (const asked of [
      () => store.admit(message(2)),
      () => store.records.get('thing', 'K'),
      () => store.backlog(),
      () => store.claim({ lease: { owner: 'a', until: 1 }, now: 0, limit: 1 }),
    ]) {
      const thrown = await asked().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(thrown).to.deep.include({ code: 'STORE_UNAVAILABLE', details: { retryAfter_s: 1 } });
    }
    expect(await store.healthy()).to.equal(false);
    expect(performance.now() - begun).to.be.lessThan(500);
    await server.restart();
    await healed();
    expect(await store.admit(message(1))).to.deep.equal({ kind: 'same' });
    expect(await store.admit(message(2))).to.deep.equal({ kind: 'new' });
  });

  it('ends a wait for a writer that hangs, and takes no longer than two seconds to say that it is not well', async () => {
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    try {
      await other.query('begin; select * from store_head for update');
      const begun = performance.now();
      const [answer, well] = await Promise.all([refusal(store.admit(message(1))), store.healthy()]);
      expect([answer, well]).to.deep.equal(['STORE_UNAVAILABLE', false]);
      expect(performance.now() - begun).to.be.within(900, 2_900);
      await other.query('rollback');
      expect(await store.admit(message(1))).to.deep.equal({ kind: 'new' });
    } finally {
      await other.end();
    }
  });

  it('takes a connection that no longer answers for lost, and goes on with another', async () => {
    const { rows } = await (async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return await client.query<{ pid: number }>(
          `select pid from pg_stat_activity where application_name = 'vertebra writer' and datname = current_database()`,
        );
      } finally {
        await client.end();
      }
    })();
    const pid = rows[0]?.pid ?? 0;
    expect(pid).to.be.greaterThan(1);
    process.kill(pid, 'SIGSTOP');
    try {
      const begun = performance.now();
      expect(await refusal(store.admit(message(1)))).to.equal('STORE_UNAVAILABLE');
      expect(performance.now() - begun).to.be.lessThan(4_000);
      await healed();
      expect(await store.admit(message(2))).to.deep.equal({ kind: 'new' });
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
