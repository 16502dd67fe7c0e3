/** A thousand lives of the hub, each from one seed: nothing is lost, nothing doubled, nothing comes of nothing. */
import { expect } from 'chai';
import type { Catalogue } from '../../schemas/catalogue.ts';
import { testCatalogue } from '../contract/catalogue.ts';
import { liveThrough } from './history.ts';
import { summary } from './summary.ts';
import type { Verdict } from './verdict.ts';

/** Replays one history and prints all of it: SIMULATION_SEED=123 npx mocha test/simulation/histories.test.ts */
const ONE = process.env['SIMULATION_SEED'];
const FIRST = Number(ONE ?? process.env['SIMULATION_FIRST'] ?? 1);
const COUNT = ONE === undefined ? Number(process.env['SIMULATION_SEEDS'] ?? 1_000) : 1;
const MOST_REPORTED = 5;

describe('a hub in a simulated world', function () {
  this.timeout(600_000);
  let catalogue: Catalogue;
  before(() => {
    catalogue = testCatalogue();
  });
  after(() => catalogue.dispose());

  it(`keeps its promises through ${COUNT} histories of crashes, faults, repeats and jumping clocks`, async () => {
    const began_ms = performance.now();
    const verdicts: Verdict[] = [];
    for (let seed = FIRST; seed < FIRST + COUNT; seed++) {
      const verdict = await liveThrough(seed, { readDocument: catalogue.read, keepTrace: ONE !== undefined });
      verdicts.push(verdict);
      if (verdicts.filter(({ findings }) => findings.length > 0).length >= MOST_REPORTED) break;
    }
    for (const { trace } of verdicts) if (trace.length > 0) console.log(trace.join('\n'));
    console.log(summary(verdicts, performance.now() - began_ms));
    const failed = verdicts.filter(({ findings }) => findings.length > 0);
    expect(failed, failed.map(report).join('\n')).to.have.length(0);
  });

  it('lives the same life again from the same seed', async () => {
    for (const seed of [FIRST, FIRST + 1, FIRST + 2]) {
      const [first, again] = [
        await liveThrough(seed, { readDocument: catalogue.read }),
        await liveThrough(seed, { readDocument: catalogue.read }),
      ];
      expect(again.fingerprint).to.equal(first.fingerprint);
    }
    const other = await liveThrough(FIRST + 3, { readDocument: catalogue.read });
    const one = await liveThrough(FIRST, { readDocument: catalogue.read });
    expect(other.fingerprint).not.to.equal(one.fingerprint);
  });
});

const report = ({ seed, findings }: Verdict): string =>
  [
    `seed ${seed}: replay with SIMULATION_SEED=${seed} npx mocha test/simulation/histories.test.ts`,
    ...findings.map(({ kind, what }) => `  ${kind}: ${what}`),
  ].join('\n');
