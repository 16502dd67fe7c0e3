import { createPrivateKey, createPublicKey, type webcrypto } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { createDoor, type Door } from '../../certs/door.ts';
import { DEFAULT_DOOR_LIMITS } from '../../certs/door-limits.ts';
import { generateKey } from '../../certs/generate-key.ts';
import type { Refusal } from '../../certs/refusals.ts';
import { openRevocation, type Revocation } from '../../certs/revocation.ts';
import { crlToPem, x509 } from '../../certs/x509.ts';
import { eventually, movedClock, refusal, temporaryFolder } from './hall.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** A root, an authority under it that issues, and two ends: the shape of a national public key infrastructure. */
describe('a chain through an intermediate authority', () => {
  let folder: string;
  let root: Holder;
  let between: Holder;
  let surgery: Holder;
  let revocation: Revocation;
  let door: Door;
  const clock = movedClock();
  const refusals: Refusal[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder();
    refusals.length = 0;
    clock.offset_ms = 0;
    root = await certify('Root', '01', undefined, authority());
    between = await certify('Sub', '02', root, authority());
    surgery = await certify('surgery', '03', between, end('clientAuth'));
    const hub = await certify('hub', '04', between, end('serverAuth'));
    await revoke(root, []);
    await revoke(between, []);
    revocation = await openRevocation({ paths: paths(), authorities: [root.pem, between.pem], clock });
    door = createDoor({
      material: { key: hub.keyPem, cert: hub.pem + between.pem, ca: [root.pem, between.pem] },
      revocation,
      limits: DEFAULT_DOOR_LIMITS,
      report: (one) => refusals.push(one),
      handle: (_, response) => response.end('served'),
    });
    await new Promise<void>((resolve) => {
      door.server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterEach(async () => {
    revocation.close();
    await door.close(20);
    await rm(folder, { recursive: true });
  });

  it('is served, whether the client sends the intermediate or not', async () => {
    for (const cert of [surgery.pem, surgery.pem + between.pem])
      expect(await ask(await knock(cert))).to.contain('served');
  });

  it('falls with the end certificate', async () => {
    await revoke(between, ['03']);
    await revocation.reload();
    await refusal(knock(surgery.pem).then(ask));
    await eventually(() => refusals.some(({ reason }) => reason === 'certificate-revoked'), 'the refusal');
  });

  it('falls with the intermediate, on open connections and in the days of grace too', async () => {
    const open = await knock(surgery.pem + between.pem);
    expect(await ask(open)).to.contain('served');
    await revoke(root, ['02']);
    await revocation.reload();
    await refusal(ask(open));
    clock.offset_ms = 1.5 * DAY_MS;
    await revocation.reload();
    expect(revocation.tlsLists()).to.equal(undefined);
    await refusal(knock(surgery.pem).then(ask));
    await eventually(
      () => refusals.filter(({ reason }) => reason === 'certificate-revoked').length === 2,
      'both refusals',
    );
  });

  it('is refused at the start when the root has a list and the intermediate has none', async () => {
    const opening = openRevocation({ paths: paths().slice(0, 1), authorities: [root.pem, between.pem], clock });
    expect(await refusal(opening)).to.contain('no revocation list of the authority CN=Sub');
  });

  const paths = () => [join(folder, 'Root.crl'), join(folder, 'Sub.crl')];

  async function revoke(by: Holder, serials: readonly string[]): Promise<void> {
    const crl = await x509.X509CrlGenerator.create({
      issuer: `CN=${by.name}`,
      thisUpdate: new Date(Date.now() - DAY_MS),
      nextUpdate: new Date(Date.now() + DAY_MS),
      signingKey: by.key,
      signingAlgorithm: ALGORITHM,
      entries: serials.map((serialNumber) => ({ serialNumber, reason: x509.X509CrlReason.cACompromise })),
    });
    await writeFile(join(folder, `${by.name}.crl`), crlToPem(crl));
  }

  function knock(cert: string): Promise<TLSSocket> {
    const { port } = door.server.address() as AddressInfo;
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, key: surgery.keyPem, cert, ca: root.pem, servername: 'hub.example' };
      const socket = connect(options, () => resolve(socket));
      socket.on('error', reject);
    });
  }
});

interface Holder {
  readonly name: string;
  readonly pem: string;
  readonly keyPem: string;
  readonly key: webcrypto.CryptoKey;
}

const authority = () => [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
];

const end = (usage: 'clientAuth' | 'serverAuth') => [
  new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
  new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'hub.example' }]),
];

async function certify(
  name: string,
  serialNumber: string,
  issuer: Holder | undefined,
  extensions: x509.Extension[],
): Promise<Holder> {
  const { keyPem } = await generateKey('ec-p256');
  const key = createPrivateKey(keyPem).toCryptoKey(ALGORITHM, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: `CN=${name}`,
    issuer: `CN=${issuer?.name ?? name}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    publicKey: createPublicKey(keyPem).toCryptoKey(ALGORITHM, true, ['verify']),
    signingKey: issuer?.key ?? key,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  return { name, keyPem, key, pem: `${certificate.toString('pem')}\n` };
}

function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(new Error('cut'));
    socket.once('close', cut).once('end', cut).once('error', cut);
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: hub\r\n\r\n');
  });
}
