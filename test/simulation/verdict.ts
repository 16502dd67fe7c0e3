/** Holds what became of one history against what was wished and promised. */
import type { DeadLetter } from '../../core/delivery.ts';
import { keyText } from '../../core/envelope.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { DeliveryTrack, Store, StoredFact, Track } from '../../core/store.ts';
import type { Ledger } from './ledger.ts';
import type { Content } from './letters.ts';
import { keyOfLetter, type Told } from './senders.ts';
import type { Town } from './town.ts';
import { judgeDeliveries } from './verdict-deliveries.ts';
import { judgeRecords } from './verdict-records.ts';
import { judgeTrail } from './verdict-trail.ts';

export interface Finding {
  readonly kind: 'lost' | 'doubled' | 'unexpected' | 'broken';
  readonly what: string;
}

export interface Verdict {
  readonly seed: number;
  /** Messages that were sent at least once; that some sender was told are kept; that had all of their effects. */
  readonly attempted: number;
  readonly acknowledged: number;
  readonly effected: number;
  readonly deadLettered: number;
  readonly findings: readonly Finding[];
  readonly counts: Ledger['counts'];
  readonly elapsed_ms: number;
  readonly trace: readonly string[];
  /** The same for the same seed. */
  readonly fingerprint: string;
}

/** A letter with what the store holds of it at the end. */
export interface Ended {
  readonly name: string;
  readonly told: Told;
  readonly track: Track | undefined;
  /** The content that was kept. */
  readonly kept: Content | undefined;
  /** Some copy of it was answered with success: from then on it may not be lost. */
  readonly promised: boolean;
}

export interface Evidence {
  readonly town: Town;
  readonly ledger: Ledger;
  readonly letters: readonly Ended[];
  readonly deliveries: ReadonlyMap<string, DeliveryTrack>;
  readonly deadLetters: readonly DeadLetter[];
  readonly prescriptions: readonly StoredRecord[];
  readonly visits: readonly StoredRecord[];
  readonly facts: readonly StoredFact[];
  find(kind: Finding['kind'], what: string): void;
}

interface JudgeParts {
  readonly seed: number;
  readonly town: Town;
  readonly store: Store;
  readonly ledger: Ledger;
  readonly told: readonly Told[];
  readonly elapsed_ms: number;
}

const MOST = 1_000;

export async function judge({ seed, town, store, ledger, told, elapsed_ms }: JudgeParts): Promise<Verdict> {
  ledger.close();
  const findings: Finding[] = ledger.broken.map((what) => ({ kind: 'broken', what }));
  const find = (kind: Finding['kind'], what: string): void => void findings.push({ kind, what });
  const letters = await Promise.all(told.map((one) => endOf(one, store)));
  const evidence: Evidence = {
    town,
    ledger,
    letters,
    deliveries: new Map(letters.flatMap(({ track }) => track?.deliveries.map((one) => [one.id, one] as const) ?? [])),
    deadLetters: await store.deadLetters({ limit: MOST }),
    prescriptions: await store.records.list('eps.prescription', { limit: MOST }),
    visits: await store.records.list('cpis.visit', { limit: MOST }),
    facts: await store.facts({ after: 0, limit: MOST }),
    find,
  };
  judgeAnswers(evidence);
  judgeDeliveries(evidence);
  judgeRecords(evidence);
  await judgeTrail(evidence, store);
  const failed = (name: string): boolean => findings.some(({ what }) => what.startsWith(name));
  const ended = letters.filter(({ track }) => track !== undefined && track.stage !== 'accepted');
  return {
    seed,
    attempted: told.filter(({ attempted }) => attempted).length,
    acknowledged: letters.filter(({ promised }) => promised).length,
    effected: ended.filter(({ name }) => !failed(name)).length,
    deadLettered: evidence.deadLetters.length,
    findings,
    counts: ledger.counts,
    elapsed_ms,
    trace: ledger.trace,
    fingerprint: ledger.fingerprint,
  };
}

async function endOf(told: Told, store: Store): Promise<Ended> {
  const key = keyOfLetter(told.letter);
  const [envelope] = await store.envelopes([key]);
  const tracks = await store.track(key.messageId);
  return {
    name: keyText(key),
    told,
    track: tracks.find((track) => keyText(track.key) === keyText(key)),
    kept: told.letter.copies.find(({ content }) => content.digest === envelope?.digest)?.content,
    promised: told.heard.length > 0,
  };
}

/** Whoever was answered was answered for good, and everybody the same. */
function judgeAnswers({ letters, ledger, find }: Evidence): void {
  for (const { name, told, track, kept, promised } of letters) {
    const { heard, conflicts, letter } = told;
    if (promised && track === undefined) find('lost', `${name} was acknowledged and is gone`);
    else if (track?.stage === 'accepted') find('lost', `${name} was kept and never decided`);
    const commits = ledger.commits.get(name)?.length ?? 0;
    if (commits > 1) find('doubled', `${name} was decided ${commits} times`);
    if (!letter.givesUp && !promised && conflicts.size === 0) find('lost', `${name} got no answer even in the end`);
    for (const { content, answer } of heard) {
      if (content !== kept) find('doubled', `${name} was taken with other bytes than those that are kept`);
      if (answer !== undefined && JSON.stringify(answer) !== JSON.stringify(track?.answer)) {
        find('broken', `${name} was answered otherwise than it was decided`);
      }
    }
    if (kept && conflicts.has(kept)) find('broken', `${name} was kept and called a conflict`);
  }
  for (const name of ledger.commits.keys()) {
    if (!letters.some((one) => one.name === name)) find('unexpected', `${name} was decided, and nobody sent it`);
  }
}
