/** `npm run bench`: what the hub carries on this machine, as shares of what a bare echo carries in the same run. */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { mustsOf } from './musts.ts';
import { type BenchOptions, readBenchOptions, type ScenarioName, USAGE } from './options.ts';
import { topOf } from './profile.ts';
import { type Row, total_us } from './rows.ts';
import { measureAcceptOnly, measureEcho, measureEndToEnd, measureIdle, TITLES } from './scenarios.ts';
import { linesOf, tableOf } from './table.ts';

const FUNCTIONS_SHOWN = 25;

const MEASURE: Readonly<Record<ScenarioName, (options: BenchOptions) => Promise<Row>>> = {
  a: measureEcho,
  b: measureAcceptOnly,
  c: (options) => measureEndToEnd('c', options),
  d: (options) => measureEndToEnd('d', options),
  e: measureIdle,
};

/** Measures what is asked for, in order. `progress` is told before each scenario. */
export async function measureAll(options: BenchOptions, progress: (what: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [scenario, measure] of Object.entries(MEASURE) as [ScenarioName, (typeof MEASURE)[ScenarioName]][]) {
    if (!options.only.has(scenario)) continue;
    progress(`(${scenario}) ${TITLES[scenario]} ...`);
    rows.push(asShare(await measure(options), rows[0]));
  }
  return rows;
}

function asShare(row: Row, echo: Row | undefined): Row {
  if (echo === undefined || row.scenario === 'e') return row;
  return { ...row, ofEcho: row.perSecond / echo.perSecond, ofEchoByTime: total_us(echo) / total_us(row) };
}

/** Runs the bench with the words of a command line; the exit code. */
export async function bench(words: readonly string[]): Promise<number> {
  let options: BenchOptions | null;
  try {
    options = readBenchOptions(words);
  } catch (thrown) {
    console.error(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${USAGE}`);
    return 2;
  }
  if (options === null) {
    console.log(USAGE);
    return 0;
  }
  if (process.platform !== 'linux') {
    console.error('The bench reads processor time and memory from /proc: it runs on Linux.');
    return 2;
  }
  const rows = await measureAll(options, (what) => console.error(what));
  const musts = mustsOf(rows);
  const machine = {
    at: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    node: process.version,
  };
  const json = [...rows.map((row) => ({ ...row, machine })), ...musts].map((line) => JSON.stringify(line)).join('\n');
  if (options.json === '-') console.log(json);
  else {
    if (options.json !== undefined) writeFileSync(options.json, `${json}\n`);
    console.log(`\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.at}`);
    console.log(`${rows[0]?.body_bytes ?? 0} bytes a message, ${options.connections} connections\n`);
    console.log(`${tableOf(rows)}\n\n${linesOf(musts)}`);
  }
  if (options.profile !== undefined) {
    for (const { scenario } of rows.slice(1))
      console.error(`\n(${scenario})\n${topOf(join(options.profile, scenario), FUNCTIONS_SHOWN)}`);
  }
  return options.check && musts.some(({ met }) => !met) ? 1 : 0;
}

if (import.meta.main) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  process.exitCode = await bench(process.argv.slice(2));
}
