/** What the operator of the hub does for a new system: registers it, invites it once, and issues what its request asks for. */
import { randomUUID } from 'node:crypto';
import { adapters } from '../../adapters/registry.ts';
import type { Authority } from '../../certs/authority.ts';
import { enrolmentDecision, invitationDecision } from '../../certs/enrolment.ts';
import { systemClock } from '../../core/clock.ts';
import type { Decision } from '../../core/decision.ts';
import { HubError, isErrorCode } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import {
  bindCertificate,
  changeSystem,
  registerOrganisation,
  registerSystem,
  unbindCertificate,
} from '../../directory/changes.ts';
import { createDirectory } from '../../directory/reader.ts';
import type { Office } from './office.ts';
import { sendsOf } from './systems.ts';

export interface OfficeParts {
  readonly store: Store;
  readonly authority: Authority;
}

const ATTEMPTS_MAX = 5;
const ENDPOINT_TIMEOUT_ms = 5_000;

export async function openOfficeInProcess({ store, authority }: OfficeParts): Promise<Office> {
  const known = new Set(
    adapters.flatMap(({ interactions, announcements }) => [...interactions, ...announcements].map(({ id }) => id)),
  );
  const parts = { records: store.records, knows: (id: string) => known.has(id) };
  const directory = await createDirectory({
    records: store.records,
    interactions: () => undefined,
    clock: systemClock,
    refreshEvery_ms: 60_000,
  });

  /** Decides and commits; decides again where somebody else changed a record meanwhile. */
  async function settle(decide: () => Promise<Decision>): Promise<Decision['answer']> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const decision = await decide();
      const at = systemClock.now();
      const messageId = randomUUID().toUpperCase();
      const committed = await store.commit({
        cause: {
          messageId,
          sender: OPERATOR,
          interaction: 'hub:admin',
          wire: 'hub',
          conversationId: messageId,
          parameters: {},
          receivedAt: at,
          contentType: '',
          digest: messageId,
        },
        body: new Uint8Array(),
        decision,
        deliveries: [],
        at,
      });
      if (committed.kind === 'stale') continue;
      const { answer } = decision;
      if (answer.kind === 'refused')
        throw new HubError(isErrorCode(answer.code) ? answer.code : 'RULE_REFUSED', {}, { cause: answer.text });
      await directory.refresh();
      return answer;
    }
    throw new HubError('OVERLOADED', { what: 'the directory is changed by others all the time' });
  }

  return {
    async register({ ods, organisation, kind, systemId, partyKey, title, receives, wire }, url) {
      const endpoint = url === undefined || wire === undefined ? null : { url, wire, timeout_ms: ENDPOINT_TIMEOUT_ms };
      const rights = { name: `${organisation}: ${title}`, sends: sendsOf(kind), receives };
      await settle(() => registerOrganisation(parts, { ods, name: organisation, active: true }));
      if (directory.system(systemId) !== undefined)
        await settle(() => changeSystem(parts, { systemId, ...rights, endpoint }));
      else
        await settle(() =>
          registerSystem(parts, { systemId, partyKey, ods, kind, ...rights, ...(endpoint && { endpoint }) }),
        );
    },

    async invite({ systemId }) {
      const { token, decision } = invitationDecision(systemId, { directory, now: systemClock.now() });
      await settle(async () => decision);
      return token;
    },

    async enrol(token, csrPem) {
      const answer = await settle(async () => {
        const enrolment = await enrolmentDecision(
          { token, csrPem },
          {
            records: store.records,
            directory,
            authority,
            bind: (systemId, fingerprint) => bindCertificate(parts, { systemId, fingerprint }),
            unbind: (systemId, fingerprint) => unbindCertificate(parts, { systemId, fingerprint }),
            now: systemClock.now(),
          },
        );
        return enrolment.decision;
      });
      if (answer.kind !== 'document') throw new HubError('ENROLMENT_REFUSED');
      return answer.body;
    },

    async know(person) {
      await settle(async () => {
        const kept = await store.records.get(person.kind, person.key);
        return {
          answer: { kind: 'accepted', text: 'kept' },
          records: [{ ...person, version: kept?.version ?? 0 }],
          events: [{ action: 'seed-demographics', outcome: 'success' }],
        };
      });
    },

    close: () => directory.close(),
  };
}

const OPERATOR = {
  systemId: '000000000000',
  partyKey: 'HUB-000000',
  ods: 'HUB',
  kind: 'national-service',
  name: 'The hub itself',
  sends: new Set<string>(),
} as const;
