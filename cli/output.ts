/** What a command prints: aligned tables and pairs for people, JSON for programs, progress for those who wait. */
import { iso } from '../core/clock.ts';
import type { World } from './world.ts';

export type Cell = string | number | boolean | null | undefined;

const WIDEST = 60;

/** Columns as wide as their widest cell, headers above a rule; numbers to the right. Every cell one line, without controls. */
export function table(names: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return '(none)\n';
  const headers = names.map(cellText);
  const cells = rows.map((row) => headers.map((_, column) => cellText(row[column])));
  const widths = headers.map((header, column) =>
    Math.max(width(header), ...cells.map((row) => width(row[column] ?? ''))),
  );
  const right = headers.map((_, column) => rows.every((row) => typeof (row[column] ?? 0) === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, right[column] === true))
      .join('  ')
      .trimEnd();
  return `${[headers, widths.map((size) => '-'.repeat(size)), ...cells].map(line).join('\n')}\n`;
}

/** Names and values below each other; absent values left out. */
export function pairs(values: Readonly<Record<string, Cell>>): string {
  const shown = Object.entries(values).filter(([, value]) => value !== undefined);
  const widest = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${name.padEnd(widest)}  ${oneLine(String(value))}\n`).join('');
}

/** `2026-11-23 09:30:00` */
export const time = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : iso(at).slice(0, 19).replace('T', ' ');

/** What came from elsewhere must not draw on the terminal. */
export const oneLine = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, ' ');

function cellText(value: Cell): string {
  const text = value === null || value === undefined ? '' : oneLine(String(value));
  return [...text].length <= WIDEST ? text : `${[...text].slice(0, WIDEST - 1).join('')}…`;
}

const width = (text: string): number => [...text].length;
const pad = (text: string, size: number, right: boolean): string => {
  const space = ' '.repeat(Math.max(size - width(text), 0));
  return right ? space + text : text + space;
};

export interface Printer {
  /** The value itself with `--json`, else the text. */
  show(value: unknown, text: string): void;
}

export const printer = (world: World, json: boolean): Printer => ({
  show: (value, text) => world.out(json ? `${JSON.stringify(value)}\n` : text),
});

/** A line that is drawn over itself on a terminal and nowhere else. */
export function progress(world: World, what: string): { at(count: number): void; end(): void } {
  if (!world.interactive) return { at: () => undefined, end: () => undefined };
  let drawn = 0;
  return {
    at(count) {
      const now = world.clock.now();
      if (now - drawn < 100) return;
      drawn = now;
      world.err(`\r${what} ${count.toLocaleString('en-GB')} ...`);
    },
    end: () => world.err(`\r${' '.repeat(what.length + 24)}\r`),
  };
}
