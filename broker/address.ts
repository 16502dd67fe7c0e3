/** Puts an outgoing message under its contract: to whom, pushed or held for collection, in which lane. */
import type { Outgoing } from '../core/decision.ts';
import type { DeliveryDraft } from '../core/delivery.ts';
import type { Cause } from '../core/envelope.ts';
import { guidFor } from './guid.ts';
import type { PathParts } from './parts.ts';

/** Ids of deliveries count from here, apart from those that rules take with `context.id`. */
const DELIVERY_NUMBERS = 1_000_000;

export function address(
  outgoing: Outgoing,
  number: number,
  cause: Cause,
  { directory }: Pick<PathParts, 'directory'>,
): DeliveryDraft {
  const contract = directory.contract(outgoing.to, outgoing.interaction);
  const endpoint = directory.system(outgoing.to)?.endpoint;
  return {
    id: guidFor(cause, DELIVERY_NUMBERS + number),
    receiver: outgoing.to,
    mode: endpoint === undefined ? 'pull' : 'push',
    lane: laneOf(outgoing, contract.order),
    interaction: outgoing.interaction,
    contentType: outgoing.contentType,
    body: outgoing.body,
    conversationId: outgoing.conversationId ?? cause.conversationId,
    ...(outgoing.refToMessageId !== undefined && { refToMessageId: outgoing.refToMessageId }),
    ...(outgoing.subject !== undefined && { subject: outgoing.subject }),
    contract,
    ...(cause.traceparent !== undefined && { traceparent: cause.traceparent }),
    notice: false,
  };
}

function laneOf(outgoing: Outgoing, order: 'none' | 'receiver' | 'key'): string | null {
  if (order === 'receiver') return outgoing.to;
  if (order === 'key' && outgoing.orderKey !== undefined) return `${outgoing.to}/${outgoing.orderKey}`;
  return null;
}
