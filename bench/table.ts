/** The rows of a run as a table for people. */
import type { Must } from './musts.ts';
import type { Row } from './rows.ts';

interface Column {
  readonly head: string;
  cell(row: Row): string;
}

const whole = (value: number): string => (Number.isFinite(value) ? Math.round(value).toLocaleString('en-GB') : '-');
const optional = (value: number | undefined, show: (value: number) => string): string =>
  value === undefined ? '' : show(value);

const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;

const COLUMNS: readonly Column[] = [
  { head: '', cell: ({ scenario, title }) => `(${scenario}) ${title}` },
  { head: 'a second', cell: ({ perSecond }) => whole(perSecond) },
  { head: 'of (a)', cell: ({ ofEcho }) => optional(ofEcho, percent) },
  { head: 'by time', cell: ({ ofEchoByTime }) => optional(ofEchoByTime, percent) },
  { head: 'p50 ms', cell: ({ p50_ms }) => p50_ms.toFixed(1) },
  { head: 'p99 ms', cell: ({ p99_ms }) => p99_ms.toFixed(1) },
  { head: 'at/s', cell: ({ latencyRate_perSecond }) => whole(latencyRate_perSecond) },
  { head: 'server us', cell: ({ server_us }) => whole(server_us) },
  { head: 'services us', cell: ({ services_us }) => optional(services_us, whole) },
  { head: 'load us', cell: ({ generator_us, receiver_us = 0 }) => whole(generator_us + receiver_us) },
  { head: 'cores', cell: ({ serverCores, allCores }) => `${serverCores.toFixed(2)} of ${allCores.toFixed(2)}` },
  { head: 'busiest', cell: ({ busiestThread }) => busiestThread.toFixed(2) },
  { head: 'peak MB', cell: ({ peak_MB }) => whole(peak_MB) },
  { head: 'lost', cell: ({ lost }) => whole(lost) },
  { head: 'doubled', cell: ({ doubled }) => whole(doubled) },
  { head: 'other', cell: ({ refused, unexpected, strange, broken }) => whole(refused + unexpected + strange + broken) },
];

export function tableOf(rows: readonly Row[]): string {
  const lines = [COLUMNS.map(({ head }) => head), ...rows.map((row) => COLUMNS.map(({ cell }) => cell(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export const linesOf = (musts: readonly Must[]): string =>
  musts.map(({ met, what, measured }) => `${met ? 'pass' : 'FAIL'}  ${what}: ${measured}`).join('\n');
