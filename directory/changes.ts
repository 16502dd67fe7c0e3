/** Changes to the directory as decisions: what to write, what the operator is told, and the line of the audit trail. */
import type { Answer, Decision, RecordWrite } from '../core/decision.ts';
import type { ConnectedSystem } from '../core/directory.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { SystemId } from '../core/identifiers.ts';
import type { RecordReader, StoredRecord } from '../core/records.ts';
import {
  type Knows,
  readCertificateInput,
  readOrganisationInput,
  readSystemChange,
  readSystemInput,
  readSystemStep,
  type SystemChange,
} from './input.ts';
import {
  type ChangeRecord,
  changeKey,
  type HolderRecord,
  KINDS,
  type OrganisationRecord,
  type SystemRecord,
  VERSION_KEY,
  type VersionRecord,
} from './records.ts';

/**
 * What a change may see. Who asked for it comes with the commit's cause. Inputs are checked whatever their declared
 * type (HubError VALUE_INVALID, with a fault for each field); a refusal by state is a decision of its own, audited.
 */
export interface ChangeParts {
  readonly records: RecordReader;
  readonly knows: Knows;
}

const CERTIFICATES_AT_MOST = 20;

/** Registers a system of a known organisation, active at once. Its id, party key and certificates must be nobody's. */
export async function registerSystem({ records, knows }: ChangeParts, input: unknown): Promise<Decision> {
  const system = readSystemInput(input, knows);
  const change = new Change(records, 'register-system', { kind: 'system', key: system.systemId });
  const organisation = await records.get<OrganisationRecord>(KINDS.organisation, system.ods);
  if (!organisation?.value.active)
    return change.refuse('NOT_FOUND', 'The organisation is not registered, or not active.');
  if (await records.get(KINDS.system, system.systemId))
    return change.refuse('ALREADY_EXISTS', 'The system id is taken.');
  if (await records.get(KINDS.partyKey, system.partyKey))
    return change.refuse('ALREADY_EXISTS', 'The party key is taken.');
  for (const fingerprint of system.certificates) {
    if (await records.get(KINDS.certificate, fingerprint))
      return change.refuse('ALREADY_EXISTS', 'A certificate is bound to a system already.');
  }
  return change.make(documentOf(system, 201), [
    writeSystem(0, system),
    hold(KINDS.partyKey, system.partyKey, system.systemId),
    ...system.certificates.map((fingerprint) => hold(KINDS.certificate, fingerprint, system.systemId)),
  ]);
}

/** Changes name, rights, endpoint or contracts of a system that is not revoked. */
export async function changeSystem({ records, knows }: ChangeParts, input: unknown): Promise<Decision> {
  const asked = readSystemChange(input, knows);
  const change = new Change(records, 'change-system', { kind: 'system', key: asked.systemId });
  const found = await records.get<SystemRecord>(KINDS.system, asked.systemId);
  if (!found) return change.refuse('NOT_FOUND', NO_SYSTEM);
  if (asked.version !== undefined && asked.version !== found.version)
    return change.refuse('VERSION_CONFLICT', 'The system has changed since it was read.');
  if (found.value.status === 'revoked')
    return change.refuse('STATE_CONFLICT', 'A revoked system does not change any more.');
  const system = changed(found.value, asked);
  return change.make(documentOf(system, 200), [writeSystem(found.version, system)]);
}

/** Nothing is taken from a suspended system until it is resumed; what is on its way to it waits. */
export const suspendSystem = (parts: ChangeParts, input: unknown): Promise<Decision> =>
  step(parts, input, 'suspend-system');

export const resumeSystem = (parts: ChangeParts, input: unknown): Promise<Decision> =>
  step(parts, input, 'resume-system');

/** For good: the id, the party key and the certificates stay taken, so nobody can come back under them. */
export const revokeSystem = (parts: ChangeParts, input: unknown): Promise<Decision> =>
  step(parts, input, 'revoke-system');

/** Which step leads from where to where; every other is refused. */
const STEPS = {
  'suspend-system': { from: ['active'], to: 'suspended' },
  'resume-system': { from: ['suspended'], to: 'active' },
  'revoke-system': { from: ['active', 'suspended'], to: 'revoked' },
} as const satisfies Record<
  string,
  { readonly from: readonly ConnectedSystem['status'][]; readonly to: ConnectedSystem['status'] }
>;

async function step({ records }: ChangeParts, input: unknown, action: keyof typeof STEPS): Promise<Decision> {
  const { systemId, reason } = readSystemStep(input);
  const change = new Change(records, action, { kind: 'system', key: systemId }, reason);
  const found = await records.get<SystemRecord>(KINDS.system, systemId);
  if (!found) return change.refuse('NOT_FOUND', NO_SYSTEM);
  const from: readonly ConnectedSystem['status'][] = STEPS[action].from;
  if (!from.includes(found.value.status))
    return change.refuse('STATE_CONFLICT', `The system is ${found.value.status}; this needs ${from.join(' or ')}.`);
  const system: ConnectedSystem = { ...found.value, status: STEPS[action].to };
  return change.make(documentOf(system, 200), [writeSystem(found.version, system)]);
}

