/** The operator's side of a hub: administration and enrolment, over a running hub or over its data folder alone. */
import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Authority, openAuthority } from './certs/authority.ts';
import type { Config } from './config.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { DirectoryReader } from './core/directory.ts';
import { HubError } from './core/errors.ts';
import type { Store } from './core/store.ts';
import { silentTelemetry, type Telemetry } from './core/telemetry.ts';
import * as changes from './directory/changes.ts';
import { createDirectory, type Directory } from './directory/reader.ts';
import { KINDS } from './directory/records.ts';
import { openLakeProcess } from './pipeline/lake-process.ts';
import { contractOf, openStore } from './plugs.ts';
import { type AdministrationParts, createAdministration } from './routes/admin/administration.ts';
import { hubParty } from './routes/admin/committer.ts';
import { createEnrolment, type Enrolment } from './routes/admin/enrolment.ts';
import type { Administration, LakeAnswer } from './routes/admin/operations.ts';
import { openOperatorToken } from './routes/admin/operator-token.ts';

export interface ManagementParts {
  readonly config: Config;
  readonly store: Store;
  readonly directory: DirectoryReader & { refresh(): Promise<void> };
  readonly authority: Authority;
  readonly clock: Clock;
  /** What only a running hub can do and tell. */
  readonly running?: Pick<AdministrationParts, 'enforceRevocation' | 'running'>;
}

export interface Management {
  readonly administration: Administration;
  /** Undefined where certificates come from an authority outside the hub. */
  readonly enrolment: Enrolment | undefined;
}

const REFRESH_EVERY_ms = 1_000;

export function createManagement({ config, store, directory, authority, clock, running }: ManagementParts): Management {
  const own = config.clientAuthorityFile === undefined ? authority : undefined;
  const common = {
    ...{ store, directory, changes, clock },
    knows: (interaction: string) => contractOf(interaction) !== undefined,
    hub: hubParty(config.partyKey),
  };
  return {
    administration: createAdministration({
      ...common,
      ...running,
      kinds: KINDS,
      operator: userInfo().username,
      authority: own,
      auditFolder: join(config.dataFolder, 'audit'),
      queryLake: (sql) => askLake(join(config.dataFolder, 'lake'), sql),
    }),
    enrolment: own && createEnrolment({ ...common, authority: own }),
  };
}

/** Each query in a process of its own, which may die of what it was asked: the hub and the tap never feel it. */
async function askLake(folder: string, sql: string): Promise<LakeAnswer> {
  const lake = openLakeProcess({ folder, answerWithin_ms: 60_000 });
  try {
    return await lake.query(sql);
  } catch (thrown) {
    if (thrown instanceof HubError) throw thrown;
    const what = 'the query needs more than a query may have: ask for less at once';
    throw new HubError('RULE_REFUSED', { faults: [{ path: 'sql', what }] }, { cause: thrown });
  } finally {
    await lake.close();
  }
}

export const openDirectory = (store: Store, clock: Clock, telemetry: Telemetry): Promise<Directory> =>
  createDirectory({
    ...{ records: store.records, clock, interactions: contractOf, refreshEvery_ms: REFRESH_EVERY_ms },
    onRefreshFailed: (error) => telemetry.trouble('a directory that could not be refreshed', error),
  });

/** The store and everything over it, where no hub runs on the data folder. Makes what a new folder lacks. */
export async function openOffline(
  config: Config,
): Promise<{ readonly administration: Administration; close(): Promise<void> }> {
  const clock = systemClock;
  const store = await openStore(config, silentTelemetry);
  try {
    const authority = await openAuthority(join(config.dataFolder, 'authority'), { clock });
    const directory = await openDirectory(store, clock, silentTelemetry);
    await openOperatorToken(config.dataFolder);
    return {
      administration: createManagement({ config, store, directory, authority, clock }).administration,
      async close() {
        directory.close();
        await store.close();
      },
    };
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** Where a running hub is to be found, for the command line: `hub.json` in its data folder. */
export interface Whereabouts {
  readonly pid: number;
  readonly adminUrl: string;
  readonly messageUrl: string;
  readonly operationsUrl: string;
  /** PEM: what the doors show. */
  readonly serverCertificate: string;
}

/** Writes the file; gives what removes it. */
export async function tellWhereabouts(config: Config, whereabouts: Whereabouts): Promise<() => Promise<void>> {
  const path = join(config.dataFolder, 'hub.json');
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(whereabouts, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
  return () => rm(path, { force: true });
}
