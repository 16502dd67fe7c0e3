/** Hands leased deliveries to their receivers, each receiver at its own pace, and settles what came of it. */
import { nextAttempt } from '../core/contract.ts';
import type { Delivery, Outcome, Settlement } from '../core/delivery.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { SystemId } from '../core/identifiers.ts';
import type { PushResult } from '../core/transport.ts';
import { type Circuit, createCircuit } from './circuit.ts';
import { failureNotice } from './notice.ts';
import type { PathParts } from './parts.ts';

interface Receiver {
  readonly id: SystemId;
  readonly circuit: Circuit;
  readonly queue: { readonly delivery: Delivery; readonly until: number }[];
  underWay: number;
}

export interface Deliverer {
  /** Takes deliveries that this process holds until `until`. */
  take(deliveries: readonly Delivery[], until: number): void;
  /** True while this process has it in hand. */
  has(id: string): boolean;
  /** Deliveries in hand. */
  readonly depth: number;
  circuits(): { receiver: SystemId; state: Circuit['state']; waiting: number }[];
  /** Waits for attempts under way; what is queued goes back to the store. */
  stop(): Promise<void>;
}

/** @param laneFreed called when a settled delivery may let the next of its lane go */
export function createDeliverer(parts: PathParts, laneFreed: () => void): Deliverer {
  const { store, directory, clock, transport, telemetry, limits, owner } = parts;
  const receivers = new Map<SystemId, Receiver>();
  const inHand = new Set<string>();
  let settlements: { settlement: Settlement; delivery: Delivery }[] = [];
  let settling = 0;
  let stopping = false;
  const whenIdle: (() => void)[] = [];

  function receiverOf(id: SystemId): Receiver {
    let receiver = receivers.get(id);
    if (receiver === undefined) {
      receiver = { id, circuit: createCircuit(limits), queue: [], underWay: 0 };
      receivers.set(id, receiver);
    }
    return receiver;
  }

  function pump(receiver: Receiver): void {
    while (receiver.queue.length > 0 && receiver.underWay < limits.perReceiver) {
      const now = clock.now();
      const back = stopping ? now : receiver.circuit.closedUntil(now);
      if (back !== undefined) {
        for (const { delivery } of receiver.queue.splice(0)) settle(delivery, { kind: 'deferred', at: back });
        break;
      }
      const next = receiver.queue.shift();
      if (next !== undefined) void attempt(receiver, next.delivery, next.until);
    }
    if (receiver.queue.length === 0 && receiver.underWay === 0 && receiver.circuit.state === 'closed')
      receivers.delete(receiver.id);
  }

  async function attempt(receiver: Receiver, delivery: Delivery, until: number): Promise<void> {
    const endpoint = directory.system(delivery.receiver)?.endpoint;
    if (endpoint === undefined) {
      receiver.circuit.succeeded();
      settleDead(delivery, 'RECEIVER_UNKNOWN', 'the receiver has no endpoint any more');
      return;
    }
    if (clock.now() + endpoint.timeout_ms > until) {
      settle(delivery, { kind: 'deferred', at: clock.now() }); // too late under this lease: somebody takes it afresh
      return;
    }
    receiver.underWay++;
    const result = await transport.push(delivery, endpoint, delivery.attempts > 0);
    receiver.underWay--;
    conclude(receiver, delivery, result);
    pump(receiver);
  }

  function conclude(receiver: Receiver, delivery: Delivery, result: PushResult): void {
    const now = clock.now();
    switch (result.kind) {
      case 'acknowledged':
        receiver.circuit.succeeded();
        settle(delivery, { kind: 'acknowledged' });
        return;
      case 'refused':
        receiver.circuit.succeeded();
        settleDead(delivery, 'RECEIVER_REFUSED', result.reason);
        return;
      case 'retry': {
        receiver.circuit.failed(now);
        const at = nextAttempt(delivery.contract, delivery.createdAt, delivery.attempts + 1, now);
        if (at === undefined) settleDead(delivery, 'DELIVERY_EXPIRED', result.reason);
        else settle(delivery, { kind: 'retry', at, reason: result.reason });
      }
    }
  }

  /** Dead, and the sender of the message that caused it is told, unless this was such a notice itself. */
  function settleDead(delivery: Delivery, code: ErrorCode, reason: string): void {
    const { cause, conversationId, interaction, receiver } = delivery;
    const notice = delivery.notice
      ? undefined
      : failureNotice({ of: { ...cause, conversationId }, id: delivery.id, code, interaction, receiver }, parts);
    settle(delivery, { kind: 'dead', reason: `${code}: ${reason}`, ...(notice && { notice }) }, code);
  }

  function settle(delivery: Delivery, outcome: Outcome, code?: string): void {
    const settlement: Settlement = {
      id: delivery.id,
      owner,
      at: clock.now(),
      outcome,
      event: {
        action: 'deliver',
        outcome: outcome.kind === 'acknowledged' ? 'success' : 'failed',
        ...(code !== undefined && { code }),
        ...('reason' in outcome && { reason: outcome.reason }),
        entity: `message/${delivery.cause.messageId}`,
      },
    };
    if (settlements.push({ settlement, delivery }) === 1) setImmediate(() => void flush());
  }

  async function flush(): Promise<void> {
    const batch = settlements;
    settlements = [];
    settling += batch.length;
    try {
      const effective = await store.settle(batch.map(({ settlement }) => settlement));
      batch.forEach(({ settlement, delivery }, i) => {
        if (effective[i] === true) tell(settlement, delivery);
      });
    } catch (thrown) {
      // the lease runs out and the delivery is attempted again under the same id: the receiver sees a repeat
      telemetry.trouble('deliveries that could not be settled', thrown);
    }
    settling -= batch.length;
    let lanes = false;
    for (const { delivery } of batch) {
      inHand.delete(delivery.id);
      lanes ||= delivery.lane !== null;
    }
    if (lanes) laneFreed();
    if (inHand.size === 0) for (const resolve of whenIdle.splice(0)) resolve();
  }

  function tell({ outcome, at }: Settlement, delivery: Delivery): void {
    if (outcome.kind === 'deferred') return;
    telemetry.stage(outcome.kind === 'acknowledged' ? 'delivered' : outcome.kind === 'retry' ? 'retrying' : 'dead', {
      delivery: delivery.id,
      messageId: delivery.cause.messageId,
      system: delivery.receiver,
      interaction: delivery.interaction,
      attempts: delivery.attempts + 1,
      took_ms: at - delivery.createdAt,
      ...(delivery.traceparent !== undefined && { traceparent: delivery.traceparent }),
    });
  }

  return {
    take(deliveries, until) {
      for (const delivery of deliveries) {
        if (inHand.has(delivery.id)) continue;
        inHand.add(delivery.id);
        const receiver = receiverOf(delivery.receiver);
        if (receiver.queue.length >= limits.queuePerReceiver) {
          settle(delivery, { kind: 'deferred', at: clock.now() + limits.sweepEvery_ms });
          continue;
        }
        receiver.queue.push({ delivery, until });
        pump(receiver);
      }
    },
    has: (id) => inHand.has(id),
    get depth() {
      return inHand.size;
    },
    circuits: () =>
      [...receivers.values()].map(({ id, circuit, queue }) => ({
        receiver: id,
        state: circuit.state,
        waiting: queue.length,
      })),
    async stop() {
      stopping = true;
      for (const receiver of [...receivers.values()]) pump(receiver);
      if (inHand.size > 0 || settling > 0) await new Promise<void>((resolve) => whenIdle.push(resolve));
    },
  };
}
