/** The PostgreSQL store keeps the Store's promises, and those of its own: batches, several processes, lost connections. */
import { expect } from 'chai';
import pg from 'pg';
import type { Outcome } from '../../core/delivery.ts';
import type { Store } from '../../core/store.ts';
import { openPostgresStore, type PostgresStoreOptions } from '../../store/postgres/open.ts';
import { createRecordReader } from '../../store/postgres/records.ts';
import { readChain } from '../contract/store/audit.ts';
import { commitWhole, deliveryId, draft, message, refusal, START, settlement } from '../contract/store/samples.ts';
import { storeContract } from '../contract/store-suite.ts';
import { sharedService } from '../support/services.ts';

async function ask<Answer extends pg.QueryResultRow>(url: string, text: string): Promise<Answer[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000, query_timeout: 15_000 });
  await client.connect();
  try {
    const { rows } = await client.query<Answer>(text);
    return rows;
  } finally {
    await client.end();
  }
}

/** One database for all, emptied rather than made anew: that takes a quarter of the time. */
let databaseUrl: Promise<string> | undefined;

async function emptyDatabase(): Promise<string> {
  databaseUrl ??= sharedService('postgres').then((service) => service.createDatabase());
  const url = await databaseUrl;
  const tables = await ask<{ name: string }>(
    url,
    `select tablename as name from pg_tables where schemaname = 'public' and tablename not in ('schema_version', 'store_head')`,
  );
  if (tables.length > 0) {
    const names = tables.map(({ name }) => name).join(', ');
    await ask(
      url,
      `truncate ${names}; delete from store_head;
      insert into store_head values (true, 0, repeat('0', 64), 0, 0, 0, 0, 0, 0, 0)`,
    );
  }
  return url;
}

before(async function () {
  // The first time on a machine this installs PostgreSQL.
  this.timeout(300_000);
  await sharedService('postgres');
});

storeContract('PostgreSQL', async () => {
  const url = await emptyDatabase();
  const store = await openPostgresStore({ url });
  let last = store;
  return {
    store,
    async reopen() {
      await last.close();
      last = await openPostgresStore({ url });
      return last;
    },
    close: () => last.close(),
  };
});

