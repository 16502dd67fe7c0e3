/** What is left behind: the audit trail, verified, and the lake, without anybody's identity. */
import { join } from 'node:path';
import { readHeads } from '../../audit/heads-file.ts';
import { verifyTrail } from '../../audit/verify.ts';
import type { Store } from '../../core/store.ts';
import { openLakeProcess } from '../../pipeline/lake-process.ts';
import type { Chapter, ClosedChapter } from './chapter.ts';
import type { Facts, Scene } from './scene.ts';

export interface Trail {
  /** Waits for what an earlier run left on its way, and remembers where trail and lake stand. */
  begin(): Promise<void>;
  /** Looks at both after the stories. */
  tell(chapter: Chapter, told: Told): Promise<void>;
  close(): Promise<void>;
}

export interface Told {
  readonly chapters: readonly ClosedChapter[];
  readonly facts: Facts;
  readonly patients: Scene['patients'];
}

const PAGE = 500;

export function openTrail(store: Store, dataFolder: string, within_ms: number): Trail {
  const lake = openLakeProcess({ folder: join(dataFolder, 'lake') });
  let factsBefore = 0;
  let linesBefore = 0;

  async function linesAfter(after: number): Promise<readonly { seq: number; messageId: string | null }[]> {
    const lines = [];
    for (let page = await store.auditLines({ after, limit: PAGE }); page.length > 0; ) {
      lines.push(...page);
      page = await store.auditLines({ after: page.at(-1)?.seq ?? 0, limit: PAGE });
    }
    return lines;
  }

  return {
    async begin() {
      const end = Date.now() + within_ms;
      while ((await store.facts({ after: 0, limit: 1 })).length > 0 && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 100));
      factsBefore = await lake.last();
      linesBefore = (await linesAfter(0)).at(-1)?.seq ?? 0;
    },

    async tell(chapter, { chapters, facts, patients }) {
      const ids = new Set(chapters.flatMap(({ rows }) => rows.map(({ id }) => id)));
      await chapter.expect('messages with a line in the audit trail', ids.size, async () => {
        const named = new Set((await linesAfter(linesBefore)).map(({ messageId }) => messageId));
        return [...ids].filter((id) => named.has(id)).length;
      });
      const end = (await linesAfter(linesBefore)).at(-1)?.seq ?? 0;
      await chapter.expect(`the trail is whole and signed to line ${end}`, true, async () => {
        const heads = await readHeads(join(dataFolder, 'audit'));
        const { ok, signed } = await verifyTrail({
          lines: (after, limit) => store.auditLines({ after, limit }),
          heads,
        });
        return ok && signed >= end;
      });

      const kinds = Object.keys(facts).sort();
      await chapter.expect('facts in the lake', total(facts), async () => {
        const counted = await lake.query(
          `SELECT kind, count(*) FROM facts WHERE seq > ${factsBefore} GROUP BY kind ORDER BY kind`,
        );
        const found = Object.fromEntries(counted.rows.map(([kind, count]) => [String(kind), Number(count)]));
        const asExpected = kinds.every((kind) => found[kind] === facts[kind]);
        return asExpected ? total(found) : `${total(found)}: ${Object.entries(found).flat().join(' ')}`;
      });
      const numbers = Object.values(patients).map(
        ({ nhsNumber }) => `position('${nhsNumber}' IN attributes::VARCHAR) > 0`,
      );
      await chapter.expect('facts that name a patient', 0, async () => {
        const named = await lake.query(
          `SELECT count(*) FROM facts WHERE pseudonym SIMILAR TO '[0-9]{10}' OR ${numbers.join(' OR ')}`,
        );
        return Number(named.rows[0]?.[0] ?? 0);
      });
    },

    close: () => lake.close(),
  };
}

const total = (facts: Facts): number | string => Object.values(facts).reduce((sum, count) => sum + count, 0);
