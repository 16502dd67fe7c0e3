/** The steps that stories about deliveries are told in: decide, claim, settle, each in a line. */
import type { DeliveryDraft } from '../../../core/delivery.ts';
import type { Committed, Store } from '../../../core/store.ts';
import { commitWhole, deliveryId, message, START, settlement } from './samples.ts';

/** When the stories' decisions are taken. */
export const AT = START + 1_000;
export const ACKNOWLEDGED = { kind: 'acknowledged' } as const;
export const ids = (...numbers: number[]): string[] => numbers.map(deliveryId);
export const heldIds = (committed: Committed): string[] =>
  committed.kind === 'committed' ? committed.held.map(({ id }) => id) : [];
export const waitingIds = (committed: Committed): string[] =>
  committed.kind === 'committed' ? committed.waiting.map(({ id }) => id) : [];

export function deliverySteps(store: () => Store) {
  return {
    /** A decision on the message with this number that sends these. */
    send: (number: number, deliveries: readonly DeliveryDraft[], at = AT, lease?: { owner: string; until: number }) =>
      store().commit(commitWhole(message(number), { deliveries, extra: { at, ...(lease && { lease }) } })),
    /** The ids that this owner got. */
    claim: async (owner: string, now: number, extra: { limit?: number; ids?: string[]; until?: number } = {}) => {
      const { until = now + 10_000, limit = 100, ids } = extra;
      const held = await store().claim({ lease: { owner, until }, now, limit, ...(ids && { ids }) });
      return held.map(({ id }) => id);
    },
    due: async (now: number, limit = 100) => (await store().due({ now, limit })).map(({ id }) => id),
    settle: (...settlements: Parameters<typeof settlement>[]) =>
      store().settle(settlements.map((each) => settlement(...each))),
  };
}
