/** Keeps one system from taking the hub from all others: so many messages a second, across every hub process. */
import type { Party } from '../../core/party.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';

/** One look at the shared memory lets this many messages pass, so that pacing costs nothing while nobody is over. */
const BLOCK = 32;

/**
 * Milliseconds that this system must wait, 0 to go on. A burst of one second's worth is let through.
 * Where the shared memory does not answer, `local` counts for this process alone.
 */
export function createPace(
  shared: SharedMemory,
  local: SharedMemory,
  messages_perSecond: number,
): (party: Party) => number | Promise<number> {
  const credit = new Map<string, number>();
  const limit = { perSecond: messages_perSecond / BLOCK, burst: Math.max(1, Math.ceil(messages_perSecond / BLOCK)) };

  async function takeBlock(system: string): Promise<number> {
    const bucket = `pace/${system}`;
    const wait_ms = await shared.take(bucket, limit).catch(() => local.take(bucket, limit));
    if (wait_ms === 0) credit.set(system, (credit.get(system) ?? 0) + BLOCK - 1);
    return wait_ms;
  }

  return ({ systemId }) => {
    const left = credit.get(systemId) ?? 0;
    if (left === 0) return takeBlock(systemId);
    credit.set(systemId, left - 1);
    return 0;
  };
}
