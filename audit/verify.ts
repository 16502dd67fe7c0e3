/** Reads the whole trail again and says whether anything in it, or in its signed heads, was changed afterwards. */
import { type AuditLine, CHAIN_START, lineHash } from '../core/audit-chain.ts';
import { type HeadsFile, type SignedHead, signatureChecker } from './heads-file.ts';

export interface Problem {
  /** The line where it shows; 0 for what is about the heads file as a whole. */
  readonly seq: number;
  readonly what: string;
}

export interface Verification {
  /** True when nothing was found: see README.md for what cannot be found. */
  readonly ok: boolean;
  readonly lines: number;
  readonly heads: number;
  /** The last line that a good signature covers. */
  readonly signed: number;
  /** In order of their lines, at most 1,000. */
  readonly problems: readonly Problem[];
  /** What proves nothing by itself but should be known. */
  readonly notes: readonly string[];
}

export interface VerifyParts {
  /** The lines after a sequence number, in the order they lie in. */
  lines(after: number, limit: number): Promise<readonly AuditLine[]>;
  readonly heads: HeadsFile;
  /** A copy of heads.jsonl that was kept elsewhere, and the public key that was: what a thief of the data folder cannot reach. */
  readonly copy?: Omit<HeadsFile, 'publicKeyPem'>;
  readonly publicKeyPem?: string;
  /** Called with the number of lines read so far. */
  readonly onProgress?: (lines: number) => void;
}

const PAGE = 500;
const MOST_PROBLEMS = 1_000;
/** Lines in a row that cannot be read before it is the store that fails, not the lines. */
const MOST_UNREADABLE = 3;

/**
 * Finds a line that was edited, removed, added or put in another place, a trail cut short of a signed head, and heads that
 * contradict the trail, each other or their key. Rejects where the store does not answer.
 */
export async function verifyTrail(parts: VerifyParts): Promise<Verification> {
  const found: Problem[] = [];
  const note = (seq: number, what: string): void => {
    if (found.length < MOST_PROBLEMS) found.push({ seq, what });
  };
  const publicKeyPem = parts.publicKeyPem ?? parts.heads.publicKeyPem;
  const own = goodHeads(parts.heads, publicKeyPem, 'heads.jsonl', note);
  const copied = parts.copy === undefined ? [] : goodHeads(parts.copy, publicKeyPem, 'the copy', note);
  if (parts.copy !== undefined) compareCopy(parts.heads, parts.copy, note);

  const expected = new Map<number, SignedHead[]>();
  for (const head of [...own, ...copied]) expected.set(head.seq, [...(expected.get(head.seq) ?? []), head]);
  const trail = await readTrail(parts, expected, note);

  let signed = 0;
  for (const { seq } of own) signed = Math.max(signed, Math.min(seq, trail.last));
  for (const seq of new Set([...own, ...copied].map((head) => head.seq)))
    if (seq > trail.last) note(seq, `a signed head stands here, but the trail ends at line ${trail.last}: it was cut`);

  return {
    ok: found.length === 0,
    lines: trail.count,
    heads: own.length,
    signed,
    problems: found.sort((a, b) => a.seq - b.seq),
    notes: notesOn(parts.heads, trail, signed),
  };
}

type Note = (seq: number, what: string) => void;

interface Trail {
  readonly count: number;
  /** The highest sequence number that was read. */
  readonly last: number;
}

async function readTrail(
  parts: VerifyParts,
  expected: ReadonlyMap<number, readonly SignedHead[]>,
  note: Note,
): Promise<Trail> {
  let previous: string | undefined = CHAIN_START;
  let last = 0;
  let count = 0;

  function check(line: AuditLine): void {
    count++;
    if (line.seq <= last) {
      note(line.seq, 'the line is out of its order, or there twice');
      previous = undefined;
      return;
    }
    if (line.seq > last + 1) {
      note(last + 1, missing(last + 1, line.seq - 1));
      previous = undefined;
    }
    // after a break nothing is known of the line before: the chain is taken up again here
    if (previous !== undefined && lineHash(previous, line) !== line.hash)
      note(line.seq, 'the line does not follow from the one before it: one of the two was changed');
    for (const head of expected.get(line.seq) ?? [])
      if (head.hash !== line.hash)
        note(line.seq, `the line is not the one that was signed at ${head.at}: it, or one before it, was changed`);
    previous = line.hash;
    last = line.seq;
  }

  const read = createReader(parts, (seq) => {
    note(seq, 'the line cannot be read');
    previous = undefined;
    last = Math.max(last, seq);
  });
  for (;;) {
    const page = await read();
    page.forEach(check);
    if (page.length > 0) parts.onProgress?.(count);
    else return { count, last };
  }
}

