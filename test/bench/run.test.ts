/** A very short run of the bench: every part of it works, whatever the figures are. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { mustsOf } from '../../bench/musts.ts';
import { readBenchOptions } from '../../bench/options.ts';
import { percentile, type Row } from '../../bench/rows.ts';
import { tableOf } from '../../bench/table.ts';

const RUN_WITHIN_ms = 60_000;
const run = join(import.meta.dirname, '../../bench/run.ts');
const SHORT = ['--seconds', '0.4', '--warm-up', '0.2', '--connections', '4', '--systems', '2', '--in-flight', '16'];

async function bench(...words: string[]): Promise<{ code: unknown; output: string; errors: string }> {
  const child = spawn(process.execPath, [run, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_WITHIN_ms });
  const ended = once(child, 'exit');
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, output, errors };
}

const folders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('hub-bench-'));

describe('the bench', function () {
  this.timeout(RUN_WITHIN_ms);
  let rows: Row[] = [];

  before(async function () {
    if (process.platform !== 'linux') this.skip();
    const before = folders();
    const { code, output, errors } = await bench('--only', 'c', '--json', '-', ...SHORT);
    expect(code, errors).to.equal(0);
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    rows = lines.filter((line): line is Row => 'scenario' in line);
    expect(folders().filter((name) => !before.includes(name))).to.deep.equal([]);
  });

  it('measures the echo first and tells what is asked for as a share of it', () => {
    expect(rows.map(({ scenario }) => scenario)).to.deep.equal(['a', 'c']);
    const [echo, hub] = rows;
    expect(echo?.perSecond).to.be.above(0);
    expect(hub?.ofEcho).to.be.closeTo((hub?.perSecond ?? 0) / (echo?.perSecond ?? 1), 1e-9);
    expect(hub?.body_bytes).to.equal(echo?.body_bytes);
  });

  it('follows every order from its sender to the acknowledgement at its door, and finds none lost or doubled', () => {
    const hub = rows[1];
    expect(hub?.accepted).to.be.above(10);
    expect(hub).to.include({ lost: 0, doubled: 0, unexpected: 0, strange: 0, refused: 0, broken: 0 });
    expect(hub?.p99_ms).to.be.within(hub?.p50_ms ?? Number.NaN, RUN_WITHIN_ms);
    expect(hub?.server_us).to.be.above(0);
    expect(hub?.peak_MB).to.be.above(50);
  });

  it('writes a table with a line for each scenario', () => {
    expect(tableOf(rows).split('\n')).to.have.lengthOf(3);
  });

  it('refuses words that it does not know', () => {
    expect(() => readBenchOptions(['--only', 'z'])).to.throw('--only');
    expect(() => readBenchOptions(['--seconds', 'ten'])).to.throw('--seconds');
    expect(() => readBenchOptions(['--set', 'PATH=/tmp'])).to.throw('--set');
    expect(() => readBenchOptions(['--speed'])).to.throw('--speed');
    expect([...(readBenchOptions(['--only', 'c'])?.only ?? [])]).to.deep.equal(['a', 'c']);
  });

  it('fails a must for one lost message, for a share below the least, and for too slow a hub', () => {
    const hub = rows[1];
    if (hub === undefined) throw new Error('the run gave no row of the hub');
    const good = { ...hub, ofEcho: 0.08, p99_ms: 60, serverCores: 1.5, peak_MB: 600 };
    const failed = (change: Partial<Row>): string[] =>
      mustsOf([{ ...good, ...change }])
        .filter(({ met }) => !met)
        .map(({ what }) => what);
    expect(failed({})).to.deep.equal([]);
    expect(failed({ lost: 1 })).to.have.lengthOf(1);
    expect(failed({ doubled: 1 })).to.have.lengthOf(1);
    expect(failed({ ofEcho: 0.079 })).to.have.lengthOf(1);
    expect(failed({ p99_ms: Number.POSITIVE_INFINITY })).to.have.lengthOf(1);
    expect(failed({ peak_MB: 601 })).to.have.lengthOf(1);
    expect(failed({ serverCores: 1 })).to.have.lengthOf(1);
  });
});

describe('a percentile', () => {
  it('is the value that this share of all values does not exceed', () => {
    const values = Float64Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.5)).to.equal(50);
    expect(percentile(values, 0.99)).to.equal(99);
    expect(percentile(values, 1)).to.equal(100);
    expect(percentile(new Float64Array(), 0.5)).to.be.NaN;
  });
});
