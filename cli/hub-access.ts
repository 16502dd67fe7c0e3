/** The administration of the hub on a data folder: over HTTPS while it runs, else straight over its store. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { createAdminClient, HubUnreachable, type Trust } from '../routes/admin/client.ts';
import type { Administration } from '../routes/admin/operations.ts';
import { operatorTokenPath, readOperatorToken } from '../routes/admin/operator-token.ts';
import type { World } from './world.ts';

/** What a running hub writes into its data folder as hub.json, and removes when it stops. */
export interface RunningHub {
  readonly pid: number;
  readonly adminUrl: string;
  readonly messageUrl: string;
  readonly operationsUrl: string;
  /** The certificate that its doors show, PEM: the one that is believed under adminUrl. */
  readonly serverCertificate?: string;
}

export const hubFile = (dataFolder: string): string => join(dataFolder, 'hub.json');
export const authorityFile = (dataFolder: string): string => join(dataFolder, 'authority', 'root.crt.pem');

/** Undefined where none runs: no file, or one that a dead process left. */
export async function runningHub(dataFolder: string): Promise<RunningHub | undefined> {
  const text = await readFile(hubFile(dataFolder), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  let hub: RunningHub;
  try {
    hub = JSON.parse(text) as RunningHub;
  } catch {
    throw new HubUnreachable(`${hubFile(dataFolder)} cannot be read: is the hub just starting?`);
  }
  return isAlive(hub.pid) ? hub : undefined;
}

export async function trustOf(dataFolder: string, hub: RunningHub | undefined): Promise<Trust> {
  if (hub?.serverCertificate !== undefined) return { certificate: hub.serverCertificate };
  return { ca: await readFile(authorityFile(dataFolder), 'utf8') };
}

/** Opens, works, closes, whatever happens. Throws HubUnreachable, or HubError STORE_UNAVAILABLE where the folder is in use. */
export async function withAdministration<Result>(
  world: World,
  config: Config,
  work: (administration: Administration) => Promise<Result>,
): Promise<Result> {
  const hub = await runningHub(config.dataFolder);
  if (hub === undefined) {
    const offline = await (await world.loadHub()).openOffline(config);
    try {
      return await work(offline.administration);
    } finally {
      await offline.close();
    }
  }
  const token = await readOperatorToken(operatorTokenPath(config.dataFolder)).catch((cause: unknown) => {
    throw new HubUnreachable(`The operator's token cannot be read: ${cause instanceof Error ? cause.message : ''}`, {
      cause,
    });
  });
  const client = createAdminClient({ url: hub.adminUrl, token, trust: await trustOf(config.dataFolder, hub) });
  try {
    return await work(client.administration);
  } finally {
    client.close();
  }
}

function isAlive(pid: unknown): boolean {
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
}