const missing = (from: number, to: number): string =>
  from === to ? 'the line is missing' : `the lines ${from} to ${to} are missing`;

/** Pages of the trail; a page that cannot be read is read a line at a time. */
function createReader({ lines }: VerifyParts, unreadable: (seq: number) => void): () => Promise<readonly AuditLine[]> {
  let after = 0;
  let singly = 0;

  async function one(): Promise<readonly AuditLine[]> {
    for (let skipped = 0; ; skipped++) {
      try {
        return await lines(after, 1);
      } catch (cause) {
        if (skipped >= MOST_UNREADABLE) throw cause;
        await lines(after + 1, 1).catch(() => {
          if (skipped + 1 >= MOST_UNREADABLE) throw cause;
        });
        after += 1;
        unreadable(after);
      }
    }
  }

  return async () => {
    let page: readonly AuditLine[];
    if (singly > 0) {
      singly--;
      page = await one();
    } else {
      try {
        page = await lines(after, PAGE);
      } catch {
        singly = PAGE;
        page = await one();
      }
    }
    const inOrder = page.every((line, index) => line.seq > (page[index - 1]?.seq ?? after));
    const end = page.at(-1)?.seq ?? after;
    // a number that was changed must not lead past lines that are there
    after = inOrder && end <= after + 2 * PAGE ? end : after + page.length;
    return page;
  };
}

/** Those that may be held against the trail; what is wrong with the others is noted. */
function goodHeads(
  { entries }: Omit<HeadsFile, 'publicKeyPem'>,
  publicKeyPem: string | undefined,
  where: string,
  note: Note,
): SignedHead[] {
  if (entries.length === 0) return [];
  if (publicKeyPem === undefined) {
    note(0, `the public key of ${where} is missing, so no signature can be checked`);
    return [];
  }
  const isGood = signatureChecker(publicKeyPem);
  const good: SignedHead[] = [];
  let before: { digest: string; seq: number } = { digest: '', seq: 0 };
  for (const { head, digest, number } of entries) {
    if (head === undefined) note(0, `line ${number} of ${where} cannot be read`);
    else {
      if (head.previous !== before.digest)
        note(head.seq, `the head in line ${number} of ${where} names another before it: heads were removed or changed`);
      if (head.seq <= before.seq) note(head.seq, `the head in line ${number} of ${where} is out of its order`);
      if (isGood(head)) good.push(head);
      else note(head.seq, `the signature of the head in line ${number} of ${where} is not good`);
    }
    before = { digest, seq: head?.seq ?? before.seq };
  }
  return good;
}

/** The file must begin with the whole of its own copy. */
function compareCopy(heads: HeadsFile, copy: Omit<HeadsFile, 'publicKeyPem'>, note: Note): void {
  for (const [index, entry] of copy.entries.entries()) {
    const here = heads.entries[index];
    if (here?.digest === entry.digest) continue;
    const what =
      here === undefined ? 'is not in heads.jsonl any more: it was cut' : 'differs from the one in heads.jsonl';
    note(entry.head?.seq ?? 0, `the head in line ${entry.number} of the copy ${what}`);
    return;
  }
}

function notesOn(heads: HeadsFile, trail: Trail, signed: number): string[] {
  const notes: string[] = [];
  if (heads.entries.length === 0 && trail.count > 0)
    notes.push('There are no signed heads: a trail written anew from its beginning would not show.');
  else if (trail.last > signed)
    notes.push(`${trail.last - signed} lines after the last signed head are proved by their order alone.`);
  if (heads.torn) notes.push('heads.jsonl ends in the middle of a line: a process died while it signed.');
  return notes;
}
