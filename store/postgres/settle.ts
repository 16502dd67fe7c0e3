/** What became of deliveries, and dead letters put back. */
import type { Actor } from '../../core/audit-chain.ts';
import type { Instant } from '../../core/clock.ts';
import type { Settlement } from '../../core/delivery.ts';
import type { MessageKey } from '../../core/envelope.ts';
import { addDelivery, type PreparedDraft, prepareDraft } from './commit.ts';
import { checkText, cleanText } from './faults.ts';
import type { DeliveryState, Ledger, Operation } from './ledger.ts';

interface PreparedSettlement {
  readonly settlement: Settlement;
  readonly notice: PreparedDraft | undefined;
}

function prepare(settlement: Settlement): PreparedSettlement {
  const { outcome, event } = settlement;
  checkText(settlement.id, event.patient);
  return {
    settlement,
    notice: outcome.kind === 'dead' && outcome.notice ? prepareDraft(outcome.notice) : undefined,
  };
}

function end(ledger: Ledger, delivery: DeliveryState, stage: 'acknowledged' | 'dead', at: Instant): void {
  delivery.stage = stage;
  delivery.settledAt = at;
  ledger.head.undelivered--;
  ledger.waits(delivery.lane, -1);
  if (delivery.lane !== null) ledger.movedLanes.add(delivery.lane);
}

/** True when it took effect: still waiting, and a push one still held by this owner. */
function settleOne(ledger: Ledger, { settlement, notice }: PreparedSettlement): boolean {
  const { id, owner, at, outcome, event } = settlement;
  const delivery = ledger.deliveries.get(id);
  if (delivery === undefined || delivery.stage !== 'waiting') return false;
  if (delivery.mode === 'push' && (owner === undefined || delivery.owner !== owner)) return false;
  delivery.owner = null;
  delivery.changed = true;
  switch (outcome.kind) {
    case 'acknowledged':
      end(ledger, delivery, 'acknowledged', at);
      delivery.reason = null;
      break;
    case 'retry':
      delivery.attempts++;
      delivery.dueAt = outcome.at;
      delivery.reason = cleanText(outcome.reason);
      break;
    case 'deferred':
      delivery.dueAt = outcome.at;
      return true;
    case 'dead':
      delivery.attempts++;
      end(ledger, delivery, 'dead', at);
      ledger.head.dead++;
      delivery.reason = cleanText(outcome.reason);
      if (notice) addDelivery(ledger, notice, delivery.cause, at);
      break;
  }
  ledger.write({ system: delivery.receiver, messageId: id, interaction: delivery.interaction }, at, [event]);
  return true;
}

export function settleOperation(settlements: readonly Settlement[]): Operation<boolean[]> {
  const prepared = settlements.map(prepare);
  return {
    weight: settlements.length * 200,
    want(wanted) {
      for (const { settlement, notice } of prepared) {
        wanted.deliveries.add(settlement.id);
        if (notice?.draft.lane) wanted.lanes.add(notice.draft.lane);
      }
    },
    apply: (ledger) => prepared.map((each) => settleOne(ledger, each)),
  };
}

/** The message that a dead letter's id names, where it has that form. */
export function letterKey(id: string): MessageKey | undefined {
  const slash = id.indexOf('/');
  return slash < 0 ? undefined : { sender: id.slice(0, slash), messageId: id.slice(slash + 1) };
}

function revive(ledger: Ledger, id: string, at: Instant): boolean {
  const key = letterKey(id);
  const message = key && ledger.message(key);
  if (message?.stage === 'dead') {
    Object.assign(message, { stage: 'accepted', answer: null, decidedAt: null, reason: null, changed: true });
    ledger.head.undecided++;
    ledger.head.dead--;
    return true;
  }
  const delivery = ledger.deliveries.get(id);
  if (delivery?.stage !== 'dead') return false;
  Object.assign(delivery, { stage: 'waiting', attempts: 0, createdAt: at, dueAt: at, owner: null });
  Object.assign(delivery, { settledAt: null, reason: null, changed: true });
  ledger.head.undelivered++;
  ledger.head.dead--;
  ledger.waits(delivery.lane, 1);
  if (delivery.lane !== null) {
    ledger.movedLanes.add(delivery.lane);
    ledger.revivedLanes.add(delivery.lane);
  }
  return true;
}

export function replayOperation(id: string, actor: Actor, at: Instant): Operation<boolean> {
  checkText(id);
  const key = letterKey(id);
  return {
    weight: 200,
    want(wanted) {
      wanted.deliveries.add(id);
      if (key) wanted.message(key);
    },
    apply(ledger) {
      const revived = revive(ledger, id, at);
      if (revived) ledger.write(actor, at, [{ action: 'replay', outcome: 'success', entity: `dead-letter/${id}` }]);
      return revived;
    },
  };
}
