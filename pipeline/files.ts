/** The files of the lake: each names the range of facts that it holds, so that the names alone say what is there. */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder } from './pseudonym.ts';

export interface FactFile {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** A file whose beginning another one holds already: only what lies after `after` counts. */
export interface CountedFile extends FactFile {
  readonly after: number;
}

const NAME = /^(\d{16})-(\d{16})\.parquet$/;
const DRAFT = '.draft';

export const factFolder = (lake: string): string => join(lake, 'facts');

export function factPath(lake: string, from: number, to: number): string {
  return join(factFolder(lake), `${padded(from)}-${padded(to)}.parquet`);
}

const padded = (seq: number): string => String(seq).padStart(16, '0');

export function makeFolders(lake: string): void {
  mkdirSync(factFolder(lake), { recursive: true, mode: 0o700 });
}

/** All files, by their first fact, a wider before a narrower one. */
export function factFiles(lake: string): FactFile[] {
  const files: FactFile[] = [];
  for (const name of readdirSync(factFolder(lake))) {
    const range = NAME.exec(name);
    if (range) files.push({ path: join(factFolder(lake), name), from: Number(range[1]), to: Number(range[2]) });
  }
  return files.sort((a, b) => a.from - b.from || b.to - a.to);
}

/**
 * Those that count, each with what of it counts, and those that hold nothing that another does not hold: leftovers of a
 * process that died after it had put several files together and before it had removed them.
 */
export function counted(files: readonly FactFile[]): {
  readonly counted: CountedFile[];
  readonly leftovers: FactFile[];
} {
  const result = { counted: [] as CountedFile[], leftovers: [] as FactFile[] };
  let after = 0;
  for (const file of files) {
    if (file.to <= after) result.leftovers.push(file);
    else {
      result.counted.push({ ...file, after });
      after = file.to;
    }
  }
  return result;
}

export const draftOf = (path: string): string => `${path}${DRAFT}`;

/** Makes a draft the file itself: whole and synced, or not there at all. */
export function publish(lake: string, path: string): void {
  const handle = openSync(draftOf(path), 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(draftOf(path), path);
  syncFolder(factFolder(lake));
}

export function remove(files: readonly { readonly path: string }[]): void {
  for (const { path } of files) rmSync(path, { force: true });
}

/** What a writer that died has left: drafts, and files that others hold. Only the writer may call this. */
export function tidy(lake: string): void {
  for (const name of readdirSync(factFolder(lake))) {
    if (name.endsWith(DRAFT)) rmSync(join(factFolder(lake), name), { force: true });
  }
  remove(counted(factFiles(lake)).leftovers);
}

export const size_bytes = (file: FactFile): number => statSync(file.path).size;
