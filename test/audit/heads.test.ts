/** The head of the trail is signed when it has moved, and not otherwise. */
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { lastLine } from '../../audit/chain-end.ts';
import { type Heads, openHeads } from '../../audit/heads.ts';
import { headsPath, readHeads } from '../../audit/heads-file.ts';
import type { AuditLine } from '../../core/audit-chain.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { START, write } from './trail.ts';

/** A clock whose timers go off when the test says so. */
function handClock(): Clock & { ring(): void } {
  let waiting: (() => void)[] = [];
  return {
    now: () => START,
    timer(_after_ms, callback): Cancel {
      waiting.push(callback);
      return () => {
        waiting = waiting.filter((one) => one !== callback);
      };
    },
    ring() {
      for (const callback of waiting.splice(0)) callback();
    },
  };
}

describe('the signed heads of the audit trail', () => {
  let folder: string;
  let store: Store;
  let clock: ReturnType<typeof handClock>;
  let troubles: string[];
  const open = (): Promise<Heads> =>
    openHeads({
      folder: join(folder, 'audit'),
      store,
      clock,
      every_ms: 60_000,
      onTrouble: (what) => troubles.push(what),
    });
  const kept = async (): Promise<(number | undefined)[]> =>
    (await readHeads(join(folder, 'audit'))).entries.map(({ head }) => head?.seq);
  const until = async (done: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 200 && !(await done()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await done()).to.equal(true);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vertebra-heads-'));
    store = await openSqliteStore({ folder: join(folder, 'store') });
    clock = handClock();
    troubles = [];
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('are signed at each interval in which the trail grew, and at the end', async () => {
    const heads = await open();
    expect(await kept()).to.deep.equal([]);
    await write(store, 1, 3);
    clock.ring();
    await until(async () => (await kept()).length === 1);
    clock.ring();
    await write(store, 4, 4);
    await heads.stop();
    expect(await kept()).to.deep.equal([3, 4]);
    expect(heads.signed).to.equal(4);
    await heads.stop();
    expect(await kept(), 'not signed again without a new line').to.deep.equal([3, 4]);
    expect(troubles).to.deep.equal([]);
  });

  it('cover at the start what a process that was killed left unsigned', async () => {
    await write(store, 1, 2);
    const heads = await open();
    expect(await kept()).to.deep.equal([2]);
    await heads.stop();
  });

  it('go on from the file of an earlier process with the same key, though its last line was torn', async () => {
    await write(store, 1, 2);
    await (await open()).stop();
    await appendFile(headsPath(join(folder, 'audit')), '{"seq":9,"ha');
    await write(store, 3, 3);
    await (await open()).stop();
    const { entries, torn } = await readHeads(join(folder, 'audit'));
    expect([entries.map(({ head }) => head?.seq), torn]).to.deep.equal([[2, 3], false]);
    expect(new Set(entries.map(({ head }) => head?.key)).size).to.equal(1);
    expect(entries[1]?.head?.previous).to.equal(entries[0]?.digest);
  });

  it('keep their key to themselves and refuse one that others may read', async () => {
    await (await open()).stop();
    const path = join(folder, 'audit', 'heads.key.pem');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readFile(join(folder, 'audit', 'heads.public.pem'), 'utf8')).to.contain('BEGIN PUBLIC KEY');
    const { chmod } = await import('node:fs/promises');
    await chmod(path, 0o644);
    expect(await open().then(String, String)).to.contain('chmod 600');
  });

  it('tell the operator at the start where the trail ends before the last of them', async () => {
    await write(store, 1, 5);
    await (await open()).stop();
    const shorter: Pick<Store, 'auditLines'> = {
      auditLines: async ({ after, limit }) =>
        (await store.auditLines({ after, limit })).filter(({ seq }: AuditLine) => seq <= 3),
    };
    await (
      await openHeads({
        folder: join(folder, 'audit'),
        store: shorter,
        clock,
        every_ms: 1,
        onTrouble: (what) => troubles.push(what),
      })
    ).stop();
    expect(troubles).to.deep.equal(['the audit trail ends before its last signed head']);
  });

  it('tell the operator when the store is away, and sign later', async () => {
    const heads = await open();
    await write(store, 1, 1);
    const reads = store.auditLines;
    Object.assign(store, { auditLines: () => Promise.reject(new Error('away')) });
    clock.ring();
    await until(async () => troubles.length === 1);
    Object.assign(store, { auditLines: reads });
    await until(async () => {
      clock.ring();
      return (await kept()).length === 1;
    });
    await heads.stop();
  });
});

describe('the end of the chain', () => {
  const chain = (length: number) => {
    let reads = 0;
    return {
      reads: () => reads,
      auditLines: async ({ after }: { after: number }) => {
        reads++;
        return after < length ? [{ seq: after + 1 } as AuditLine] : [];
      },
    };
  };

  it('is found at every length, wherever the search begins', async () => {
    for (let length = 0; length <= 70; length++)
      for (let from = 0; from <= length; from += 7)
        expect((await lastLine(chain(length), from))?.seq).to.equal(from === length ? undefined : length);
  });

  it('is found among a million lines in some forty look-ups', async () => {
    const long = chain(1_000_000);
    expect((await lastLine(long, 0))?.seq).to.equal(1_000_000);
    expect(long.reads()).to.be.at.most(45);
  });
});
