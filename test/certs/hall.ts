/** A door with its authority in a temporary folder, and clients that knock: what the tests of certs/ share. */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { type Authority, type Issued, openAuthority } from '../../certs/authority.ts';
import { createDoor, type Door } from '../../certs/door.ts';
import { DEFAULT_DOOR_LIMITS, type DoorLimits } from '../../certs/door-limits.ts';
import type { KeyKind } from '../../certs/generate-key.ts';
import type { Refusal, RefusalReason } from '../../certs/refusals.ts';
import { openRevocation, type Revocation } from '../../certs/revocation.ts';
import { type Clock, type Instant, systemClock } from '../../core/clock.ts';

/** The machine's clock, moved by `offset_ms`: timers stay real. */
export interface MovedClock extends Clock {
  offset_ms: number;
}

export function movedClock(): MovedClock {
  const clock: MovedClock = {
    offset_ms: 0,
    now: (): Instant => Date.now() + clock.offset_ms,
    timer: systemClock.timer,
  };
  return clock;
}

export async function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'vertebra-test-'));
}

export interface Hall {
  readonly folder: string;
  readonly authority: Authority;
  readonly revocation: Revocation;
  readonly door: Door;
  readonly port: number;
  readonly clock: MovedClock;
  readonly refusals: Refusal[];
  readonly served: string[];
  /** Waits until a refusal with this reason was reported. */
  refused(reason: RefusalReason): Promise<void>;
  close(): Promise<void>;
}

export interface HallOptions {
  readonly limits?: Partial<DoorLimits>;
  readonly serverKey?: KeyKind;
  readonly interval_ms?: number;
  readonly grace_ms?: number;
}

export async function openHall(options: HallOptions = {}): Promise<Hall> {
  const folder = await temporaryFolder();
  const clock = movedClock();
  const authority = await openAuthority(join(folder, 'authority'), { clock });
  const own = await authority.issueServer({
    commonName: 'hub',
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    key: options.serverKey ?? 'ec-p256',
  });
  const revocation = await openRevocation({
    paths: [authority.crlPath],
    authorities: [authority.certificatePem],
    clock,
    interval_ms: options.interval_ms ?? 60_000,
    ...(options.grace_ms !== undefined && { grace_ms: options.grace_ms }),
  });
  const refusals: Refusal[] = [];
  const served: string[] = [];
  const door = createDoor({
    material: { key: own.keyPem, cert: own.certificatePem, ca: [authority.certificatePem] },
    revocation,
    limits: { ...DEFAULT_DOOR_LIMITS, ...options.limits },
    report: (refusal) => refusals.push(refusal),
    handle(incoming, response, peer) {
      incoming.resume().on('end', () => {
        served.push(peer.fingerprint256);
        response.end(peer.fingerprint256);
      });
    },
  });
  await new Promise<void>((resolve) => {
    door.server.listen(0, '127.0.0.1', resolve);
  });
  return {
    folder,
    authority,
    revocation,
    door,
    port: (door.server.address() as AddressInfo).port,
    clock,
    refusals,
    served,
    refused: (reason) =>
      eventually(() => refusals.some((refusal) => refusal.reason === reason), `a refusal: ${reason}`),
    async close() {
      revocation.close();
      await door.close(50);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What a client needs to be known at the hall's door. */
export function credentials(hall: Hall, issued: Issued): ConnectionOptions {
  return { key: issued.keyPem, cert: issued.certificatePem, ca: hall.authority.certificatePem };
}

export interface Knock {
  readonly status: number;
  readonly body: string;
}

/** One request; rejects when there is no answer within three seconds. */
export function knock(
  hall: Hall,
  options: ConnectionOptions & { agent?: Agent; method?: string } = {},
): Promise<Knock> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port: hall.port, path: '/', agent: false, timeout: 3_000, ...options },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      },
    );
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', reject);
    asked.end();
  });
}

/** The error's code when a knock is refused; fails when it is answered. */
export async function refusal(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    return code ?? message;
  }
  throw new Error('It was answered.');
}

/** A TLS connection after its handshake, or a rejection. */
export function handshake(hall: Hall, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: hall.port, ...options }, () => resolve(socket));
    socket.on('error', reject);
  });
}

export async function eventually(holds: () => boolean, what: string, within_ms = 3_000): Promise<void> {
  for (const start = Date.now(); !holds(); ) {
    if (Date.now() - start > within_ms) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export { Agent };
