/** What must be true of the figures of a run. Shares are of the echo in the same run: absolute figures mean little on a shared machine. */
import type { Row } from './rows.ts';

export interface Must {
  readonly what: string;
  readonly met: boolean;
  readonly measured: string;
}

const LEAST_SHARE = { b: 0.15, c: 0.08, d: 0.04 } as const;
const MOST_P99_ms = 60;
const MOST_MEMORY_MB = 600;
const MOST_IDLE_KB = 90;
/** One thread cannot use more than one processor: whatever is above shows that others work beside it. */
const LEAST_CORES = 1.05;

const MUSTS: Readonly<Record<Row['scenario'], (row: Row) => Must[]>> = {
  a: () => [],
  b: (row) => [share('b', row), memory(row), nothing(row)],
  c: (row) => [share('c', row), latency(row), cores(row), memory(row), nothing(row)],
  d: (row) => [share('d', row), memory(row), nothing(row)],
  e: (row) => [...idle(row), nothing(row)],
};

export const mustsOf = (rows: readonly Row[]): Must[] => rows.flatMap((row) => MUSTS[row.scenario](row));

const must = (what: string, met: boolean, measured: string): Must => ({ what, met, measured });

const share = (scenario: keyof typeof LEAST_SHARE, { ofEcho = 0 }: Row): Must =>
  must(
    `(${scenario}) at least ${LEAST_SHARE[scenario] * 100}% of (a)`,
    ofEcho >= LEAST_SHARE[scenario],
    `${(ofEcho * 100).toFixed(1)}%`,
  );

const latency = ({ p99_ms }: Row): Must =>
  must(`(c) p99 end to end at half rate at most ${MOST_P99_ms} ms`, p99_ms <= MOST_P99_ms, `${p99_ms.toFixed(1)} ms`);

const cores = ({ serverCores, busiestThread }: Row): Must =>
  must(
    '(c) more than one processor is in use by the hub',
    serverCores >= LEAST_CORES,
    `${serverCores.toFixed(2)}, its busiest thread ${busiestThread.toFixed(2)}`,
  );

const memory = ({ scenario, peak_MB }: Row): Must =>
  must(`(${scenario}) memory at most ${MOST_MEMORY_MB} MB`, peak_MB <= MOST_MEMORY_MB, `${peak_MB.toFixed(0)} MB`);

function nothing(row: Row): Must {
  const wrong = (['lost', 'doubled', 'unexpected', 'strange', 'refused', 'broken'] as const)
    .filter((name) => row[name] > 0)
    .map((name) => `${row[name]} ${name}`);
  return must(
    `(${row.scenario}) nothing lost, nothing doubled`,
    wrong.length === 0 && row.accepted > 0,
    `${row.accepted} accepted${wrong.length === 0 ? '' : `, ${wrong.join(', ')}`}`,
  );
}

function idle({ idle: held, peak_MB }: Row): Must[] {
  if (held === undefined) return [];
  const besides_MB = peak_MB - (held.connections * held.each_KB * 1_024) / 1e6;
  return [
    must(
      `(e) at most ${MOST_IDLE_KB} KB an idle connection`,
      held.each_KB <= MOST_IDLE_KB,
      `${held.each_KB.toFixed(1)} KB`,
    ),
    must(
      `(e) memory besides the connections at most ${MOST_MEMORY_MB} MB`,
      besides_MB <= MOST_MEMORY_MB,
      `${besides_MB.toFixed(0)} MB`,
    ),
    must(
      '(e) every idle connection is still open',
      held.stillOpen === held.connections,
      `${held.stillOpen} of ${held.connections}`,
    ),
  ];
}
