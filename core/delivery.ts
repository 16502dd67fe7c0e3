/** A message on its way to one receiver: push (the hub posts it) and pull (a mailbox) settle the same delivery. */
import type { Instant } from './clock.ts';
import type { Contract } from './contract.ts';
import type { AuditEvent } from './decision.ts';
import type { MessageKey } from './envelope.ts';
import type { InteractionId, SystemId } from './identifiers.ts';

export interface DeliveryDraft {
  /** The hub's own message id for it, a GUID in capitals: the same on every attempt. */
  readonly id: string;
  readonly receiver: SystemId;
  readonly mode: 'push' | 'pull';
  /** Deliveries of one lane are taken one at a time in order; null runs beside everything. */
  readonly lane: string | null;
  readonly interaction: InteractionId;
  readonly contentType: string;
  readonly body: string;
  readonly conversationId: string;
  readonly refToMessageId?: string;
  readonly subject?: string;
  readonly contract: Contract;
  readonly traceparent?: string;
  /** True for a failure notice: when it dies itself, nobody is told again. */
  readonly notice: boolean;
}

export interface Delivery extends DeliveryDraft {
  /** The message that caused it. */
  readonly cause: MessageKey;
  readonly createdAt: Instant;
  /** Failed attempts so far. */
  readonly attempts: number;
}

/** Who holds a delivery and until when; after that anybody may take it again. */
export interface Lease {
  readonly owner: string;
  readonly until: Instant;
}

export type Outcome =
  /** The receiver has it: the end. */
  | { readonly kind: 'acknowledged' }
  /** An attempt failed; try again then. */
  | { readonly kind: 'retry'; readonly at: Instant; readonly reason: string }
  /** No attempt was made (circuit open, no room): try then, count nothing. */
  | { readonly kind: 'deferred'; readonly at: Instant }
  /** Given up, the last attempt counted: dead-lettered with its reason, and `notice` tells the sender. */
  | { readonly kind: 'dead'; readonly reason: string; readonly notice?: DeliveryDraft };

export interface Settlement {
  readonly id: string;
  /** Must still hold the lease, or the settlement does nothing (pull settlements hold none). */
  readonly owner?: string;
  readonly at: Instant;
  readonly outcome: Outcome;
  readonly event: AuditEvent;
}

export interface DeadLetter {
  readonly id: string;
  readonly kind: 'delivery' | 'message';
  readonly receiver: SystemId;
  readonly interaction: InteractionId;
  readonly cause: MessageKey;
  readonly reason: string;
  readonly diedAt: Instant;
  readonly attempts: number;
}
