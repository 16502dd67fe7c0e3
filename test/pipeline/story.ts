/** What the pipeline's tests share: a store of facts in memory, folders of their own, and a look into the lake. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, StoredFact } from '../../core/store.ts';
import type { Lake } from '../../pipeline/lake.ts';

export const PATIENTS = ['9990000018', '9990000026', '9990000034', '9990000042', '9990000050'] as const;
const START = Date.parse('2026-03-02T10:00:00.123Z');

/** The store's half that the tap sees. Numbers are never used again, as in the real ones. */
export class FactStore implements Pick<Store, 'facts' | 'forgetFacts'> {
  kept: StoredFact[] = [];
  #seq = 0;
  /** When set, the store is away at the moment of forgetting. */
  awayAtForgetting = false;

  put(count: number, extra: Partial<StoredFact> = {}): void {
    for (let made = 0; made < count; made++) {
      const seq = ++this.#seq;
      this.kept.push({
        seq,
        at: START + seq * 1_000,
        kind: 'child-protection-viewed',
        ods: 'RXX01',
        interaction: 'fhir:cpis:care-team',
        patient: PATIENTS[seq % PATIENTS.length] ?? PATIENTS[0],
        attributes: { plans: seq % 3, notified: seq % 2 === 0 },
        ...extra,
      });
    }
  }

  async facts({ after, limit }: { after: number; limit: number }): Promise<StoredFact[]> {
    return this.kept.filter(({ seq }) => seq > after).slice(0, limit);
  }

  async forgetFacts(upTo: number): Promise<void> {
    if (this.awayAtForgetting) throw new Error('the store is away');
    this.kept = this.kept.filter(({ seq }) => seq > upTo);
  }
}

const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vertebra-lake-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** The numbers in the lake, in order. */
export async function numbers(lake: Lake): Promise<number[]> {
  const { rows } = await lake.query('SELECT seq FROM facts ORDER BY seq');
  return rows.map(([seq]) => Number(seq));
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

export const filesIn = (folder: string): string[] => readdirSync(join(folder, 'facts')).sort();

/** Every byte of every file below a folder, as one text. */
export function bytesIn(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

/** The code of the HubError, or the name of another error, that work ends in; 'none' where it does not. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}
