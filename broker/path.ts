/**
 * The message path: accept -> dispatch -> decide -> deliver -> settle | dead-letter, and the sweep that starts again
 * whatever a crash or a lost broker left unfinished.
 */
import type { WorkHandler } from '../core/broker.ts';
import { deadline } from '../core/deadline.ts';
import type { Answer } from '../core/decision.ts';
import { type Envelope, keyOf, keyText } from '../core/envelope.ts';
import { HubError } from '../core/errors.ts';
import { bury, type Decided, decide, readMessage } from './decide.ts';
import { createDeliverer, type Deliverer } from './deliver.ts';
import { createGate, type Gate } from './gate.ts';
import type { PathParts } from './parts.ts';
import { createRemembered } from './remembered.ts';

export interface Accepted {
  /** True when this very message was accepted before. */
  readonly repeated: boolean;
  /** The first answer, where there is one already. */
  readonly answer?: Answer;
}

export interface MessagePath {
  /** Keeps a message before its sender is answered; what it means is decided afterwards. */
  accept(envelope: Envelope, message: unknown): Promise<Accepted>;
  /** Decides a message while its sender waits; kept with its answer in one transaction. */
  answer(envelope: Envelope, message: unknown): Promise<Answer>;
  readonly gate: Gate;
  readonly deliverer: Deliverer;
  start(): Promise<void>;
  stop(within_ms: number): Promise<void>;
}

const SWEEP_LIMIT = 500;

export function createMessagePath(parts: PathParts & { readonly folder?: string }): MessagePath {
  const { store, broker, clock, telemetry, limits, owner } = parts;
  const deliverer = createDeliverer(parts, () => sweepSoon());
  const gate = createGate({ ...parts, depth: () => broker.depth + deliverer.depth });
  const deciding = new Set<string>();
  const remembered = createRemembered(limits.remembered_bytes);
  let stopped = false;
  let sweeping = false;
  let again = false;
  let cancelSweep: (() => void) | undefined;

  /** True while this process has room to deliver what it decides; otherwise others are asked through the broker. */
  const holds = (): boolean => broker.local || deliverer.depth < limits.holdAtMost;

  function onward(decided: Decided): void {
    deliverer.take(decided.held, decided.heldUntil);
    // those that wait behind others of their lane are found by the sweep when their turn comes
    const free = broker.local ? [] : decided.waiting;
    if (free.length > 0) broker.dispatch(free.map((ref) => ({ kind: 'deliver', ref })));
  }

  async function decideAdmitted(envelope: Envelope, known: { message?: unknown }): Promise<void> {
    const name = keyText(keyOf(envelope));
    if (deciding.has(name)) return;
    deciding.add(name);
    try {
      let decided: Decided;
      try {
        const message = 'message' in known ? known.message : readMessage(envelope, parts);
        decided = await decide(envelope, { admitted: true, message, hold: holds() }, parts);
      } catch (thrown) {
        if (thrown instanceof HubError && thrown.entry.blame === 'hub' && thrown.code !== 'INTERNAL') throw thrown;
        decided = await bury(envelope, thrown, parts);
      }
      onward(decided);
    } catch (thrown) {
      telemetry.trouble('a message left for the next sweep', thrown, { messageId: envelope.messageId });
    } finally {
      deciding.delete(name);
    }
  }

  const handler: WorkHandler = {
    async handle(batch) {
      const decisions: Promise<void>[] = [];
      const keys = [];
      const claims: string[] = [];
      for (const work of batch) {
        if (work.kind === 'decide') {
          const known = work.envelope === undefined ? remembered.take(work.key) : { ...work, envelope: work.envelope };
          if (known === undefined) keys.push(work.key);
          else decisions.push(decideAdmitted(known.envelope, 'message' in known ? { message: known.message } : {}));
        } else if (work.delivery !== undefined) deliverer.take([work.delivery], clock.now() + limits.lease_ms);
        else if (!deliverer.has(work.ref.id)) claims.push(work.ref.id);
      }
      try {
        if (keys.length > 0) {
          for (const envelope of await store.envelopes(keys)) decisions.push(decideAdmitted(envelope, {}));
        }
        if (claims.length > 0) {
          const now = clock.now();
          const until = now + limits.lease_ms;
          deliverer.take(await store.claim({ lease: { owner, until }, now, limit: claims.length, ids: claims }), until);
        }
      } catch (thrown) {
        telemetry.trouble('work left for the next sweep', thrown);
      }
      await Promise.all(decisions);
    },
  };

  async function sweep(): Promise<void> {
    if (sweeping) {
      again = true;
      return;
    }
    sweeping = true;
    try {
      const now = clock.now();
      const due = await store.due({ now, limit: SWEEP_LIMIT });
      const fresh = due.filter(({ id }) => !deliverer.has(id));
      if (fresh.length > 0) broker.dispatch(fresh.map((ref) => ({ kind: 'deliver', ref })));
      if (fresh.length === SWEEP_LIMIT) again = true;
      const undecided = await store.undecided({ before: now - limits.undecidedAfter_ms, limit: SWEEP_LIMIT });
      const left = undecided.map(keyOf).filter((key) => !deciding.has(keyText(key)));
      if (left.length > 0) broker.dispatch(left.map((key) => ({ kind: 'decide', key })));
    } catch (thrown) {
      telemetry.trouble('a sweep that could not look', thrown);
    }
    sweeping = false;
    schedule(again ? 5 : limits.sweepEvery_ms);
    again = false;
  }

  function schedule(after_ms: number): void {
    cancelSweep?.();
    if (!stopped) cancelSweep = clock.timer(after_ms, () => void sweep());
  }

  function sweepSoon(): void {
    if (sweeping) again = true;
    else schedule(1);
  }

  return {
    gate,
    deliverer,

    async accept(envelope, message) {
      gate.check();
      const admission = await store.admit(envelope);
      switch (admission.kind) {
        case 'conflict':
          throw new HubError('MESSAGE_ID_REUSED', { key: keyOf(envelope) });
        case 'same':
          return { repeated: true, ...(admission.answer && { answer: admission.answer }) };
        case 'new':
          if (!broker.local) remembered.put(envelope, message);
          broker.dispatch([{ kind: 'decide', key: keyOf(envelope), envelope, message }]);
          return { repeated: false };
      }
    },

    async answer(envelope, message) {
      gate.check();
      const decided = await decide(envelope, { admitted: false, message, hold: holds() }, parts);
      onward(decided);
      return decided.answer;
    },

    async start() {
      await broker.start(handler);
      gate.start();
      const undecided = await store.undecided({ before: clock.now() + 1, limit: SWEEP_LIMIT });
      if (undecided.length > 0) broker.dispatch(undecided.map((cause) => ({ kind: 'decide', key: keyOf(cause) })));
      schedule(1);
    },

    async stop(within_ms) {
      gate.stop();
      stopped = true;
      cancelSweep?.();
      const half_ms = within_ms / 2;
      await broker.stop(half_ms);
      await deadline(deliverer.stop(), half_ms, 'deliveries under way').catch(() => undefined);
    },
  };
}
