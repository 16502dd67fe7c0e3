/** Where one scenario takes place: a temporary folder, an authority, and systems that are registered and hold certificates. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, openAuthority } from '../certs/authority.ts';
import type { TlsMaterial } from '../certs/tls-options.ts';
import { systemClock } from '../core/clock.ts';
import type { SystemInput } from '../directory/input.ts';
import type { Identity } from '../examples/connected-system.ts';
import { certify } from '../test/support/registration.ts';
import type { Sender } from './generator-process.ts';
import { ACKNOWLEDGEMENT, ORDER, SERVICE } from './orders.ts';

/** How the hub is known to its systems: the defaults of config.ts, and the system number that the examples use. */
const HUB = { systemId: '200000001285', partyKey: 'YES-0000806', cpaId: 'S1001A1630' };
const NOMINATED = 'FA565';
/** A receiver that does not answer within this is tried again. */
const RECEIVER_TIMEOUT_ms = 10_000;

export interface HallSystem {
  readonly systemId: string;
  readonly partyKey: string;
  readonly ods: string;
  readonly identity: Identity;
  readonly fingerprint: string;
}

export interface Hall {
  readonly folder: string;
  /** The hub's data folder; the authority is in it already. */
  readonly dataFolder: string;
  readonly authority: Authority;
  readonly systems: readonly HallSystem[];
  close(): Promise<void>;
}

export async function openHall(systems: number): Promise<Hall> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-bench-'));
  const removeNow = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', removeNow); // when the run is cut short
  const dataFolder = join(folder, 'data');
  const authority = await openAuthority(join(dataFolder, 'authority'), { clock: systemClock });
  const made: HallSystem[] = [];
  for (let number = 1; number <= systems; number++) {
    const digits = String(number).padStart(3, '0');
    const { issued, identity } = await certify(authority, `Bench surgery ${number}`);
    made.push({
      systemId: `210000000${digits}`,
      partyKey: `B83${digits}-830${digits}`,
      ods: `B83${digits}`,
      identity,
      fingerprint: issued.fingerprint256,
    });
  }
  return {
    folder,
    dataFolder,
    authority,
    systems: made,
    async close() {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      process.off('exit', removeNow);
    },
  };
}

/** Key, certificate and authority of a server at `localhost`. */
export async function serverMaterial({ authority }: Hall): Promise<TlsMaterial> {
  const issued = await authority.issueServer({ commonName: 'localhost', dnsNames: ['localhost'] });
  return { cert: issued.certificatePem, key: issued.keyPem, ca: [authority.certificatePem] };
}

/** What the directory is told of the systems; the ports of their doors in the same order. */
export const registrations = ({ systems }: Hall, ports: readonly number[]): SystemInput[] =>
  systems.map((system, index) => ({
    systemId: system.systemId,
    partyKey: system.partyKey,
    ods: system.ods,
    kind: 'general-practice',
    name: `Bench surgery ${index + 1}`,
    sends: [`${SERVICE}:${ORDER}`],
    receives: [`${SERVICE}:${ACKNOWLEDGEMENT}`],
    endpoint: { url: `https://127.0.0.1:${ports[index] ?? 0}/in`, wire: 'ebxml', timeout_ms: RECEIVER_TIMEOUT_ms },
    certificates: [system.fingerprint],
  }));

/** The systems as senders, the connections shared out among them. */
export const sendersOf = ({ systems }: Hall, path: string, connections: number): Sender[] =>
  systems.map(({ systemId, partyKey, ods, identity }, index) => ({
    identity,
    order: { path, from: { systemId, partyKey, ods }, hub: HUB, nominated: NOMINATED, at: systemClock.now() },
    connections: Math.floor((connections + index) / systems.length),
  }));
