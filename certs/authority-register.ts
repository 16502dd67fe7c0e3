/** What an authority has issued and revoked, and the revocation list that follows from it. */
import { appendFile, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Instant, iso } from '../core/clock.ts';
import { writeFileDurably } from './durable-file.ts';
import { crlToPem, normaliseFingerprint, normaliseSerial, readCrls, x509 } from './x509.ts';

/** RFC 5280, 5.3.1; the reasons an operator may give. */
export const REVOCATION_REASONS = {
  'key-compromise': x509.X509CrlReason.keyCompromise,
  'affiliation-changed': x509.X509CrlReason.affiliationChanged,
  superseded: x509.X509CrlReason.superseded,
  'cessation-of-operation': x509.X509CrlReason.cessationOfOperation,
  'privilege-withdrawn': x509.X509CrlReason.privilegeWithdrawn,
} as const;
export type RevocationReason = keyof typeof REVOCATION_REASONS;

export interface IssuedEntry {
  readonly serial: string;
  readonly fingerprint256: string;
  readonly commonName: string;
  readonly issuedAt: string;
  readonly notAfter: Instant;
}

interface RevokedEntry {
  readonly serial: string;
  readonly revokedAt: string;
  readonly reason: RevocationReason;
}

interface RegisterParts {
  readonly clock: Clock;
  readonly root: x509.X509Certificate;
  readonly key: Parameters<typeof x509.X509CrlGenerator.create>[0]['signingKey'];
  readonly life_ms: number;
}

/** `issued.jsonl` one line a certificate, `revoked/<serial>.json` one file a revocation, `root.crl.pem` made from them. */
export async function openRegister(folder: string, { clock, root, key, life_ms }: RegisterParts) {
  const issuedPath = join(folder, 'issued.jsonl');
  const revokedFolder = join(folder, 'revoked');
  const crlPath = join(folder, 'root.crl.pem');
  await mkdir(revokedFolder, { recursive: true });

  async function find(serialOrFingerprint: string): Promise<IssuedEntry | undefined> {
    const wanted = normaliseFingerprint(serialOrFingerprint);
    const serial = normaliseSerial(wanted);
    const text = await readFile(issuedPath, 'utf8').catch(orEmpty);
    for (const line of text.split('\n')) {
      if (!line.includes(serial) && !line.includes(wanted)) continue;
      const entry = JSON.parse(line) as IssuedEntry;
      if (entry.serial === serial || entry.fingerprint256 === wanted) return entry;
    }
    return undefined;
  }

  async function revokedNames(): Promise<string[]> {
    const names = await readdir(revokedFolder);
    return names.filter((name) => /^[0-9A-F]+\.json$/.test(name)).sort();
  }

  /**
   * Writes the list from the revocation files, and again when another process revoked meanwhile: whoever writes last has
   * looked after writing, so no interleaving of processes leaves a revocation out.
   */
  async function writeCrl(): Promise<void> {
    for (;;) {
      const names = await revokedNames();
      const entries = await Promise.all(
        names.map(async (name) => JSON.parse(await readFile(join(revokedFolder, name), 'utf8')) as RevokedEntry),
      );
      await writeFileDurably(crlPath, await makeCrl(entries));
      if (names.join() === (await revokedNames()).join()) return;
    }
  }

  async function makeCrl(entries: readonly RevokedEntry[]): Promise<string> {
    const now = clock.now();
    const crl = await x509.X509CrlGenerator.create({
      issuer: root.subjectName,
      thisUpdate: new Date(now - 60_000),
      nextUpdate: new Date(now + life_ms),
      signingKey: key,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' } as never,
      entries: entries.map(({ serial, revokedAt, reason }) => ({
        serialNumber: serial,
        revocationDate: new Date(revokedAt),
        reason: REVOCATION_REASONS[reason],
      })),
      extensions: [
        new x509.Extension('2.5.29.20', false, derInteger(now)),
        await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
      ],
    });
    return crlToPem(crl);
  }

  async function crlIsFresh(): Promise<boolean> {
    const text = await readFile(crlPath, 'utf8').catch(orEmpty);
    if (text === '') return false;
    const [crl] = readCrls(Buffer.from(text));
    if (crl === undefined) return false;
    const left = (crl.nextUpdate?.getTime() ?? 0) - clock.now();
    return left > life_ms / 2 && left <= life_ms + 60_000 && crl.entries.length === (await revokedNames()).length;
  }

  return {
    crlPath,
    find,
    /** One line, appended in one write, so processes do not mix theirs. */
    add: (entry: IssuedEntry) => appendFile(issuedPath, `${JSON.stringify(entry)}\n`),
    async revoke(serial: string, reason: RevocationReason = 'cessation-of-operation'): Promise<void> {
      const issued = await find(serial);
      if (issued === undefined) throw new Error('This authority issued no certificate with that serial number.');
      const path = join(revokedFolder, `${issued.serial}.json`);
      if ((await stat(path).catch(() => undefined)) === undefined) {
        const entry: RevokedEntry = { serial: issued.serial, revokedAt: iso(clock.now()), reason };
        await writeFileDurably(path, JSON.stringify(entry));
      }
      await writeCrl();
    },
    async refreshCrl({ force = false } = {}): Promise<void> {
      if (force || !(await crlIsFresh())) await writeCrl();
    },
  };
}

/** DER INTEGER of a number that is not negative: the list's number grows with time. */
function derInteger(value: number): Uint8Array<ArrayBuffer> {
  const hex = Math.max(value, 0).toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const digits = Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
  return Uint8Array.from([0x02, digits.length, ...digits]);
}

function orEmpty(cause: NodeJS.ErrnoException): string {
  if (cause.code === 'ENOENT') return '';
  throw cause;
}
