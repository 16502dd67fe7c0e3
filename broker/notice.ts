/** Tells a sender that something of theirs went no further: a message the rules failed on, a delivery nobody took. */
import type { Instant } from '../core/clock.ts';
import type { DeliveryDraft } from '../core/delivery.ts';
import type { Cause } from '../core/envelope.ts';
import { ERRORS, type ErrorCode } from '../core/errors.ts';
import type { InteractionId, SystemId } from '../core/identifiers.ts';
import { guidOf } from './guid.ts';
import type { PathParts } from './parts.ts';

/** The interaction of such a notice; a system receives it without being registered for it. */
export const FAILURE_NOTICE: InteractionId = 'urn:vertebra:delivery-failure';

export interface Failure {
  /** The message that went no further, and whose it was. */
  readonly of: Pick<Cause, 'messageId' | 'conversationId'> & { readonly sender: SystemId };
  /** What makes this failure this one: the id of the delivery, or of the message. */
  readonly id: string;
  /** When the message was received, or the delivery made: the same whenever the notice is made again. */
  readonly at: Instant;
  readonly code: ErrorCode;
  readonly interaction: InteractionId;
  readonly receiver?: SystemId;
}

/** The notice, or undefined where the sender is no longer registered. */
export function failureNotice(
  failure: Failure,
  { directory }: Pick<PathParts, 'directory'>,
): DeliveryDraft | undefined {
  const sender = directory.system(failure.of.sender);
  if (sender === undefined) return undefined;
  return {
    id: guidOf(`${failure.id}#notice`, failure.at),
    receiver: sender.systemId,
    mode: sender.endpoint === undefined ? 'pull' : 'push',
    lane: null,
    interaction: FAILURE_NOTICE,
    contentType: 'application/json',
    body: JSON.stringify({
      code: failure.code,
      text: ERRORS[failure.code].text,
      messageId: failure.of.messageId,
      interaction: failure.interaction,
      ...(failure.receiver !== undefined && { receiver: failure.receiver }),
    }),
    conversationId: failure.of.conversationId,
    refToMessageId: failure.of.messageId,
    contract: directory.contract(sender.systemId, FAILURE_NOTICE),
    notice: true,
  };
}
