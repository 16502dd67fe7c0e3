/** Random stories told to a store and to the model: whatever happens, both must say the same. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Lease, Outcome } from '../../../core/delivery.ts';
import { keyOf, keyText } from '../../../core/envelope.ts';
import { HubError } from '../../../core/errors.ts';
import type { Commit, Store } from '../../../core/store.ts';
import { readChain } from './audit.ts';
import { type Seen, StoreModel } from './model-state.ts';
import { type Step, step } from './model-steps.ts';
import type { OpenStore } from './opened-store.ts';
import { commitOf, deliveryId, draft, HOSPITAL, message, PHARMACY, party, START, settlement } from './samples.ts';

/** A result, or the code of the refusal, in one line. */
const said = (work: Promise<unknown>): Promise<string> =>
  work.then(String, (thrown: unknown) => {
    if (thrown instanceof HubError) return thrown.code;
    throw thrown;
  });

class Story {
  readonly #store: Store;
  readonly model = new StoreModel();
  #now = START + 1_000;
  #sent = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  /** What the store and the model say to one step. */
  async tell(step: Step): Promise<{ real: Seen; expected: Seen }> {
    const [store, model] = [this.#store, this.model];
    this.#now++;
    switch (step.what) {
      case 'admit': {
        const envelope = this.#message(step);
        const real = store
          .admit(envelope)
          .then((seen) => ('answer' in seen ? `same ${JSON.stringify(seen.answer)}` : seen.kind));
        return { real: await said(real), expected: model.admit(envelope) };
      }
      case 'commit': {
        const commit = this.#commit(step);
        const real = store.commit(commit).then((seen) => {
          const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);
          if (seen.kind === 'same') return `same ${JSON.stringify(seen.answer)}`;
          return seen.kind === 'committed' ? `committed ${ids(seen.held)} / ${ids(seen.waiting)}` : seen.kind;
        });
        return { real: await said(real), expected: model.commit(commit) };
      }
      case 'claim': {
        const lease: Lease = { owner: step.owner, until: this.#now + step.life };
        const real = await store.claim({ lease, now: this.#now, limit: 1_000 });
        return {
          real: real
            .map(({ id, attempts }) => `${id} ${attempts}`)
            .sort()
            .join(),
          expected: model.claim(lease, this.#now),
        };
      }
      case 'settle': {
        const id = this.#deliveryAt(step.which);
        const asked = settlement(id, step.owner, this.#now, this.#outcome(step.outcome));
        const real = await store.settle([asked]);
        return { real: String(real[0]), expected: model.settle(id, step.owner, asked.at, asked.outcome) };
      }
      case 'replay': {
        const id = this.#letterAt(step.which);
        const real = await store.replay(id, { user: 'operator' }, this.#now);
        return { real: String(real), expected: model.replay(id, this.#now) };
      }
      case 'purge': {
        const before = this.#now - step.ago;
        const real = await store.purge({ decidedBefore: before, limit: 1_000 });
        return { real: String(real), expected: model.purge(before) };
      }
      case 'wait':
        this.#now += step.ms;
        return { real: '', expected: '' };
    }
  }

  /** Everything that can be seen at the end. */
  async end(): Promise<{ real: unknown; expected: unknown }> {
    const [store, model] = [this.#store, this.model];
    const all = { after: 0, limit: 1_000 };
    const page = { limit: 1_000 };
    const waiting = model.deliveries.filter(({ stage }) => stage === 'waiting');
    const deadMessages = [...model.messages].filter(([, { stage }]) => stage === 'dead').map(([id]) => id);
    const deadDeliveries = model.deliveries.filter(({ stage }) => stage === 'dead').map(({ draft: { id } }) => id);
    const records = [...model.records].sort(([left], [right]) => (left < right ? -1 : 1));
    const undecided = [...model.messages].filter(([, { stage }]) => stage === 'accepted').map(([id]) => id);
    const real = {
      actions: (await readChain(store, 100)).map(({ action }) => action),
      records: await store.records.list('thing', page),
      tagged: (await store.records.find('thing', 'tag', 'x', page)).map(({ key }) => key),
      facts: (await store.facts(all)).length,
      due: (await store.due({ now: this.#now, limit: 1_000 })).map(({ id }) => id).sort(),
      inbox: (await store.inbox(PHARMACY, all)).map(({ id }) => id).sort(),
      dead: (await store.deadLetters(page)).map(({ id }) => id).sort(),
      undecided: (await store.undecided({ before: this.#now, limit: 1_000 }))
        .map((cause) => keyText(keyOf(cause)))
        .sort(),
      backlog: await store.backlog(),
    };
    const expected = {
      actions: model.actions,
      records: records.map(([key, { version, value }]) => ({ kind: 'thing', key, version, value })),
      tagged: records.filter(([, { tag }]) => tag === 'x').map(([key]) => key),
      facts: model.facts,
      due: model
        .due(this.#now)
        .map(({ draft: { id } }) => id)
        .sort(),
      inbox: waiting
        .filter(({ draft }) => draft.mode === 'pull')
        .map(({ draft: { id } }) => id)
        .sort(),
      dead: [...deadMessages, ...deadDeliveries].sort(),
      undecided: undecided.sort(),
      backlog: {
        undecided: undecided.length,
        undelivered: real.backlog.undelivered,
        dead: deadMessages.length + deadDeliveries.length,
        unreadFacts: model.facts,
      },
    };
    return { real, expected };
  }

  #message({ number, other, far }: { number: number; other: boolean; far: boolean }) {
    return message(number, far ? { sender: party(HOSPITAL) } : {}, other ? 'other bytes' : 'the bytes');
  }

  #commit(step: Extract<Step, { what: 'commit' }>): Commit {
    const envelope = this.#message(step);
    const records = step.writes.map(({ key, off, remove, tag }) => {
      const version = this.model.records.get(key)?.version ?? 0;
      const gone = remove && version > 0;
      return { kind: 'thing', key, version: version + off, value: gone ? null : { at: this.#now }, indexes: { tag } };
    });
    const text = `Answer at ${this.#now}.`;
    return commitOf(envelope, {
      decision: {
        records,
        answer: { kind: 'accepted', text },
        facts: step.dead ? [] : [{ kind: 'thing', attributes: {} }],
      },
      deliveries: step.sends.map(({ mode, lane }) =>
        draft(++this.#sent, { mode: mode as 'push' | 'pull', lane: mode === 'pull' ? null : lane }),
      ),
      extra: {
        at: this.#now,
        ...(step.whole && { body: envelope.body }),
        ...(step.dead && { dead: 'The rules failed.' }),
        ...(step.lease && { lease: { owner: step.lease, until: this.#now + 30 } }),
      },
    });
  }

  #outcome(name: string): Outcome {
    if (name === 'acknowledged') return { kind: 'acknowledged' };
    if (name === 'retry') return { kind: 'retry', at: this.#now + 20, reason: 'no answer' };
    if (name === 'deferred') return { kind: 'deferred', at: this.#now + 10 };
    if (name === 'dead') return { kind: 'dead', reason: 'EXPIRED' };
    return { kind: 'dead', reason: 'EXPIRED', notice: draft(++this.#sent, { notice: true }) };
  }

  #deliveryAt(which: number): string {
    return deliveryId(1 + (which % (this.#sent + 1)));
  }

  /** A message or a delivery in no lane: where a replayed one stands in its lane is not promised. */
  #letterAt(which: number): string {
    const ids = [
      ...this.model.messages.keys(),
      ...this.model.deliveries.filter(({ draft }) => draft.lane === null).map(({ draft }) => draft.id),
    ];
    return ids[which % Math.max(ids.length, 1)] ?? deliveryId(0);
  }
}

export function modelPromises(open: OpenStore): void {
  describe('whatever happens', () => {
    it('says what a simple model says', async () => {
      const enough = performance.now() + 5_000;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60, size: 'max' }), async (steps) => {
          if (performance.now() > enough) return;
          const { store, close } = await open();
          try {
            const story = new Story(store);
            for (const [index, each] of steps.entries()) {
              const { real, expected } = await story.tell(each as Step);
              expect(real, `step ${index}, ${each.what}`).to.equal(expected);
            }
            const { real, expected } = await story.end();
            expect(real).to.deep.equal(expected);
          } finally {
            await close();
          }
        }),
        { numRuns: 200 },
      );
    });
  });
}
