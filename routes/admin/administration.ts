/** The operator's service: what may be asked of a hub by whoever runs it, every change decided, committed and audited. */
import { readHeads, readHeadsText } from '../../audit/heads-file.ts';
import { verifyTrail } from '../../audit/verify.ts';
import type { Authority } from '../../certs/authority.ts';
import { REVOCATION_REASONS, type RevocationReason } from '../../certs/authority-register.ts';
import { invitationDecision, revocationDecision } from '../../certs/enrolment.ts';
import type { Clock } from '../../core/clock.ts';
import type { AuditEvent, Decision } from '../../core/decision.ts';
import type { ConnectedSystem, DirectoryReader, Organisation } from '../../core/directory.ts';
import { HubError } from '../../core/errors.ts';
import { isNhsNumber, isOdsCode, isSystemId, isUuid, type SystemId } from '../../core/identifiers.ts';
import type { Party } from '../../core/party.ts';
import type { RecordReader } from '../../core/records.ts';
import type { Store } from '../../core/store.ts';
import { createCommitter, documentOf, operatorActor } from './committer.ts';
import { asInput, type Input, limitIn, optionalText, shorterThan, textIn, wholeIn } from './input.ts';
import type { Administration, GivenInvitation, HubStatus, LakeAnswer } from './operations.ts';
import { listSystems } from './system-list.ts';
import { lastLineOf, trackView } from './views.ts';

/** A change of the directory as a decision: the functions of directory/changes.ts are these. */
export type DirectoryChange = (
  parts: { readonly records: RecordReader; knows(interaction: string): boolean },
  input: unknown,
) => Promise<Decision>;

/** `import * as changes from './directory/changes.ts'` */
export interface DirectoryChanges {
  readonly registerOrganisation: DirectoryChange;
  readonly registerSystem: DirectoryChange;
  readonly changeSystem: DirectoryChange;
  readonly suspendSystem: DirectoryChange;
  readonly resumeSystem: DirectoryChange;
  readonly revokeSystem: DirectoryChange;
  readonly bindCertificate: DirectoryChange;
  readonly unbindCertificate: DirectoryChange;
}

export interface AdministrationParts {
  readonly store: Store;
  readonly directory: DirectoryReader & { refresh(): Promise<void> };
  readonly changes: DirectoryChanges;
  /** Under which kinds of record the directory is kept: KINDS of directory/records.ts. */
  readonly kinds: { readonly system: string; readonly organisation: string };
  /** True for an interaction that the hub carries. */
  knows(interaction: string): boolean;
  /** The hub's own certificate authority; undefined where certificates come from elsewhere. */
  readonly authority: Authority | undefined;
  readonly clock: Clock;
  /** See `hubParty`. */
  readonly hub: Party;
  /** Who acts: the name in the audit trail. */
  readonly operator: string;
  /** Where audit/heads.ts signs. */
  readonly auditFolder: string;
  queryLake(sql: string): Promise<LakeAnswer>;
  /** Makes a revocation felt now: lists read again, open connections cut. Nothing to do where no hub runs. */
  enforceRevocation?(): Promise<unknown>;
  /** What a running hub knows of itself. */
  readonly running?: {
    closedBecause(): string | undefined;
    circuits(): HubStatus['circuits'];
  };
}

const MOST_SQL = 20_000;