describe('the PostgreSQL store in batches', () => {
  let url: string;
  let opened: Store[];
  const open = async (options: Partial<PostgresStoreOptions> = {}): Promise<Store> => {
    const store = await openPostgresStore({ url, ...options });
    opened.push(store);
    return store;
  };
  beforeEach(async () => {
    url = await emptyDatabase();
    opened = [];
  });
  afterEach(() => Promise.all(opened.map((store) => store.close())));

  it('keeps what is asked in the same moment in one transaction', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 200 }, (_, number) => store.admit(message(number))));
    const [seen] = await ask<{ rows: string; transactions: string }>(
      url,
      'select count(*) as rows, count(distinct xmin::text) as transactions from message',
    );
    expect(seen).to.deep.equal({ rows: '200', transactions: '1' });
  });

  it('reads what is asked in the same moment with one statement, each key once', async () => {
    let statements = 0;
    const records = createRecordReader({
      run: async () => {
        statements++;
        return [[2, 7, '{"found":true}']];
      },
    });
    const found = await Promise.all(['a', 'b', 'a', 'c', 'b'].map((key) => records.get('kind', key)));
    expect(found.map((record) => record?.version)).to.deep.equal([undefined, 7, undefined, undefined, 7]);
    expect(statements).to.equal(1);
  });

  it('lets one that the database will not take fail alone', async () => {
    const store = await open();
    await store.commit(commitWhole(message(500), { deliveries: [draft(1)] }));
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, number) =>
        store.commit(commitWhole(message(number), { deliveries: [draft(number === 13 ? 1 : number + 100)] })),
      ),
    );
    expect(results.flatMap(({ status }, number) => (status === 'rejected' ? [number] : []))).to.deep.equal([13]);
    const [failed] = results.filter((result) => result.status === 'rejected');
    expect(failed?.reason).to.include({ code: 'INTERNAL' });
    expect(String(failed?.reason.cause), 'no key in an error').to.not.include(deliveryId(1));
    expect(await readChain(store)).to.have.length(20);
    expect(await store.backlog()).to.deep.include({ undelivered: 20 });
    expect(await store.admit(message(13))).to.deep.equal({ kind: 'new' });
  });

  it('refuses with OVERLOADED what it has no room for, and keeps the rest', async () => {
    const store = await open({ limits: { queueOperations: 10 } });
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, number) => store.admit(message(number))));
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []));
    expect(refused).to.deep.equal(Array(20).fill('OVERLOADED'));
    expect(await store.backlog()).to.deep.include({ undecided: 10 });
  });

  it('puts a replayed delivery before what came after it in its lane', async () => {
    const store = await open();
    const now = START + 1_000;
    const due = async () => (await store.due({ now, limit: 10 })).map(({ id }) => id);
    const take = async (number: number, outcome: Outcome) => {
      await store.claim({ lease: { owner: 'a', until: now + 9 }, now, limit: 1 });
      expect(await store.settle([settlement(deliveryId(number), 'a', now, outcome)])).to.deep.equal([true]);
    };
    const deliveries = [1, 2, 3].map((number) => draft(number, { lane: 'L' }));
    await store.commit(commitWhole(message(1), { deliveries }));
    await take(1, { kind: 'dead', reason: 'EXPIRED' });
    expect(await due()).to.deep.equal([deliveryId(2)]);
    expect(await store.replay(deliveryId(1), {}, now)).to.equal(true);
    for (const number of [1, 2, 3]) {
      expect(await due()).to.deep.equal([deliveryId(number)]);
      await take(number, { kind: 'acknowledged' });
    }
  });

  it('is shared by several processes: one chain, one winner, one holder', async () => {
    const store = await open();
    const stores = [store, await open(), await open()];
    const kinds: string[] = [];
    await Promise.all(
      stores.flatMap((each, which) =>
        Array.from({ length: 30 }, async (_, turn) => {
          const number = which * 100 + turn;
          const records = [{ kind: 'thing', key: `K${turn}`, version: 0, value: { which } }];
          const { kind } = await each.commit(commitWhole(message(number), { records, deliveries: [draft(number)] }));
          kinds.push(kind);
          await each.admit(message(1_000 + turn));
        }),
      ),
    );
    expect(kinds.filter((kind) => kind === 'committed')).to.have.length(30);
    expect(kinds.filter((kind) => kind === 'stale')).to.have.length(60);
    expect(await readChain(store, 100)).to.have.length(60);
    expect(await store.backlog()).to.deep.include({ undecided: 30, undelivered: 30 });
    const now = START + 1_000;
    const claims = await Promise.all(
      stores.map((each, which) => each.claim({ lease: { owner: `${which}`, until: now + 999 }, now, limit: 15 })),
    );
    const ids = claims.flat().map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    const settled = await Promise.all(
      stores.map((each, which) =>
        each.settle(ids.map((id) => settlement(id, String(which), now, { kind: 'acknowledged' }))),
      ),
    );
    expect(settled.flat().filter(Boolean)).to.have.length(ids.length);
  });
});

describe('opening the PostgreSQL store', () => {
  const fresh = async () => (await sharedService('postgres')).createDatabase();

  it('makes the tables once, though four processes start at the same time', async () => {
    const url = await fresh();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openPostgresStore({ url, poolSize: 1 })));
    await Promise.all(stores.map((store, number) => store.admit(message(number))));
    expect(await readChain(stores[0] as Store)).to.have.length(4);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('is refused for a database of a newer version, which stays as it is', async () => {
    const url = await fresh();
    await ask(url, 'create table schema_version (version bigint not null); insert into schema_version values (999)');
    expect(await refusal(openPostgresStore({ url }))).to.equal('STORE_UNAVAILABLE');
    expect(await ask(url, 'select version from schema_version')).to.deep.equal([{ version: '999' }]);
    expect(await ask(url, `select to_regclass('message') as found`)).to.deep.equal([{ found: null }]);
  });

  it('is refused for a database that does not keep text as UTF-8', async () => {
    const url = await fresh();
    const other = url.replace(/hub_\w+$/, (name) => `${name}_ascii`);
    await ask(url, `create database ${other.split('/').at(-1)} template template0 encoding 'SQL_ASCII'`);
    expect(await refusal(openPostgresStore({ url: other }))).to.equal('STORE_UNAVAILABLE');
  });

  it('is refused where nothing listens', async () => {
    const url = 'postgres://nobody@127.0.0.1:1/nothing';
    expect(await refusal(openPostgresStore({ url }))).to.equal('STORE_UNAVAILABLE');
  });
});
