/** Records in memory that decisions of the directory are committed to: what the tests of directory/ share. */

import type { Decision, RecordWrite } from '../../core/decision.ts';
import type { ConnectedSystem } from '../../core/directory.ts';
import type { RecordReader, StoredRecord } from '../../core/records.ts';
import {
  bindCertificate,
  changeSystem,
  registerOrganisation,
  registerSystem,
  resumeSystem,
  revokeSystem,
  suspendSystem,
  unbindCertificate,
} from '../../directory/changes.ts';
import { KINDS } from '../../directory/records.ts';

export interface Registry {
  readonly records: RecordReader;
  /** How often records were listed or got. */
  readonly reads: () => number;
  /** True when every version was current and the writes were made. */
  commit(decision: Decision): boolean;
  put(write: Omit<RecordWrite, 'version'>): void;
}

export function createRegistry(): Registry {
  const kinds = new Map<string, Map<string, StoredRecord<string>>>();
  let reads = 0;
  const kindOf = (kind: string): Map<string, StoredRecord<string>> => {
    const found = kinds.get(kind) ?? new Map<string, StoredRecord<string>>();
    kinds.set(kind, found);
    return found;
  };
  const read = <Value>(record: StoredRecord<string>): StoredRecord<Value> => ({
    ...record,
    value: JSON.parse(record.value),
  });
  /** Keys in order, made again after a write. */
  const sorted = new Map<string, string[]>();
  const write = ({ kind, key, version, value }: RecordWrite): void => {
    sorted.delete(kind);
    if (value === null) kindOf(kind).delete(key);
    else kindOf(kind).set(key, { kind, key, version: version + 1, value: JSON.stringify(value) });
  };
  const versionOf = (kind: string, key: string): number => kindOf(kind).get(key)?.version ?? 0;
  return {
    records: {
      get: async <Value>(kind: string, key: string) => {
        reads++;
        const record = kindOf(kind).get(key);
        return record && read<Value>(record);
      },
      find: async () => [],
      list: async <Value>(kind: string, { limit, after = '' }: { readonly limit: number; readonly after?: string }) => {
        reads++;
        const keys = sorted.get(kind) ?? [...kindOf(kind).keys()].sort();
        sorted.set(kind, keys);
        const from = after === '' ? 0 : keys.findIndex((key) => key > after);
        const page = from < 0 ? [] : keys.slice(from, from + limit);
        return page.flatMap((key) => kindOf(kind).get(key) ?? []).map((record) => read<Value>(record));
      },
    },
    reads: () => reads,
    commit({ records = [] }) {
      if (records.some(({ kind, key, version }) => versionOf(kind, key) !== version)) return false;
      records.forEach(write);
      return true;
    },
    put: ({ kind, key, value }) => write({ kind, key, value, version: versionOf(kind, key) }),
  };
}

export const INTERACTIONS = ['urn:nhs:names:services:mm:PORX_IN020101UK31', 'fhir:eps:release', 'hub:notice'];

/** The changes over a registry, each decided and committed at once; a refusal gives its code. */
export function createOperator(registry: Registry) {
  const parts = { records: registry.records, knows: (id: string) => INTERACTIONS.includes(id) };
  const run = (change: (ports: typeof parts, input: unknown) => Promise<Decision>) => async (input: unknown) => {
    const decision = await change(parts, input);
    const done = registry.commit(decision);
    if (!done) throw new Error('stale');
    return decision.answer.kind === 'refused' ? decision.answer.code : decision.answer.kind;
  };
  return {
    parts,
    register: run(registerSystem),
    change: run(changeSystem),
    suspend: run(suspendSystem),
    resume: run(resumeSystem),
    revoke: run(revokeSystem),
    bind: run(bindCertificate),
    unbind: run(unbindCertificate),
    organisation: run(registerOrganisation),
    system: async (systemId: string) => (await registry.records.get<ConnectedSystem>(KINDS.system, systemId))?.value,
  };
}

export const fingerprint = (number: number): string => number.toString(16).toUpperCase().padStart(64, '0');

export const SURGERY = {
  systemId: '100000000001',
  partyKey: 'A83008-820001',
  ods: 'A83008',
  kind: 'general-practice',
  name: 'Example surgery',
  sends: [INTERACTIONS[0]],
  receives: ['hub:notice'],
  endpoint: { url: 'https://surgery.example:4430/inbox', wire: 'ebxml', timeout_ms: 5_000 },
  certificates: [fingerprint(1)],
} as const;

export const PHARMACY = {
  systemId: '200000000002',
  partyKey: 'FA565-800002',
  ods: 'FA565',
  kind: 'pharmacy',
  name: 'Example pharmacy',
  sends: ['fhir:eps:release'],
  receives: ['hub:notice'],
} as const;