/** Lets the system present one more certificate. Binding what is bound to it already changes nothing. */
export async function bindCertificate({ records }: ChangeParts, input: unknown): Promise<Decision> {
  const { systemId, fingerprint } = readCertificateInput(input);
  const change = new Change(records, 'bind-certificate', { kind: 'system', key: systemId });
  const found = await records.get<SystemRecord>(KINDS.system, systemId);
  if (!found) return change.refuse('NOT_FOUND', NO_SYSTEM);
  if (found.value.status === 'revoked')
    return change.refuse('STATE_CONFLICT', 'A revoked system takes no certificate.');
  const holder = await records.get<HolderRecord>(KINDS.certificate, fingerprint);
  if (holder && holder.value.systemId !== systemId)
    return change.refuse('ALREADY_EXISTS', 'The certificate is bound to another system.');
  if (holder) return change.same(documentOf(found.value, 200));
  if (found.value.certificates.length >= CERTIFICATES_AT_MOST)
    return change.refuse(
      'STATE_CONFLICT',
      `A system has at most ${CERTIFICATES_AT_MOST} certificates: unbind an old one.`,
    );
  const system: ConnectedSystem = { ...found.value, certificates: [...found.value.certificates, fingerprint] };
  return change.make(documentOf(system, 200), [
    writeSystem(found.version, system),
    hold(KINDS.certificate, fingerprint, systemId),
  ]);
}

/** Takes a certificate away from a system; the certificate authority revokes it, this only forgets who it was. */
export async function unbindCertificate({ records }: ChangeParts, input: unknown): Promise<Decision> {
  const { systemId, fingerprint } = readCertificateInput(input);
  const change = new Change(records, 'unbind-certificate', { kind: 'system', key: systemId });
  const found = await records.get<SystemRecord>(KINDS.system, systemId);
  const holder = await records.get<HolderRecord>(KINDS.certificate, fingerprint);
  if (!found || holder?.value.systemId !== systemId)
    return change.refuse('NOT_FOUND', 'The certificate is not bound to this system.');
  const certificates = found.value.certificates.filter((bound) => bound !== fingerprint);
  const system: ConnectedSystem = { ...found.value, certificates };
  return change.make(documentOf(system, 200), [
    writeSystem(found.version, system),
    { kind: KINDS.certificate, key: fingerprint, version: holder.version, value: null },
  ]);
}

/** Registers an organisation, or changes its name and whether it is active. */
export async function registerOrganisation({ records }: ChangeParts, input: unknown): Promise<Decision> {
  const organisation = readOrganisationInput(input);
  const change = new Change(records, 'register-organisation', { kind: 'organisation', key: organisation.ods });
  const found = await records.get<OrganisationRecord>(KINDS.organisation, organisation.ods);
  const answer = documentOf(organisation, found ? 200 : 201);
  if (found && found.value.name === organisation.name && found.value.active === organisation.active)
    return change.same(answer);
  return change.make(answer, [
    { kind: KINDS.organisation, key: organisation.ods, version: found?.version ?? 0, value: organisation },
  ]);
}

const NO_SYSTEM = 'There is no system with this id.';

function changed(system: ConnectedSystem, asked: SystemChange): ConnectedSystem {
  const { endpoint, contracts, ...rest } = system;
  const newEndpoint = asked.endpoint === undefined ? endpoint : (asked.endpoint ?? undefined);
  const newContracts = asked.contracts === undefined ? contracts : (asked.contracts ?? undefined);
  return {
    ...rest,
    ...(asked.name !== undefined && { name: asked.name }),
    ...(asked.sends && { sends: asked.sends }),
    ...(asked.receives && { receives: asked.receives }),
    ...(newEndpoint && { endpoint: newEndpoint }),
    ...(newContracts && { contracts: newContracts }),
  };
}

const writeSystem = (version: number, system: ConnectedSystem): RecordWrite => ({
  kind: KINDS.system,
  key: system.systemId,
  version,
  value: system,
  indexes: { ods: system.ods, kind: system.kind, status: system.status },
});

/** Version 0: the key must be free, also against a change that is being made at the same moment. */
const hold = (kind: string, key: string, systemId: SystemId): RecordWrite => {
  const value: HolderRecord = { systemId };
  return { kind, key, version: 0, value };
};

const documentOf = (value: object, status: number): Answer => ({
  kind: 'document',
  status,
  contentType: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
});

/** One change on its way to a decision. */
class Change {
  readonly #records: RecordReader;
  readonly #action: string;
  readonly #touched: ChangeRecord;
  readonly #reason: string | undefined;

  constructor(records: RecordReader, action: string, touched: ChangeRecord, reason?: string) {
    this.#records = records;
    this.#action = action;
    this.#touched = touched;
    this.#reason = reason;
  }

  /** The writes with the next number in the log of changes, which makes all changes follow one another. */
  async make(answer: Answer, writes: readonly RecordWrite[]): Promise<Decision> {
    const last: StoredRecord<VersionRecord> | undefined = await this.#records.get(KINDS.version, VERSION_KEY);
    const number = (last?.value.number ?? 0) + 1;
    const log: RecordWrite[] = [
      { kind: KINDS.version, key: VERSION_KEY, version: last?.version ?? 0, value: { number } },
      { kind: KINDS.change, key: changeKey(number), version: 0, value: this.#touched },
    ];
    return { answer, records: [...writes, ...log], events: [this.#event('success')] };
  }

  /** It is so already. */
  same(answer: Answer): Decision {
    return { answer, events: [this.#event('success')] };
  }

  refuse(code: ErrorCode, text: string): Decision {
    return { answer: { kind: 'refused', code, text }, events: [{ ...this.#event('refused'), code }] };
  }

  #event(outcome: 'success' | 'refused'): Decision['events'][0] {
    return {
      action: this.#action,
      outcome,
      entity: `directory.${this.#touched.kind}/${this.#touched.key}`,
      ...(this.#reason !== undefined && { reason: this.#reason }),
    };
  }
}
