/** The broker port: it moves work to whoever does it. The store is the truth; losing the broker's memory loses nothing. */
import type { Instant } from './clock.ts';
import type { Delivery } from './delivery.ts';
import type { Envelope, MessageKey } from './envelope.ts';
import type { InteractionId, OdsCode, SystemId } from './identifiers.ts';
import type { DeliveryRef } from './store.ts';

export type Work =
  | {
      readonly kind: 'decide';
      readonly key: MessageKey;
      /** The message itself, when it is handed on within one process. */
      readonly envelope?: Envelope;
      /** What the interaction read from it, so that it is not read twice. */
      readonly message?: unknown;
    }
  | {
      readonly kind: 'deliver';
      readonly ref: DeliveryRef;
      /** The delivery itself, already leased, when it is handed on within one process. */
      readonly delivery?: Delivery;
    };

/** What a service outside the hub may learn of a message: who and what, never about whom. */
export interface DecidedNotice {
  readonly messageId: string;
  readonly sender: SystemId;
  readonly ods: OdsCode;
  readonly interaction: InteractionId;
  readonly at: Instant;
  readonly outcome: 'accepted' | 'refused';
}

export interface WorkHandler {
  /** Called with a batch; resolves when the batch is done or safely given back to the store. Never rejects. */
  handle(batch: readonly Work[]): Promise<void>;
}

export interface Broker {
  /** True when work given to `dispatch` is done by this very process: commits then take the lease at once. */
  readonly local: boolean;
  start(handler: WorkHandler): Promise<void>;
  /** Hands work on. Best effort: what is lost here, the recovery sweep finds again in the store. */
  dispatch(work: readonly Work[]): void;
  /** Tells whoever listens that a message was decided: metadata only, best effort. */
  announce(notice: DecidedNotice): void;
  /** Work given but not yet handled here. */
  readonly depth: number;
  healthy(): boolean;
  /** Stops taking work and waits for what is in hand, at most so long. */
  stop(within_ms: number): Promise<void>;
}
