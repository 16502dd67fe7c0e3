/** The directory as the message path asks it: loaded from the store by pages, kept current by the log of changes. */
import type { Clock } from '../core/clock.ts';
import { type Contract, DEFAULT_CONTRACT } from '../core/contract.ts';
import type { DirectoryReader } from '../core/directory.ts';
import { HubError } from '../core/errors.ts';
import type { InteractionId } from '../core/identifiers.ts';
import type { RecordReader, StoredRecord } from '../core/records.ts';
import {
  type ChangeRecord,
  changeKey,
  KINDS,
  type OrganisationRecord,
  type SystemRecord,
  VERSION_KEY,
  type VersionRecord,
} from './records.ts';
import { DirectoryTables } from './tables.ts';

export interface DirectoryParts {
  readonly records: RecordReader;
  /** The contract that an interaction has of its own, where the adapters know it. */
  readonly interactions: (id: InteractionId) => { readonly contract?: Partial<Contract> } | undefined;
  readonly clock: Clock;
  /** How soon a change made by another process is seen here. */
  readonly refreshEvery_ms: number;
  /** Told when a refresh fails; the directory then goes on with what it has and tries again. */
  readonly onRefreshFailed?: (error: unknown) => void;
}

export interface Directory extends DirectoryReader {
  /** How many systems are loaded. */
  readonly size: number;
  /** Reads what has changed since the last time; call it after a change of one's own. Rejects as the store does. */
  refresh(): Promise<void>;
  /** Stops refreshing. */
  close(): void;
}

const PAGE = 1_000;
/** A process that has missed more changes than this reads everything again. */
const CHANGES_AT_MOST = 5_000;

/**
 * Loads every system and organisation, a page of 1,000 at a time with a turn of the event loop between pages.
 * @throws HubError STORE_UNAVAILABLE where the store does not answer.
 */
export async function createDirectory(parts: DirectoryParts): Promise<Directory> {
  const { records, interactions, clock, refreshEvery_ms, onRefreshFailed } = parts;
  let { tables, version } = await load(records);
  let contracts = new Map<string, Contract>();
  let closed = false;
  let cancel = (): void => {};
  let running: Promise<void> | undefined;

  const readChanges = async (): Promise<void> => {
    const current = await records.get<VersionRecord>(KINDS.version, VERSION_KEY);
    const latest = current?.value.number ?? 0;
    if (latest === version) return;
    if (latest < version || latest - version > CHANGES_AT_MOST) ({ tables, version } = await load(records));
    else version = await applyChanges(records, tables, version);
    contracts = new Map();
  };
  // One at a time; a call that comes while one runs may have changed something after it looked, so it looks again.
  const refresh = (): Promise<void> => {
    const next = (running ?? Promise.resolve()).catch(() => {}).then(readChanges);
    running = next;
    return next;
  };
  const schedule = (): void => {
    if (closed) return;
    cancel = clock.timer(refreshEvery_ms, () => {
      refresh()
        .catch((error: unknown) => onRefreshFailed?.(error))
        .finally(schedule);
    });
  };
  schedule();

  return {
    get size() {
      return tables.size;
    },
    system: (systemId) => tables.system(systemId),
    systemByCertificate: (fingerprint) => tables.systemByCertificate(fingerprint),
    systemByPartyKey: (partyKey) => tables.systemByPartyKey(partyKey),
    organisation: (ods) => tables.organisation(ods),
    receiver: (ods, interaction) => tables.receiver(ods, interaction),
    party: (systemId) => tables.party(systemId),
    contract(systemId, interaction) {
      const own = tables.system(systemId)?.contracts?.[interaction];
      const key = own ? `${systemId} ${interaction}` : interaction;
      const known = contracts.get(key);
      if (known) return known;
      const contract: Contract = Object.freeze({ ...DEFAULT_CONTRACT, ...interactions(interaction)?.contract, ...own });
      // Interaction ids come from messages too: what is remembered has a limit.
      if (contracts.size < 100_000) contracts.set(key, contract);
      return contract;
    },
    refresh,
    close() {
      closed = true;
      cancel();
    },
  };
}

/** The whole directory as it stood at a version, and every change made while it was read. */
async function load(records: RecordReader): Promise<{ tables: DirectoryTables; version: number }> {
  const before = await records.get<VersionRecord>(KINDS.version, VERSION_KEY);
  const tables = new DirectoryTables();
  for await (const page of pages<OrganisationRecord>(records, KINDS.organisation)) {
    for (const { value } of page) tables.putOrganisation(value);
  }
  for await (const page of pages<SystemRecord>(records, KINDS.system)) {
    for (const { value } of page) tables.putSystem(value);
  }
  return { tables, version: await applyChanges(records, tables, before?.value.number ?? 0) };
}

async function* pages<Value>(records: RecordReader, kind: string): AsyncGenerator<StoredRecord<Value>[]> {
  let after: string | undefined;
  for (;;) {
    const page = await records.list<Value>(kind, { limit: PAGE, ...(after !== undefined && { after }) });
    yield page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    after = last.key;
    await turn();
  }
}

/** Brings the tables from a version to the latest, and says which that is. */
async function applyChanges(records: RecordReader, tables: DirectoryTables, from: number): Promise<number> {
  let version = from;
  for (let rounds = 0; rounds <= CHANGES_AT_MOST / PAGE; rounds++) {
    const page = await records.list<ChangeRecord>(KINDS.change, { limit: PAGE, after: changeKey(version) });
    const touched = new Map(page.map(({ value }) => [`${value.kind} ${value.key}`, value]));
    for (const change of touched.values()) await applyChange(records, tables, change);
    const last = page.at(-1);
    if (last) version = Number(last.key);
    if (page.length < PAGE) return version;
    await turn();
  }
  return version;
}

async function applyChange(records: RecordReader, tables: DirectoryTables, { kind, key }: ChangeRecord): Promise<void> {
  switch (kind) {
    case 'system': {
      const record = await records.get<SystemRecord>(KINDS.system, key);
      if (record) tables.putSystem(record.value);
      else tables.removeSystem(key);
      return;
    }
    case 'organisation': {
      const record = await records.get<OrganisationRecord>(KINDS.organisation, key);
      if (record) tables.putOrganisation(record.value);
      else tables.removeOrganisation(key);
      return;
    }
    default:
      throw new HubError('INTERNAL', { kind: kind satisfies never });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
