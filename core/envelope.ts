/** A message as the hub holds it: who sent what, under which identifiers, and the bytes. */

import type { Actor } from './audit-chain.ts';
import type { Instant } from './clock.ts';
import type { InteractionId, SystemId } from './identifiers.ts';
import type { Party, Person } from './party.ts';

export type Wire = 'ebxml' | 'fhir' | 'xml' | 'hub';

/** One sender's id for one message: the unit of "has one effect". */
export interface MessageKey {
  readonly sender: SystemId;
  /** The sender's transport id: eb:MessageId, or X-Request-ID, in capitals. */
  readonly messageId: string;
}

/** Everything about a message but its bytes: what a decision is taken for. */
export interface Cause {
  readonly messageId: string;
  readonly sender: Party;
  readonly person?: Person;
  readonly interaction: InteractionId;
  readonly wire: Wire;
  readonly conversationId: string;
  readonly correlationId?: string;
  /** The message this one answers. */
  readonly refToMessageId?: string;
  /** What the path, the query string and the protocol's headers said, by name. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly receivedAt: Instant;
  readonly contentType: string;
  /** SHA-256, hex, of the bytes received with the method and path: the same id with another digest is a conflict. */
  readonly digest: string;
  /** W3C trace context of the request, carried to every later step. */
  readonly traceparent?: string;
}

export interface Envelope extends Cause {
  /** The part that the interaction reads: an HL7 payload, a FHIR resource. Empty for a GET. */
  readonly body: Uint8Array;
}

export const keyOf = (cause: Cause): MessageKey => ({ sender: cause.sender.systemId, messageId: cause.messageId });

/** `sender/messageId`, the key as one string. */
export const keyText = (key: MessageKey): string => `${key.sender}/${key.messageId}`;

/** Who an audit line about this message names. */
export function actorOf(cause: Cause): Actor {
  return {
    system: cause.sender.systemId,
    ods: cause.person?.ods ?? cause.sender.ods,
    ...(cause.person && { user: cause.person.userId, role: cause.person.role }),
    messageId: cause.messageId,
    interaction: cause.interaction,
  };
}
