/** Hands leased deliveries to their receivers, each receiver at its own pace, and settles what came of it. */
import { nextAttempt } from '../core/contract.ts';
import type { Delivery, Outcome, Settlement } from '../core/delivery.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { SystemId } from '../core/identifiers.ts';
import type { PushResult } from '../core/transport.ts';
import { type Circuit, createCircuit } from './circuit.ts';
import { failureNotice } from './notice.ts';
import type { PathParts } from './parts.ts';

/** A store that could not take a settlement is asked again after so long. */
const SETTLE_AGAIN_ms = 500;

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
      const first = receiver.queue[0];
      if (first !== undefined && !stopping && now + timeOf(first.delivery) > first.until) {
        // too late under this lease: somebody takes it afresh. Asked before the circuit, whose one trial must be made.
        receiver.queue.shift();
        giveBack(first.delivery, first.until, now);
        continue;
      }
      const back = stopping ? now : receiver.circuit.closedUntil(now);
      if (back !== undefined) {
        for (const { delivery, until } of receiver.queue.splice(0)) giveBack(delivery, until, back);
        break;
      }
      const next = receiver.queue.shift();
      if (next !== undefined) void attempt(receiver, next.delivery);
    }
    if (receiver.queue.length === 0 && receiver.underWay === 0 && receiver.circuit.state === 'closed')
      receivers.delete(receiver.id);
  }

  /** An attempt must end while the lease holds, however long the receiver's registration lets it take. */
  const timeOf = (delivery: Delivery): number =>
    Math.min(directory.system(delivery.receiver)?.endpoint?.timeout_ms ?? 0, limits.lease_ms / 2);

  async function attempt(receiver: Receiver, delivery: Delivery): Promise<void> {
    const system = directory.system(delivery.receiver);
    if (system?.endpoint === undefined || system.status === 'revoked') {
      receiver.circuit.succeeded();
      settleDead(
        delivery,
        'RECEIVER_UNKNOWN',
        system?.endpoint ? 'the receiver is revoked' : 'the receiver has no endpoint any more',
      );
      return;
    }
    if (system.status === 'suspended') {
      receiver.circuit.succeeded();
      waitForResumption(delivery);
      return;
    }
    const endpoint = { ...system.endpoint, timeout_ms: timeOf(delivery) };
    receiver.underWay++;
    const result = await transport.push(delivery, endpoint, delivery.attempts > 0);
    receiver.underWay--;
    conclude(receiver, delivery, result);
    pump(receiver);
  }

  /** What is on its way to a suspended system waits, as long as its contract lets it. */
  function waitForResumption(delivery: Delivery): void {
    const at = clock.now() + limits.circuitOpenMost_ms;
    if (at > delivery.createdAt + delivery.contract.persistDuration_ms)
      settleDead(delivery, 'DELIVERY_EXPIRED', 'the receiver is suspended');
    else settle(delivery, { kind: 'deferred', at });
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
      : failureNotice(
          { of: { ...cause, conversationId }, id: delivery.id, at: delivery.createdAt, code, interaction, receiver },
          parts,
        );
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
    let batch = settlements;
    settlements = [];
    settling += batch.length;
    try {
      const effective = await store.settle(batch.map(({ settlement }) => settlement));
      batch.forEach(({ settlement, delivery }, i) => {
        if (effective[i] === true) tell(settlement, delivery);
      });
    } catch (thrown) {
      telemetry.trouble('deliveries that could not be settled', thrown);
      const now = clock.now();
      // asked again while the lease holds; after that each is attempted again under its id, and the receiver sees a repeat
      const kept = stopping ? [] : batch.filter(({ settlement }) => now < settlement.at + limits.lease_ms);
      if (kept.length > 0) {
        clock.timer(SETTLE_AGAIN_ms, () => {
          if (settlements.push(...kept) === kept.length) void flush();
        });
        batch = batch.filter((one) => !kept.includes(one));
        settling -= kept.length;
      }
    }
    settling -= batch.length;
    letGo(batch.map(({ delivery }) => delivery));
  }

  /** A lease that has run out is not ours to give back: by now it may be another's, or a later one of our own. */
  function giveBack(delivery: Delivery, until: number, at: number): void {
    if (clock.now() < until) settle(delivery, { kind: 'deferred', at });
    else letGo([delivery]);
  }

  function letGo(deliveries: readonly Delivery[]): void {
    for (const { id } of deliveries) inHand.delete(id);
    if (deliveries.some(({ lane }) => lane !== null)) laneFreed();
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
          giveBack(delivery, until, clock.now() + limits.sweepEvery_ms);
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
