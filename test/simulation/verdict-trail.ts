/** The audit trail: its chain without a gap, and a line for everything that happened, none for what did not. */
import { type AuditLine, CHAIN_START, lineHash } from '../../core/audit-chain.ts';
import type { Store } from '../../core/store.ts';
import type { Evidence } from './verdict.ts';

const PAGE = 1_000;

export async function judgeTrail(evidence: Evidence, store: Store): Promise<void> {
  const { find } = evidence;
  const lines: AuditLine[] = [];
  for (let more = true; more; ) {
    const page = await store.auditLines({ after: lines.length, limit: PAGE });
    lines.push(...page);
    more = page.length === PAGE;
  }
  let previous = CHAIN_START;
  lines.forEach((line, index) => {
    if (line.seq !== index + 1) find('broken', `audit line ${line.seq} stands where ${index + 1} should`);
    if (lineHash(previous, line) !== line.hash)
      find('broken', `audit line ${line.seq} does not follow from the one before`);
    previous = line.hash;
  });
  const byMessage = Map.groupBy(lines, ({ system, messageId }) => `${system}/${messageId}`);
  judgeMessages(byMessage, evidence);
  judgeDeliveryLines(byMessage, evidence);
}

type Lines = ReadonlyMap<string, readonly AuditLine[]>;

function judgeMessages(byMessage: Lines, { letters, ledger, deliveries, find }: Evidence): void {
  for (const { name, told, track } of letters) {
    const actions = (byMessage.get(name) ?? []).map(({ action }) => action);
    const accepts = told.letter.wire === 'ebxml' && track ? ['accept'] : [];
    const [commit] = ledger.commits.get(name) ?? [];
    const expected = [...accepts, ...(commit?.decision.events.map(({ action }) => action) ?? [])];
    if (commit && commit.decision.events.length === 0) find('broken', `${name} was decided and left no line`);
    if (actions.join() !== expected.join()) {
      find('broken', `${name} left the lines ${actions.join()} and should have left ${expected.join()}`);
    }
  }
  const known = new Set([...letters.map(({ name }) => name), 'SEED/SEED']);
  for (const [id, { receiver }] of deliveries) known.add(`${receiver}/${id}`);
  for (const name of byMessage.keys())
    if (!known.has(name)) find('unexpected', `${name} has audit lines, and nobody sent it`);
}

function judgeDeliveryLines(byMessage: Lines, { deliveries, find }: Evidence): void {
  for (const [id, { receiver, stage, attempts, mode }] of deliveries) {
    const lines = byMessage.get(`${receiver}/${id}`) ?? [];
    const successes = lines.filter(({ outcome }) => outcome === 'success').length;
    const failures = lines.length - successes;
    if (successes !== (stage === 'acknowledged' ? 1 : 0))
      find('broken', `${id} is ${stage} with ${successes} lines of success`);
    if (mode === 'push' && failures !== attempts) {
      find('broken', `${id} is ${stage} after ${attempts} failed attempts, with ${failures} lines of failure`);
    }
  }
}
