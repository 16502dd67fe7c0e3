/** Finds where the chain stands without reading it whole: its numbers have no gap, so the end can be closed in on. */
import type { AuditLine } from '../core/audit-chain.ts';
import type { Store } from '../core/store.ts';

/** The last line after `from`, or undefined where there is none. Some twenty look-ups for a million lines. */
export async function lastLine(store: Pick<Store, 'auditLines'>, from: number): Promise<AuditLine | undefined> {
  const after = async (seq: number): Promise<AuditLine | undefined> =>
    (await store.auditLines({ after: seq, limit: 1 }))[0];
  let last = await after(from);
  if (last === undefined) return undefined;
  let step = 1;
  for (;;) {
    const further = await after(last.seq + step - 1);
    if (further === undefined) break;
    last = further;
    step *= 2;
  }
  // the end lies between the last line seen and `step` further on
  for (step = Math.floor(step / 2); step >= 1; step = Math.floor(step / 2)) {
    const further = await after(last.seq + step - 1);
    if (further !== undefined) last = further;
  }
  return last;
}
