/** From the store into the lake: each fact once, whenever it died, and nobody's number with it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Cancel, Clock } from '../../core/clock.ts';
import { type Lake, openLake } from '../../pipeline/lake.ts';
import { createPseudonymiser } from '../../pipeline/pseudonym.ts';
import { createTap, type TapParts } from '../../pipeline/tap.ts';
import { bytesIn, FactStore, filesIn, newFolder, numbers, PATIENTS, refusal, removeFolders, upTo } from './story.ts';

const pseudonymise = createPseudonymiser(new Uint8Array(32).fill(7), 'facts');

/** A clock whose timers go off when the test says so. */
class HandClock implements Clock {
  #time = 0;
  #timers: { at: number; callback: () => void }[] = [];
  now = (): number => this.#time;
  timer(after_ms: number, callback: () => void): Cancel {
    const timer = { at: this.#time + after_ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }
  pass(ms: number): void {
    this.#time += ms;
    const due = this.#timers.filter(({ at }) => at <= this.#time);
    this.#timers = this.#timers.filter(({ at }) => at > this.#time);
    for (const { callback } of due) callback();
  }
  get waiting(): number {
    return this.#timers.length;
  }
}

describe('the tap', () => {
  const lakes: Lake[] = [];
  const lakeIn = (folder: string): Lake => {
    const lake = openLake({ folder, smallFiles_max: 4 });
    lakes.push(lake);
    return lake;
  };
  const tapOf = (parts: Pick<TapParts, 'store' | 'lake'> & Partial<TapParts>) =>
    createTap({ pseudonymise, clock: new HandClock(), batch_facts: 10, ...parts });
  afterEach(async () => {
    await Promise.all(lakes.splice(0).map((lake) => lake.close()));
    removeFolders();
  });

  it('lets every fact in once, in files no larger than asked for, and the store forgets them', async () => {
    const store = new FactStore();
    const folder = newFolder();
    const lake = lakeIn(folder);
    store.put(25);
    expect(await tapOf({ store, lake }).flush()).to.equal(25);
    expect(await numbers(lake)).to.deep.equal(upTo(25));
    expect(store.kept).to.deep.equal([]);
    expect(filesIn(folder)).to.deep.equal([
      '0000000000000001-0000000000000010.parquet',
      '0000000000000011-0000000000000020.parquet',
      '0000000000000021-0000000000000025.parquet',
    ]);
  });

  it('leaves no patient’s number in any byte of the lake, and none that can be asked for', async () => {
    const store = new FactStore();
    const folder = newFolder();
    const lake = lakeIn(folder);
    store.put(20);
    store.put(5, { attributes: { careless: PATIENTS[0], count: Number(PATIENTS[1]), text: `NHS ${PATIENTS[2]}` } });
    await tapOf({ store, lake }).flush();
    const everything = bytesIn(folder) + JSON.stringify(await lake.query('SELECT * FROM facts'));
    for (const patient of PATIENTS) expect(everything).not.to.contain(patient);
    expect(everything).to.contain(pseudonymise(PATIENTS[1]));
  });

  it('keeps one person together and two apart', async () => {
    const store = new FactStore();
    const lake = lakeIn(newFolder());
    store.put(50);
    await tapOf({ store, lake }).flush();
    const { rows } = await lake.query('SELECT pseudonym, count(*) FROM facts GROUP BY 1');
    expect(rows.map(([, count]) => count)).to.deep.equal([10, 10, 10, 10, 10]);
  });

  it('that died after the file was in its place writes nothing again, and forgets then', async () => {
    const store = new FactStore();
    const folder = newFolder();
    store.put(15);
    store.awayAtForgetting = true;
    expect(await refusal(tapOf({ store, lake: lakeIn(folder) }).flush())).to.equal('Error');
    expect(store.kept).to.have.length(15);

    store.awayAtForgetting = false;
    store.put(3);
    const lake = lakeIn(folder);
    await tapOf({ store, lake }).flush();
    expect(await numbers(lake)).to.deep.equal(upTo(18));
    expect(store.kept).to.deep.equal([]);
  });

  it('that died before the file was in its place reads the facts again', async () => {
    const store = new FactStore();
    const folder = newFolder();
    store.put(15);
    const dying: Lake = {
      ...lakeIn(folder),
      append: async () => {
        writeFileSync(join(folder, 'facts', '0000000000000001-0000000000000010.parquet.draft'), 'half');
        throw new Error('died');
      },
    };
    expect(await refusal(tapOf({ store, lake: dying }).flush())).to.equal('Error');
    const lake = lakeIn(folder);
    await tapOf({ store, lake }).flush();
    expect(await numbers(lake)).to.deep.equal(upTo(15));
    expect(store.kept).to.deep.equal([]);
  });

  it('loses and doubles nothing, wherever it dies and however often', async () => {
    const step = fc.constantFrom('before-append', 'after-append', 'away-at-forgetting', 'whole');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat({ max: 25 }), step), { maxLength: 6 }), async (rounds) => {
        const store = new FactStore();
        const folder = newFolder();
        let put = 0;
        for (const [count, death] of [...rounds, [1, 'whole'] as const]) {
          store.put(count);
          put += count;
          store.awayAtForgetting = death === 'away-at-forgetting';
          const real = lakeIn(folder);
          const lake: Lake = {
            ...real,
            append: async (facts) => {
              if (death === 'before-append') throw new Error('died');
              await real.append(facts);
              if (death === 'after-append') throw new Error('died');
            },
          };
          await tapOf({ store, lake })
            .flush()
            .catch(() => undefined);
        }
        expect(await numbers(lakeIn(folder))).to.deep.equal(upTo(put));
        expect(store.kept).to.deep.equal([]);
      }),
      { numRuns: 15 },
    );
  }).timeout(60_000);

  it('refuses a lake that holds another store’s facts, and forgets none of this one’s', async () => {
    const folder = newFolder();
    const old = new FactStore();
    old.put(20, { kind: 'of-the-old-store' });
    await tapOf({ store: old, lake: lakeIn(folder) }).flush();
    const replaced = new FactStore();
    replaced.put(5);
    expect(await refusal(tapOf({ store: replaced, lake: lakeIn(folder) }).flush())).to.equal('ForeignLake');
    expect(replaced.kept).to.have.length(5);
  });

  it('writes after its interval, tells what goes wrong, and tries again', async () => {
    const store = new FactStore();
    const folder = newFolder();
    const lake = lakeIn(folder);
    const clock = new HandClock();
    const problems: unknown[] = [];
    const tap = tapOf({ store, lake, clock, interval_ms: 1_000, onProblem: (problem) => problems.push(problem) });
    tap.start();
    store.put(3);
    clock.pass(999);
    expect(await lake.last()).to.equal(0);
    store.awayAtForgetting = true;
    clock.pass(1);
    await until(() => problems.length === 1 && clock.waiting === 1);
    store.awayAtForgetting = false;
    clock.pass(1_000);
    await until(() => store.kept.length === 0 && clock.waiting === 1);
    await tap.stop();
    expect(clock.waiting).to.equal(0);
    expect(await numbers(lake)).to.deep.equal(upTo(3));
  });

  it('leaves the facts in the store while the lake cannot be written', async () => {
    const store = new FactStore();
    const folder = newFolder();
    const lake = lakeIn(folder);
    store.put(3);
    rmSync(join(folder, 'facts'), { recursive: true });
    writeFileSync(join(folder, 'facts'), 'no folder');
    expect(await refusal(tapOf({ store, lake }).flush())).not.to.equal('none');
    expect(store.kept).to.have.length(3);
    rmSync(join(folder, 'facts'));
    mkdirSync(join(folder, 'facts'));
    await tapOf({ store, lake }).flush();
    expect(await numbers(lake)).to.deep.equal(upTo(3));
  });
});

async function until(condition: () => boolean): Promise<void> {
  for (let waited_ms = 0; !condition(); waited_ms += 5) {
    if (waited_ms > 5_000) throw new Error('waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