export function createAdministration(parts: AdministrationParts): Administration {
  const { store, directory, changes, kinds, knows, authority, clock, operator } = parts;
  const committer = createCommitter(parts);
  const change = { records: store.records, knows };

  /** Decides, commits, and lets this process see what changed. */
  async function make<Value>(action: string, input: unknown, decide: () => Promise<Decision>): Promise<Value> {
    const answer = await committer.commit({ action, kept: asInput(input), operator, decide });
    await directory.refresh();
    return documentOf<Value>(answer);
  }
  const simple =
    <Value>(action: string, decide: DirectoryChange) =>
    (input: unknown): Promise<Value> =>
      make(action, input, () => decide(change, input));

  const noted = (event: Omit<AuditEvent, 'outcome'>): Promise<void> =>
    committer.audit(operator, { ...event, outcome: 'success' });

  function ownAuthority(): Authority {
    if (authority === undefined)
      throw new HubError('STATE_CONFLICT', {
        faults: [{ what: 'certificates come from an authority outside this hub' }],
      });
    return authority;
  }

  async function invite(systemId: SystemId): Promise<GivenInvitation> {
    ownAuthority();
    let given: GivenInvitation | undefined;
    await committer.commit({
      action: 'invite-system',
      kept: { systemId },
      operator,
      async decide() {
        const { token, expiresAt, decision } = invitationDecision(systemId, { directory, now: clock.now() });
        given = { systemId, token, expiresAt };
        return decision;
      },
    });
    if (given === undefined) throw new HubError('INTERNAL', { what: 'an invitation without a token' });
    return given;
  }

  async function systemRecord(input: Input): Promise<{ system: ConnectedSystem; version: number }> {
    const found = await store.records.get<ConnectedSystem>(kinds.system, systemIdIn(input));
    if (found === undefined) throw new HubError('NOT_FOUND');
    return { system: found.value, version: found.version };
  }

  /** Its certificates are on the revocation list before the directory says so: a crash between leaves them refused. */
  async function revokedSystem(input: Input): Promise<Decision> {
    const decision = await changes.revokeSystem(change, input);
    if (decision.answer.kind === 'refused' || authority === undefined) return decision;
    const { system } = await systemRecord(input);
    const events: AuditEvent[] = [];
    for (const fingerprint of system.certificates) {
      const issued = await authority.find(fingerprint);
      if (issued === undefined) continue;
      await authority.revoke(issued.serial, reasonOf(input));
      events.push({ action: 'revoke-certificate', outcome: 'success', entity: `certificate/${fingerprint}` });
    }
    return { ...decision, events: [...decision.events, ...events] };
  }

  return {
    addOrganisation: simple<Organisation>('register-organisation', changes.registerOrganisation),
    async organisation(input) {
      const ods = textIn(asInput(input), 'ods', isOdsCode, 'is not an organisation code');
      const found = await store.records.get<Organisation>(kinds.organisation, ods);
      if (found === undefined) throw new HubError('NOT_FOUND');
      return found.value;
    },

    async addSystem(input) {
      const system = await make<ConnectedSystem>('register-system', input, () => changes.registerSystem(change, input));
      return authority === undefined ? { system } : { system, invitation: await invite(system.systemId) };
    },
    inviteSystem: async (input) => invite(systemIdIn(asInput(input))),
    systems: async (input) => listSystems(store.records, kinds.system, asInput(input)),
    system: async (input) => systemRecord(asInput(input)),
    changeSystem: simple<ConnectedSystem>('change-system', changes.changeSystem),
    suspendSystem: simple<ConnectedSystem>('suspend-system', changes.suspendSystem),
    resumeSystem: simple<ConnectedSystem>('resume-system', changes.resumeSystem),
    async revokeSystem(input) {
      const system = await make<ConnectedSystem>('revoke-system', input, () => revokedSystem(asInput(input)));
      await parts.enforceRevocation?.();
      return system;
    },

    async certificates(input) {
      const { system } = await systemRecord(asInput(input));
      return Promise.all(
        system.certificates.map(async (fingerprint256) => {
          const issued = await authority?.find(fingerprint256);
          return {
            fingerprint256,
            ...(issued && { serial: issued.serial, issuedAt: issued.issuedAt, notAfter: issued.notAfter }),
          };
        }),
      );
    },
    bindCertificate: simple<ConnectedSystem>('bind-certificate', changes.bindCertificate),
    async revokeCertificate(input) {
      const asked = asInput(input);
      const systemId = systemIdIn(asked);
      const fingerprint256 = textIn(asked, 'fingerprint', shorterThan(100), 'is not a fingerprint');
      const reason = reasonOf(asked);
      const bound = (to: DirectoryChange) => (id: SystemId, fingerprint: string) =>
        to(change, { systemId: id, fingerprint });
      const system = await make<ConnectedSystem>('revoke-certificate', asked, () =>
        revocationDecision(
          { systemId, fingerprint256, ...(reason && { reason }) },
          {
            records: store.records,
            directory,
            authority: ownAuthority(),
            bind: bound(changes.bindCertificate),
            unbind: bound(changes.unbindCertificate),
            now: clock.now(),
          },
        ),
      );
      await parts.enforceRevocation?.();
      return system;
    },

    async track(input) {
      const messageId = textIn(asInput(input), 'messageId', isUuid, 'is not a GUID').toUpperCase();
      return (await store.track(messageId)).map(trackView);
    },
    async deadLetters(input) {
      const asked = asInput(input);
      const after = optionalText(asked, 'after', shorterThan(100), 'is not the id of a dead letter');
      return store.deadLetters({ limit: limitIn(asked), ...(after !== undefined && { after }) });
    },
    async deadLetter(input) {
      const id = letterIdIn(asInput(input));
      const found = await store.deadLetter(id);
      if (found === undefined) throw new HubError('NOT_FOUND');
      // its body may be a patient's record: the line is there before anybody reads it
      await noted({ action: 'read-dead-letter', entity: `dead-letter/${id}` });
      const { letter, contentType, body } = found;
      return { letter, contentType, body_base64: Buffer.from(body).toString('base64') };
    },
    async replay(input) {
      const replayed = await store.replay(letterIdIn(asInput(input)), operatorActor(operator), clock.now());
      if (!replayed) throw new HubError('NOT_FOUND');
      return { replayed };
    },

    async auditLines(input) {
      const asked = asInput(input);
      const query = { after: wholeIn(asked, 'after', 0), limit: limitIn(asked) };
      await noted({ action: 'read-audit', entity: `audit/${query.after + 1}` });
      return store.auditLines(query);
    },
    async patientLines(input) {
      const asked = asInput(input);
      const patient = textIn(asked, 'patient', isNhsNumber, 'is not ten digits with a right check digit');
      const before = asked['before'] === undefined ? undefined : wholeIn(asked, 'before', 0);
      const limit = limitIn(asked);
      await noted({ action: 'read-audit', patient });
      return store.auditForPatient(patient, { limit, ...(before !== undefined && { before }) });
    },
    async verifyAudit(input, onProgress) {
      const asked = asInput(input);
      const copy = optionalText(asked, 'headsCopy', () => true, 'is not a text');
      const publicKeyPem = optionalText(asked, 'publicKeyPem', shorterThan(2_000), 'is not a public key in PEM');
      const found = await verifyTrail({
        lines: (after, limit) => store.auditLines({ after, limit }),
        heads: await readHeads(parts.auditFolder),
        ...(copy !== undefined && { copy: readHeadsText(copy) }),
        ...(publicKeyPem !== undefined && { publicKeyPem }),
        ...(onProgress && { onProgress }),
      });
      await committer.audit(operator, {
        action: 'verify-audit',
        outcome: found.ok ? 'success' : 'failed',
        entity: `audit/${found.lines}`,
      });
      return found;
    },

    async queryLake(input) {
      const sql = textIn(asInput(input), 'sql', shorterThan(MOST_SQL), `is not a text of 1 to ${MOST_SQL} characters`);
      await noted({ action: 'query-lake', reason: sql.slice(0, 1_000) });
      return parts.queryLake(sql);
    },
    async status() {
      const closedBecause = parts.running?.closedBecause();
      return {
        backlog: await store.backlog(),
        auditLines: (await lastLineOf(store)) ?? 0,
        ...(closedBecause !== undefined && { closedBecause }),
        circuits: (parts.running?.circuits() ?? []).slice(0, 1_000),
      };
    },
  };
}

const systemIdIn = (input: Input): SystemId => textIn(input, 'systemId', isSystemId, 'is not twelve digits');
const letterIdIn = (input: Input): string => textIn(input, 'id', shorterThan(100), 'is not the id of a dead letter');

/** The reason as revocation lists know it, where the operator's word is one of theirs. */
function reasonOf(input: Input): RevocationReason | undefined {
  const reason = input['reason'];
  return typeof reason === 'string' && Object.hasOwn(REVOCATION_REASONS, reason)
    ? (reason as RevocationReason)
    : undefined;
}
