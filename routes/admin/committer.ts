/** Commits what operators and enrolling systems decide, as the message path commits what messages decide. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Actor } from '../../core/audit-chain.ts';
import type { Clock } from '../../core/clock.ts';
import type { Answer, AuditEvent, Decision } from '../../core/decision.ts';
import type { Cause } from '../../core/envelope.ts';
import { type ErrorCode, HubError, isErrorCode } from '../../core/errors.ts';
import type { Party, Person } from '../../core/party.ts';
import type { Store } from '../../core/store.ts';

/** Under which the hub's own changes are kept. */
export const ADMINISTRATION = 'hub:administration';
const MOST_CONFLICTS = 20;

export interface CommitterParts {
  readonly store: Pick<Store, 'commit' | 'audit'>;
  readonly clock: Clock;
  /** The hub as a party of its own: the sender of what it does by itself. */
  readonly hub: Party;
}

export interface Ask {
  /** The verb of the audit trail where the decision is refused before it is made. */
  readonly action: string;
  /** What is kept of the request; never a token. */
  readonly kept: object;
  /** The hub itself unless a system asks. */
  readonly sender?: Party;
  /** Name of the operator; absent where a system asks. */
  readonly operator?: string;
  /** Called again when a record that it read has changed meanwhile. */
  decide(): Promise<Decision>;
}

export interface Committer {
  /** The decision's answer, once it is durable. Throws HubError for a refusal, which is audited. */
  commit(ask: Ask): Promise<Answer>;
  /** Lines about what an operator only looked at. */
  audit(operator: string, event: AuditEvent): Promise<void>;
}

/** Who an operator is in the audit trail. */
export const operatorActor = (operator: string): Actor => ({ user: operator, role: 'operator' });

/** The hub as a party, from its party key: `YES-0000806`. */
export const hubParty = (partyKey: string): Party => ({
  systemId: '000000000000',
  partyKey,
  ods: partyKey.split('-')[0] ?? partyKey,
  kind: 'national-service',
  name: 'Vertebra',
  sends: new Set(),
});

export function createCommitter({ store, clock, hub }: CommitterParts): Committer {
  function causeOf({ kept, sender = hub, operator }: Ask): { cause: Cause; body: Uint8Array } {
    const body = Buffer.from(JSON.stringify(kept));
    const id = randomUUID().toUpperCase();
    const person: Person | undefined =
      operator === undefined
        ? undefined
        : { userId: operator, roleId: 'operator', role: 'operator', ods: hub.ods, activities: new Set() };
    const cause: Cause = {
      messageId: id,
      sender,
      ...(person && { person }),
      interaction: ADMINISTRATION,
      wire: 'hub',
      conversationId: id,
      parameters: {},
      receivedAt: clock.now(),
      contentType: 'application/json',
      digest: createHash('sha256').update(body).digest('hex'),
    };
    return { cause, body };
  }

  async function decided(ask: Ask, messageId: string): Promise<Decision> {
    try {
      return await ask.decide();
    } catch (thrown) {
      if (thrown instanceof HubError && thrown.entry.blame === 'sender') {
        const actor =
          ask.operator === undefined ? { system: (ask.sender ?? hub).systemId } : operatorActor(ask.operator);
        const event: AuditEvent = { action: ask.action, outcome: 'refused', code: thrown.code };
        await store.audit({ ...actor, messageId, interaction: ADMINISTRATION }, clock.now(), [event]);
      }
      throw thrown;
    }
  }

  return {
    async commit(ask) {
      const { cause, body } = causeOf(ask);
      for (let conflicts = 0; conflicts < MOST_CONFLICTS; conflicts++) {
        const decision = await decided(ask, cause.messageId);
        const committed = await store.commit({ cause, body, decision, deliveries: [], at: clock.now() });
        switch (committed.kind) {
          case 'committed':
            return granted(decision.answer);
          case 'same':
            return granted(committed.answer);
          case 'conflict':
            throw new HubError('MESSAGE_ID_REUSED');
          case 'stale':
            // others change the directory at this moment: each waits a little longer than the last time
            await wait(Math.random() * 5 * (conflicts + 1));
        }
      }
      throw new HubError('OVERLOADED', { retryAfter_s: 1, what: 'a record that everybody changes at once' });
    },
    audit: (operator, event) => store.audit(operatorActor(operator), clock.now(), [event]),
  };
}

function granted(answer: Answer): Answer {
  if (answer.kind !== 'refused') return answer;
  const code: ErrorCode = isErrorCode(answer.code) ? answer.code : 'RULE_REFUSED';
  throw new HubError(code, { faults: [{ what: answer.text }] });
}

/** The JSON of an answer that is a document. */
export function documentOf<Value>(answer: Answer): Value {
  if (answer.kind === 'document') return JSON.parse(answer.body) as Value;
  throw new HubError('INTERNAL', { what: 'an answer without a document' });
}
