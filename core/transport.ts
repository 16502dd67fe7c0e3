/** The transport port: one attempt to hand a delivery to its receiver. */
import type { Delivery } from './delivery.ts';
import type { Endpoint } from './directory.ts';

export type PushResult =
  | { readonly kind: 'acknowledged' }
  /** Try again under the contract: no answer, a cut connection, any 5xx, a retryable error list. */
  | { readonly kind: 'retry'; readonly reason: string }
  /** The receiver said no for good. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Transport {
  /** One attempt, ended within the endpoint's time; never rejects. `repeated` marks any attempt but the first. */
  push(delivery: Delivery, endpoint: Endpoint, repeated: boolean): Promise<PushResult>;
  close(): Promise<void>;
}
