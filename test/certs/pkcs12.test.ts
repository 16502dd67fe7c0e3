import { execFileSync } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { expect } from 'chai';
import { type Authority, openAuthority } from '../../certs/authority.ts';
import { packPkcs12 } from '../../certs/pkcs12.ts';
import { systemClock } from '../../core/clock.ts';
import { type Hall, knock, openHall, temporaryFolder } from './hall.ts';

const PASSWORD = 'correct horse battery';

describe('a PKCS#12 file', () => {
  let hall: Hall;
  let authority: Authority;
  before(async () => {
    hall = await openHall();
    authority = hall.authority;
  });
  after(() => hall.close());

  for (const kind of ['rsa-2048', 'ec-p256'] as const) {
    it(`with an ${kind} key opens a door through node:tls`, async () => {
      const client = await authority.issueClient({ commonName: 'surgery', key: { generate: kind } });
      const pfx = packPkcs12({ ...client, chainPem: [authority.certificatePem], password: PASSWORD });
      const answer = await knock(hall, { pfx, passphrase: PASSWORD, ca: authority.certificatePem });
      expect(answer).to.deep.equal({ status: 200, body: client.fingerprint256 });
    });

    it(`with an ${kind} key is read by openssl: key, certificate, chain and name`, async function () {
      if (!hasOpenssl()) {
        console.log('      skipped: the openssl command is not installed');
        return this.skip();
      }
      const client = await authority.issueClient({ commonName: 'surgery', key: { generate: kind } });
      const pfx = packPkcs12({
        ...client,
        chainPem: [authority.certificatePem],
        password: PASSWORD,
        name: 'Surgery 1',
      });
      const path = join(hall.folder, `${kind}.p12`);
      await writeFile(path, pfx);
      const text = execFileSync('openssl', ['pkcs12', '-in', path, '-passin', `pass:${PASSWORD}`, '-nodes'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(text).to.contain(client.certificatePem.trim());
      expect(text).to.contain(authority.certificatePem.trim());
      expect(text).to.contain(client.keyPem.trim());
      expect(text).to.contain('friendlyName: Surgery 1');
    });
  }

  it('does not open with another password', async () => {
    const client = await authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    const pfx = packPkcs12({ ...client, password: PASSWORD });
    expect(() => createSecureContext({ pfx, passphrase: 'wrong horse battery' })).to.throw(/mac verify failure/);
    expect(pfx.includes(Buffer.from(client.keyPem.split('\n')[1] ?? '', 'base64').subarray(0, 40))).to.equal(false);
  });

  it('is not made with a weak password or with a key of another certificate', async () => {
    const folder = await temporaryFolder();
    const other = await openAuthority(join(folder, 'other'), { clock: systemClock });
    const one = await authority.issueClient({ commonName: 'one', key: { generate: 'ec-p256' } });
    const two = await other.issueClient({ commonName: 'two', key: { generate: 'ec-p256' } });
    expect(() => packPkcs12({ ...one, password: 'short' })).to.throw(/12 printable/);
    expect(() => packPkcs12({ ...one, keyPem: two.keyPem, password: PASSWORD })).to.throw(/not the key/);
    await rm(folder, { recursive: true });
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
