/** Connects a system as its supplier would: a key that never leaves it, a request, one token, a certificate, its own door. */
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCsr, generateKey } from '../../certs/generate-key.ts';
import { pemBlocks } from '../../certs/x509.ts';
import type { DevelopmentIssuer } from '../../identity/development-issuer.ts';
import {
  createSystemClient,
  type EndpointOptions,
  type Identity,
  openEndpoint,
  type ReceivingEndpoint,
  type SystemClient,
} from '../connected-system.ts';
import type { Office } from './office.ts';
import { freePort } from './ports.ts';
import type { ExampleSystem } from './systems.ts';

export interface Connected {
  readonly system: ExampleSystem;
  readonly client: SystemClient;
  readonly endpoint?: ReceivingEndpoint;
  /** A token of the person who works there, bound to the system's certificate. Throws where nobody does. */
  token(): Promise<string>;
  close(): Promise<void>;
}

export interface ConnectParts {
  readonly office: Office;
  readonly issuer: DevelopmentIssuer;
  /** What a token names as the hub. */
  readonly audience: string;
  readonly messageUrl: string;
  /** Holds a folder for each system: its key, its certificate, the authority's, the port of its door. */
  readonly folder: string;
  /** What the system's own door answers; it acknowledges everything unless told otherwise. */
  readonly answer?: EndpointOptions['answer'];
}

/** The names that `vertebra enrol` gives them, so that `vertebra send --as` finds them. */
const FILES = { key: 'system.key.pem', certificate: 'system.crt.pem', authority: 'authority.crt.pem' } as const;
const LOOPBACK = '127.0.0.1';
const KNOWN_WITHIN_ms = 10_000;
const LOOK_EVERY_ms = 200;

export async function connect(system: ExampleSystem, parts: ConnectParts): Promise<Connected> {
  const folder = join(parts.folder, system.name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const port = system.wire === undefined ? undefined : await keptPort(folder);
  await parts.office.register(system, port === undefined ? undefined : `https://${LOOPBACK}:${port}/in`);
  const identity = (await keptIdentity(folder)) ?? (await enrol(system, folder, parts.office));
  const endpoint =
    port === undefined
      ? undefined
      : await openEndpoint(identity, { port, ...(parts.answer && { answer: parts.answer }) });
  const client = createSystemClient(parts.messageUrl, identity);
  const { fingerprint256 } = new X509Certificate(identity.certificatePem);

  return {
    system,
    client,
    ...(endpoint && { endpoint }),
    token() {
      if (system.worker === undefined) throw new Error(`Nobody works at the ${system.title}.`);
      const { userId, ...role } = system.worker;
      return parts.issuer.issueToken({
        userId,
        roles: [{ ...role, ods: system.ods }],
        audience: parts.audience,
        certificateFingerprint: fingerprint256,
      });
    },
    async close() {
      await client.close();
      await endpoint?.close();
    },
  };
}

/** The certificate of an earlier run, while it and its authority are good for another day. */
async function keptIdentity(folder: string): Promise<Identity | undefined> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8').catch(() => '');
  const [keyPem, certificatePem, authorityPem, current] = await Promise.all([
    read(FILES.key),
    read(FILES.certificate),
    read(FILES.authority),
    readFile(join(folder, '..', '..', 'authority', 'root.crt.pem'), 'utf8').catch(() => ''),
  ]);
  if (keyPem === '' || certificatePem === '' || authorityPem === '' || authorityPem.trim() !== current.trim())
    return undefined;
  const left_ms = Date.parse(new X509Certificate(certificatePem).validTo) - Date.now();
  return left_ms > 24 * 60 * 60 * 1_000 ? { keyPem, certificatePem, authorityPem } : undefined;
}

async function enrol(system: ExampleSystem, folder: string, office: Office): Promise<Identity> {
  const { keyPem } = await generateKey('ec-p256');
  await writeFile(join(folder, FILES.key), keyPem, { mode: 0o600 });
  const token = await office.invite(system);
  const chain = await office.enrol(token, await createCsr(keyPem, system.organisation));
  const [certificatePem = '', authorityPem = ''] = pemBlocks(chain, 'CERTIFICATE').map((pem) => `${pem}\n`);
  await writeFile(join(folder, FILES.certificate), certificatePem);
  await writeFile(join(folder, FILES.authority), authorityPem);
  return { keyPem, certificatePem, authorityPem };
}

/** The port that the system's door had before, if it is free, so that its registered address stays. */
async function keptPort(folder: string): Promise<number> {
  const file = join(folder, 'port');
  const before = Number(await readFile(file, 'utf8').catch(() => '0'));
  const port = await freePort(before, LOOPBACK);
  await writeFile(file, String(port));
  return port;
}

/** Waits until the hub's doors know the system: a change to the directory reaches them within a second or two. */
export async function untilKnown({ client }: Connected): Promise<void> {
  const until = Date.now() + KNOWN_WITHIN_ms;
  for (;;) {
    const { status } = await client.send('GET', '/mailbox?limit=1', {});
    if (status === 200) return;
    if (Date.now() > until) throw new Error(`the hub does not know the system after ${KNOWN_WITHIN_ms} ms: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_ms));
  }
}
