/** A certificate authority in a folder, for development and small sites: issues, revokes, and keeps its revocation list. */
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Clock, type Instant, iso } from '../core/clock.ts';
import { type IssuedEntry, openRegister, type RevocationReason } from './authority-register.ts';
import { checkCsr } from './csr.ts';
import { syncFolder, writeFileDurably } from './durable-file.ts';
import { generateKey, type KeyKind } from './generate-key.ts';
import { normaliseFingerprint, normaliseSerial, x509 } from './x509.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const ROOT_LIFE_MS = 3_650 * DAY_MS;
const CERTIFICATE_LIFE_MS = 397 * DAY_MS;
const CRL_LIFE_MS = 7 * DAY_MS;
/** Certificates begin a little in the past: clocks of connected systems are never quite ours. */
const BACKDATE_MS = 5 * 60 * 1_000;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Names that a TLS client will find in a server's certificate. */
export interface EndpointNames {
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface Validity {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

export interface ServerRequest extends EndpointNames {
  readonly commonName: string;
  readonly key?: KeyKind;
  readonly validity?: Validity;
}

export interface ClientRequest {
  /** For people only; the hub knows a system by the certificate's fingerprint. */
  readonly commonName: string;
  readonly organisation?: string;
  /** A PKCS#10 request, or the kind of key to make here. */
  readonly key: { readonly csrPem: string } | { readonly generate: KeyKind };
  /** For a system that also receives by push: its certificate then serves at its own door as well. */
  readonly endpoint?: EndpointNames;
  readonly validity?: Validity;
}

export interface Issued {
  readonly certificatePem: string;
  /** Only when the key was made here; empty for a request. */
  readonly keyPem: string;
  /** Hex in capitals. */
  readonly serial: string;
  /** SHA-256, hex in capitals without colons: the name of the certificate in the directory. */
  readonly fingerprint256: string;
  readonly notAfter: Instant;
}

export interface Authority {
  readonly certificatePem: string;
  readonly certificatePath: string;
  readonly crlPath: string;
  issueServer(request: ServerRequest): Promise<Issued>;
  /** Throws HubError CSR_INVALID. */
  issueClient(request: ClientRequest): Promise<Issued>;
  /** Puts a certificate on the revocation list; again is harmless. Throws when this authority never issued it. */
  revoke(serial: string, reason?: RevocationReason): Promise<void>;
  /** What was issued, found by serial or fingerprint. */
  find(serialOrFingerprint: string): Promise<IssuedEntry | undefined>;
  /** Writes the revocation list anew when more than half of its life is over, or always with `force`. */
  refreshCrl(options?: { force?: boolean }): Promise<void>;
}

export interface AuthorityOptions {
  readonly clock: Clock;
  /** Common name of a root that has to be made. */
  readonly name?: string;
  /** False: throw where there is none yet. */
  readonly create?: boolean;
}

/**
 * Opens the authority of a folder and makes it first where there is none. Several processes may hold one folder open:
 * every file is replaced in one step, and a revocation is a file of its own, so none is lost to another's write.
 */
export async function openAuthority(folder: string, options: AuthorityOptions): Promise<Authority> {
  const { clock, name = 'Vertebra development authority', create = true } = options;
  const paths = { key: join(folder, 'root.key.pem'), certificate: join(folder, 'root.crt.pem') };
  if (!(await exists(paths.certificate))) {
    if (!create) throw new Error(`There is no certificate authority in ${folder}.`);
    await makeRoot(folder, name, clock.now());
  }
  const { key, certificatePem } = await loadRoot(paths);
  const root = new x509.X509Certificate(certificatePem);
  const register = await openRegister(folder, { clock, root, key, life_ms: CRL_LIFE_MS });
  await register.refreshCrl({ force: false });

  async function issue(subject: x509.Name, publicKey: Uint8Array, request: Profile): Promise<Issued> {
    const now = clock.now();
    const notBefore = request.validity?.notBefore ?? now - BACKDATE_MS;
    const notAfter = Math.min(request.validity?.notAfter ?? now + CERTIFICATE_LIFE_MS, root.notAfter.getTime());
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject,
      issuer: root.subjectName,
      notBefore: new Date(notBefore),
      notAfter: new Date(notAfter),
      publicKey,
      signingKey: key,
      signingAlgorithm: ECDSA,
      extensions: await leafExtensions(root, publicKey, request),
    });
    const certificatePem = `${certificate.toString('pem')}\n`;
    const issued = {
      serial: normaliseSerial(certificate.serialNumber),
      fingerprint256: normaliseFingerprint(new X509Certificate(certificatePem).fingerprint256),
      notAfter: certificate.notAfter.getTime(),
    };
    await register.add({ ...issued, commonName: request.commonName, issuedAt: iso(now) });
    return { ...issued, certificatePem, keyPem: '' };
  }

