/** What the hub says of itself while it works: one call for each change of stage; never a body, a patient or a key. */
import type { InteractionId, SystemId } from './identifiers.ts';

export type Stage =
  | 'accepted'
  | 'repeated'
  | 'refused'
  | 'decided'
  | 'delivered'
  | 'collected'
  | 'retrying'
  | 'dead'
  | 'replayed';

export interface StageFields {
  readonly messageId?: string;
  readonly system?: SystemId;
  readonly interaction?: InteractionId;
  readonly code?: string;
  readonly delivery?: string;
  readonly attempts?: number;
  /** Since the message was received or the delivery made. */
  readonly took_ms?: number;
  readonly traceparent?: string;
}

export interface Telemetry {
  stage(stage: Stage, fields: StageFields): void;
  /** Something that should not be: for the operator's log, with its cause. */
  trouble(what: string, error: unknown, fields?: StageFields): void;
}

export const silentTelemetry: Telemetry = { stage: () => undefined, trouble: () => undefined };
