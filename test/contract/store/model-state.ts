/** The store as simple as it can be said: lists and rules, no time and no disk. The model that implementations are held against. */
import type { Answer } from '../../../core/decision.ts';
import type { DeliveryDraft, Lease, Outcome } from '../../../core/delivery.ts';
import { type Cause, type Envelope, keyOf, keyText } from '../../../core/envelope.ts';
import type { Commit } from '../../../core/store.ts';

interface ModelMessage {
  readonly cause: Cause;
  stage: 'accepted' | 'decided' | 'dead';
  answer?: Answer;
  decidedAt?: number;
}

interface ModelDelivery {
  readonly draft: DeliveryDraft;
  readonly cause: string;
  stage: 'waiting' | 'acknowledged' | 'dead';
  attempts: number;
  next: number;
  lease?: Lease;
}

/** What happened, in words that both the model and a real store can say. */
export type Seen = string;

export class StoreModel {
  messages = new Map<string, ModelMessage>();
  readonly records = new Map<string, { version: number; value: object; tag: string }>();
  deliveries: ModelDelivery[] = [];
  readonly actions: string[] = [];
  facts = 0;

  admit(envelope: Envelope): Seen {
    const name = keyText(keyOf(envelope));
    const known = this.messages.get(name);
    if (known) {
      if (known.cause.digest !== envelope.digest) return 'conflict';
      return known.stage === 'accepted' ? 'same' : `same ${JSON.stringify(known.answer)}`;
    }
    this.messages.set(name, { cause: envelope, stage: 'accepted' });
    this.actions.push('accept');
    return 'new';
  }

  commit({ cause, body, decision, deliveries, dead, at, lease }: Commit): Seen {
    const name = keyText(keyOf(cause));
    const known = this.messages.get(name);
    if (known && known.cause.digest !== cause.digest) return 'conflict';
    if (known && known.stage !== 'accepted') return `same ${JSON.stringify(known.answer)}`;
    if (!known && !body) return 'INTERNAL';
    const writes = decision.records ?? [];
    if (writes.some(({ key, version }) => (this.records.get(key)?.version ?? 0) !== version)) return 'stale';
    for (const { key, version, value, indexes } of writes) {
      if (value === null) this.records.delete(key);
      else this.records.set(key, { version: version + 1, value, tag: String(indexes?.['tag']) });
    }
    this.messages.set(name, { cause, stage: dead ? 'dead' : 'decided', answer: decision.answer, decidedAt: at });
    this.actions.push(...decision.events.map(({ action }) => action));
    this.facts += decision.facts?.length ?? 0;
    const held: string[] = [];
    const waiting: string[] = [];
    for (const draft of deliveries) {
      const delivery: ModelDelivery = { draft, cause: name, stage: 'waiting', attempts: 0, next: at };
      this.deliveries.push(delivery);
      if (draft.mode === 'pull') continue;
      if (lease && this.#isHead(delivery)) delivery.lease = lease;
      (delivery.lease ? held : waiting).push(draft.id);
    }
    return `committed ${held} / ${waiting}`;
  }

  due(now: number): ModelDelivery[] {
    return this.deliveries.filter(
      (delivery) =>
        delivery.draft.mode === 'push' &&
        delivery.stage === 'waiting' &&
        delivery.next <= now &&
        !(delivery.lease && delivery.lease.until > now) &&
        this.#isHead(delivery),
    );
  }

  claim(lease: Lease, now: number): Seen {
    const due = this.due(now);
    for (const delivery of due) delivery.lease = lease;
    return due
      .map(({ draft, attempts }) => `${draft.id} ${attempts}`)
      .sort()
      .join();
  }

  settle(id: string, owner: string | undefined, at: number, outcome: Outcome): Seen {
    const delivery = this.deliveries.find(({ draft }) => draft.id === id);
    if (delivery?.stage !== 'waiting') return 'false';
    if (delivery.draft.mode === 'push' && (owner === undefined || delivery.lease?.owner !== owner)) return 'false';
    delete delivery.lease;
    if (outcome.kind !== 'deferred') this.actions.push('deliver');
    switch (outcome.kind) {
      case 'acknowledged':
        delivery.stage = 'acknowledged';
        break;
      case 'deferred':
        delivery.next = outcome.at;
        break;
      case 'retry':
        delivery.next = outcome.at;
        delivery.attempts++;
        break;
      case 'dead':
        delivery.stage = 'dead';
        if (outcome.notice) {
          const { cause } = delivery;
          this.deliveries.push({ draft: outcome.notice, cause, stage: 'waiting', attempts: 0, next: at });
        }
    }
    return 'true';
  }

  replay(id: string, at: number): Seen {
    const message = this.messages.get(id);
    const delivery = this.deliveries.find(({ draft }) => draft.id === id);
    if (message?.stage === 'dead') {
      message.stage = 'accepted';
      delete message.answer;
    } else if (delivery?.stage === 'dead') Object.assign(delivery, { stage: 'waiting', attempts: 0, next: at });
    else return 'false';
    this.actions.push('replay');
    return 'true';
  }

  purge(before: number): Seen {
    const done = [...this.messages].filter(
      ([name, { stage, decidedAt = before }]) =>
        stage === 'decided' &&
        decidedAt < before &&
        this.deliveries.every(({ cause, stage }) => cause !== name || stage === 'acknowledged'),
    );
    for (const [name] of done) {
      this.messages.delete(name);
      this.deliveries = this.deliveries.filter(({ cause }) => cause !== name);
    }
    return String(done.length);
  }

  #isHead({ draft: { id, lane } }: ModelDelivery): boolean {
    if (lane === null) return true;
    const first = this.deliveries.find(({ draft, stage }) => draft.lane === lane && stage === 'waiting');
    return first?.draft.id === id;
  }
}