  return {
    certificatePem,
    certificatePath: paths.certificate,
    crlPath: register.crlPath,
    find: register.find,
    revoke: register.revoke,
    refreshCrl: register.refreshCrl,
    async issueServer(request) {
      const made = await generateKey(request.key ?? 'ec-p256');
      const issued = await issue(subjectName(request), made.publicKey, {
        ...request,
        endpoint: request,
        client: false,
      });
      return { ...issued, keyPem: made.keyPem };
    },
    async issueClient(request) {
      const made =
        'csrPem' in request.key
          ? { publicKey: (await checkCsr(request.key.csrPem)).publicKey, keyPem: '' }
          : await generateKey(request.key.generate);
      const issued = await issue(subjectName(request), made.publicKey, { ...request, client: true });
      return { ...issued, keyPem: made.keyPem };
    },
  };
}

interface Profile {
  readonly commonName: string;
  readonly client: boolean;
  readonly endpoint?: EndpointNames | undefined;
  readonly validity?: Validity | undefined;
}

/** Values are given as strings of the certificate, so no character in a name is taken for syntax. */
function subjectName({ commonName, organisation }: { commonName: string; organisation?: string }): x509.Name {
  return new x509.Name([
    ...(organisation === undefined ? [] : [{ O: [{ utf8String: organisation }] }]),
    { CN: [{ utf8String: commonName }] },
  ]);
}

/** RFC 5280, 4.2.1: what an end certificate may be used for, and by which names it is found. */
async function leafExtensions(root: x509.X509Certificate, publicKey: Uint8Array, profile: Profile) {
  const { dnsNames = [], ipAddresses = [] } = profile.endpoint ?? {};
  const names: x509.JsonGeneralNames = [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  if (!profile.client && names.length === 0) throw new Error('A server certificate needs a name or an address.');
  const usages = [
    ...(profile.client ? [x509.ExtendedKeyUsage.clientAuth] : []),
    ...(profile.endpoint ? [x509.ExtendedKeyUsage.serverAuth] : []),
  ];
  // RSA key exchange is never offered, so no key needs keyEncipherment.
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(usages, false),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(root.publicKey),
  ];
}

/** The root is made beside and renamed into place whole: of two processes that start together one wins, both load it. */
async function makeRoot(folder: string, name: string, now: Instant): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const beside = await mkdtemp(`${folder}.new-`);
  try {
    const { keyPem, publicKey } = await generateKey('ec-p256');
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: subjectName({ commonName: name }),
      issuer: subjectName({ commonName: name }),
      notBefore: new Date(now - BACKDATE_MS),
      notAfter: new Date(now + ROOT_LIFE_MS),
      publicKey,
      signingKey: signingKey(keyPem),
      signingAlgorithm: ECDSA,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    await writeFileDurably(join(beside, 'root.key.pem'), keyPem, 0o600);
    await writeFileDurably(join(beside, 'root.crt.pem'), `${certificate.toString('pem')}\n`);
    await rename(beside, folder);
    await syncFolder(dirname(folder));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
    if (!(await exists(join(folder, 'root.crt.pem'))))
      throw new Error(`${folder} is not empty and holds no authority.`);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

async function loadRoot(paths: { key: string; certificate: string }) {
  const { mode } = await stat(paths.key);
  if ((mode & 0o077) !== 0) throw new Error(`${paths.key} may be read by others: chmod 600 it.`);
  const keyPem = await readFile(paths.key, 'utf8');
  const certificatePem = await readFile(paths.certificate, 'utf8');
  if (!new X509Certificate(certificatePem).checkPrivateKey(createPrivateKey(keyPem))) {
    throw new Error(`${paths.key} is not the key of ${paths.certificate}.`);
  }
  return { key: signingKey(keyPem), certificatePem };
}

const signingKey = (keyPem: string) => createPrivateKey(keyPem).toCryptoKey(ECDSA, false, ['sign']);

/** 127 random bits, positive and never zero (RFC 5280, 4.1.2.2). */
function newSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

const exists = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;
