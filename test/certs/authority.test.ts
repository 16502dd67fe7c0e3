import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { chmod, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openAuthority } from '../../certs/authority.ts';
import { openRevocation } from '../../certs/revocation.ts';
import { readCrls } from '../../certs/x509.ts';
import { type MovedClock, movedClock, refusal, temporaryFolder } from './hall.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('a certificate authority', () => {
  let folder: string;
  let place: string;
  let clock: MovedClock;
  beforeEach(async () => {
    folder = await temporaryFolder();
    place = join(folder, 'authority');
    clock = movedClock();
  });
  afterEach(() => rm(folder, { recursive: true }));
  const revokedSerials = async (): Promise<string[]> =>
    readCrls(await readFile(join(place, 'root.crl.pem'))).flatMap((crl) =>
      crl.entries.map((entry) => entry.serialNumber.toUpperCase()),
    );

  it('is made once, though two processes start at the same moment, and stays the same', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openAuthority(place, { clock })));
    opened.push(await openAuthority(place, { clock }));
    expect(new Set(opened.map((one) => one.certificatePem)).size).to.equal(1);
    expect((await readdir(folder)).sort()).to.deep.equal(['authority']);
  });

  it('keeps its key for itself, and does not start when others may read it', async () => {
    await openAuthority(place, { clock });
    const key = join(place, 'root.key.pem');
    expect((await stat(key)).mode & 0o777).to.equal(0o600);
    await chmod(key, 0o644);
    expect(await refusal(openAuthority(place, { clock }))).to.contain('may be read by others');
  });

  it('is not made where the caller only wants an old one', async () => {
    expect(await refusal(openAuthority(place, { clock, create: false }))).to.contain('no certificate authority');
  });

  it('issues certificates with a use, names and an end that its own end bounds', async () => {
    const authority = await openAuthority(place, { clock });
    const root = new X509Certificate(authority.certificatePem);
    const far = Date.now() + 100 * 365 * DAY_MS;
    const issued = await authority.issueServer({
      commonName: 'hub',
      dnsNames: ['hub.example'],
      ipAddresses: ['127.0.0.1'],
      validity: { notBefore: Date.now(), notAfter: far },
    });
    const certificate = new X509Certificate(issued.certificatePem);
    expect(certificate.verify(root.publicKey) && certificate.checkIssued(root)).to.equal(true);
    expect(certificate.ca).to.equal(false);
    expect(certificate.keyUsage).to.deep.equal(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.subjectAltName).to.equal('DNS:hub.example, IP Address:127.0.0.1');
    expect(certificate.validTo).to.equal(root.validTo);
    expect(issued.serial).to.match(/^[4-7][0-9A-F]{31}$/);
  });

  it('takes a name for a name, whatever characters it has', async () => {
    const authority = await openAuthority(place, { clock });
    const commonName = '#04, CN=admin+O="x"\\é';
    const issued = await authority.issueClient({ commonName, key: { generate: 'ec-p256' } });
    const legacy = new X509Certificate(issued.certificatePem).toLegacyObject();
    expect(legacy.subject).to.deep.equal({ CN: commonName });
  });

  it('loses no revocation when two processes revoke at the same moment', async () => {
    const [one, two] = await Promise.all([openAuthority(place, { clock }), openAuthority(place, { clock })]);
    const issued = await Promise.all(
      Array.from({ length: 8 }, () => one.issueClient({ commonName: 'x', key: { generate: 'ec-p256' } })),
    );
    await Promise.all(issued.map(({ serial }, index) => (index % 2 === 0 ? one : two).revoke(serial)));
    expect((await revokedSerials()).sort()).to.deep.equal(issued.map(({ serial }) => serial).sort());
  });

  it('looks again after writing its list: what another process revoked meanwhile is in it', async () => {
    const authority = await openAuthority(place, { clock });
    const issue = () => authority.issueClient({ commonName: 'x', key: { generate: 'ec-p256' } });
    const [mine, theirs] = [await issue(), await issue()];
    let looks = 0;
    const meddled = { ...clock, now: () => (++looks === 2 ? revokedByAnother() : clock.now()) };
    function revokedByAnother(): number {
      const entry = { serial: theirs.serial, revokedAt: new Date().toISOString(), reason: 'superseded' };
      writeFileSync(join(place, 'revoked', `${theirs.serial}.json`), JSON.stringify(entry));
      return clock.now();
    }
    const other = await openAuthority(place, { clock: meddled });
    looks = 0;
    await other.revoke(mine.serial);
    expect((await revokedSerials()).sort()).to.deep.equal([mine.serial, theirs.serial].sort());
    expect(looks, 'the list was made twice').to.equal(3);
  });

  it('revokes what it issued, again without harm, and nothing else', async () => {
    const authority = await openAuthority(place, { clock });
    const issued = await authority.issueClient({ commonName: 'x', key: { generate: 'ec-p256' } });
    expect((await authority.find(issued.fingerprint256))?.serial).to.equal(issued.serial);
    await authority.revoke(issued.serial, 'key-compromise');
    await authority.revoke(issued.serial.toLowerCase(), 'superseded');
    expect(await revokedSerials()).to.deep.equal([issued.serial]);
    expect(await refusal(authority.revoke('4D00'))).to.contain('no certificate with that serial');
  });

  it('renews its list when more than half of its life is over, also when it starts after a long rest', async () => {
    const authority = await openAuthority(place, { clock });
    const first = await readFile(authority.crlPath, 'utf8');
    clock.offset_ms = 3 * DAY_MS;
    await authority.refreshCrl();
    expect(await readFile(authority.crlPath, 'utf8')).to.equal(first);
    clock.offset_ms = 30 * DAY_MS;
    await openAuthority(place, { clock });
    const revocation = await openRevocation({
      paths: [authority.crlPath],
      authorities: [authority.certificatePem],
      clock,
    });
    expect(revocation.health().healthy).to.equal(true);
    revocation.close();
  });
});
