/** What the operator of the hub does for a new system, over the administration's API: registers it, and invites it once. */
import { randomUUID } from 'node:crypto';
import { runningHub, trustOf } from '../../cli/hub-access.ts';
import { systemClock } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import { HubError } from '../../core/errors.ts';
import type { Hub } from '../../hub.ts';
import { createAdminClient, enrolOver } from '../../routes/admin/client.ts';
import { createCommitter, hubParty } from '../../routes/admin/committer.ts';
import { openOperatorToken } from '../../routes/admin/operator-token.ts';
import { type ExampleSystem, sendsOf } from './systems.ts';

export interface Office {
  /** Registers the organisation and the system; one that is there already is told its new address. */
  register(system: ExampleSystem, url: string | undefined): Promise<void>;
  /** A token that may be redeemed once for a certificate. */
  invite(system: ExampleSystem): Promise<string>;
  /** What a supplier asks with the token: the certificate for the key that signed the request, then the authority's, PEM. */
  enrol(token: string, csr: string): Promise<string>;
  /** Keeps what demographics know of a person, until the demographics service does. */
  know(person: RecordWrite): Promise<void>;
  close(): void;
}

const ENDPOINT_TIMEOUT_ms = 5_000;

export async function openOffice({ config, store, adminUrl: url }: Hub): Promise<Office> {
  const trust = await trustOf(config.dataFolder, await runningHub(config.dataFolder));
  const { administration, close } = createAdminClient({
    url,
    trust,
    token: await openOperatorToken(config.dataFolder),
  });

  const isRegistered = async (systemId: string): Promise<boolean> => {
    try {
      return (await administration.system({ systemId })).system.systemId === systemId;
    } catch (thrown) {
      if (thrown instanceof HubError && thrown.code === 'NOT_FOUND') return false;
      throw thrown;
    }
  };

  return {
    async register({ ods, organisation, kind, systemId, partyKey, title, receives, wire }, address) {
      await administration.addOrganisation({ ods, name: organisation, active: true });
      const endpoint =
        address === undefined || wire === undefined ? null : { url: address, wire, timeout_ms: ENDPOINT_TIMEOUT_ms };
      const rights = { systemId, name: `${organisation}: ${title}`, sends: sendsOf(kind), receives };
      if (await isRegistered(systemId)) {
        const change = { ...rights, endpoint };
        await administration.changeSystem(change);
      } else await administration.addSystem({ ...rights, partyKey, ods, kind, ...(endpoint && { endpoint }) });
    },

    invite: async ({ systemId }) => (await administration.inviteSystem({ systemId })).token,
    enrol: (token, csr) => enrolOver({ url, trust, token, csr }),

    async know(person) {
      const committer = createCommitter({ store, clock: systemClock, hub: hubParty(config.partyKey) });
      await committer.commit({
        action: 'seed-demographics',
        kept: { id: randomUUID() },
        operator: 'demonstration',
        async decide() {
          const kept = await store.records.get(person.kind, person.key);
          return {
            answer: { kind: 'accepted', text: 'The person is known.' },
            records: [{ ...person, version: kept?.version ?? 0 }],
            events: [{ action: 'seed-demographics', outcome: 'success' }],
          };
        },
      });
    },

    close,
  };
}
