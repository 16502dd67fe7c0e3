/** A store, a directory, an authority and the administration over them: what the tests of routes/admin/ and cli/ share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, openAuthority } from '../../../certs/authority.ts';
import { createCsr, generateKey } from '../../../certs/generate-key.ts';
import type { AuditLine } from '../../../core/audit-chain.ts';
import { systemClock } from '../../../core/clock.ts';
import { HubError } from '../../../core/errors.ts';
import type { Store } from '../../../core/store.ts';
import * as changes from '../../../directory/changes.ts';
import { createDirectory, type Directory } from '../../../directory/reader.ts';
import { KINDS } from '../../../directory/records.ts';
import { type AdministrationParts, createAdministration } from '../../../routes/admin/administration.ts';
import { hubParty } from '../../../routes/admin/committer.ts';
import { createEnrolment, type Enrolment } from '../../../routes/admin/enrolment.ts';
import type { Administration } from '../../../routes/admin/operations.ts';
import { openSqliteStore } from '../../../store/sqlite/open.ts';

export const ORDER = 'fhir:eps:prescription-order';
export const SURGERY = { ods: 'A83008', name: 'Brook Lane Surgery' };
export const SYSTEM = {
  systemId: '200000000001',
  partyKey: 'A83008-820001',
  ods: 'A83008',
  kind: 'general-practice',
  name: 'Brook Lane Surgery',
  sends: [ORDER],
  receives: [],
} as const;

export interface Office {
  readonly folder: string;
  readonly store: Store;
  readonly directory: Directory;
  readonly authority: Authority;
  readonly administration: Administration;
  readonly enrolment: Enrolment;
  /** How often a revocation was made felt. */
  enforced(): number;
  /** Every line of the trail, as `action outcome user entity`. */
  trail(): Promise<string[]>;
  lines(): Promise<AuditLine[]>;
  close(): Promise<void>;
}

export async function openOffice(extra: Partial<AdministrationParts> = {}): Promise<Office> {
  const folder = await mkdtemp(join(tmpdir(), 'vertebra-office-'));
  const store = await openSqliteStore({ folder: join(folder, 'store') });
  const clock = systemClock;
  const directory = await createDirectory({
    records: store.records,
    interactions: () => undefined,
    clock,
    refreshEvery_ms: 60_000,
  });
  const authority = await openAuthority(join(folder, 'authority'), { clock });
  let enforced = 0;
  const parts: AdministrationParts & { authority: Authority } = {
    store,
    directory,
    changes,
    kinds: KINDS,
    knows: (id) => id === ORDER,
    authority,
    clock,
    hub: hubParty('YES-0000806'),
    operator: 'ada',
    auditFolder: join(folder, 'audit'),
    queryLake: async (sql) => ({ columns: ['sql'], rows: [[sql]], truncated: false }),
    enforceRevocation: async () => {
      enforced++;
    },
    ...extra,
    ...(extra.authority === undefined && { authority }),
  } as AdministrationParts & { authority: Authority };
  const administration = createAdministration({
    ...parts,
    ...('authority' in extra && { authority: extra.authority }),
  });
  const lines = () => store.auditLines({ after: 0, limit: 1_000 });
  return {
    folder,
    store,
    directory,
    authority,
    administration,
    enrolment: createEnrolment(parts),
    enforced: () => enforced,
    lines,
    trail: async () =>
      (await lines())
        .filter(({ action }) => action !== 'accept')
        .map(({ action, outcome, user, entity }) => [action, outcome, user, entity].join(' ')),
    async close() {
      directory.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const newCsr = async (): Promise<string> => createCsr((await generateKey('ec-p256')).keyPem, 'whoever');

/** The code of the refusal that a promise rejects with. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown.code;
    throw thrown;
  }
  throw new Error('expected a refusal');
}
