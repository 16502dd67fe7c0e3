import { createHmac, createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { exportJWK, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import { type Clock, systemClock } from '../../core/clock.ts';
import { HubError } from '../../core/errors.ts';
import { openDevelopmentIssuer } from '../../identity/development-issuer.ts';
import { createTokenVerifier, type Issuer, type TokenVerifier } from '../../identity/tokens.ts';

const AUDIENCE = 'https://hub.example';
const FINGERPRINT = 'AB'.repeat(32);
const OWN = Buffer.from(FINGERPRINT, 'hex').toString('base64url');
const OTHER = Buffer.from('CD'.repeat(32), 'hex').toString('base64url');
const PRESCRIBER = { roleId: '100334993514', role: 'S8000:G8000:R8000', ods: 'A83008', activities: ['B0420', 'B0278'] };
const PHARMACIST = { roleId: '200334993515', role: 'S8000:G8000:R8003', ods: 'VNE51', activities: ['B0570'] };
const ROLE_CLAIM = {
  person_roleid: PRESCRIBER.roleId,
  org_code: PRESCRIBER.ods,
  role_code: PRESCRIBER.role,
  activity_codes: PRESCRIBER.activities,
};

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

describe('a token', () => {
  let now_ms: number;
  const clock: Clock = { now: () => now_ms, timer: systemClock.timer };
  let verifier: TokenVerifier;
  beforeEach(async () => {
    now_ms = Date.UTC(2026, 10, 23, 9);
    verifier = await createTokenVerifier({ clock, issuers: [national(), bound()] });
  });

  const national = (): Issuer => ({
    issuer: 'https://cis2.example',
    audience: AUDIENCE,
    publicKeyPem: pem(rsa.publicKey),
    algorithms: ['RS256', 'PS256', 'RS512'],
  });
  const bound = (): Issuer => ({
    issuer: 'https://bound.example',
    audience: AUDIENCE,
    publicKeyPem: pem(ec.publicKey),
    algorithms: ['ES256'],
    certificateBound: true,
  });

  interface Made {
    readonly claims?: JWTPayload;
    readonly header?: Partial<JWTHeaderParameters>;
    readonly key?: KeyObject;
  }
  function make({ claims = {}, header = {}, key = rsa.privateKey }: Made = {}): Promise<string> {
    const now_s = Math.floor(now_ms / 1_000);
    const payload: JWTPayload = {
      iss: 'https://cis2.example',
      aud: AUDIENCE,
      sub: '555021935107',
      iat: now_s,
      exp: now_s + 599,
      nhsid_nrbac_roles: [ROLE_CLAIM],
      ...claims,
    };
    return new SignJWT(Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined)))
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'k1', ...header })
      .sign(key);
  }
  const show = (token: string, sessionRoleId?: string, certificateThumbprint = OWN) =>
    verifier.verify(`Bearer ${token}`, { certificateThumbprint, sessionRoleId });

  async function refused(shown: Promise<unknown>): Promise<void> {
    const thrown = await shown.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(thrown, 'it was accepted').to.be.instanceOf(HubError);
    const { code, details, cause } = thrown as HubError;
    expect(code).to.equal('TOKEN_INVALID');
    expect(details, 'the caller is not told why').to.deep.equal({});
    expect(cause).to.be.instanceOf(Error);
  }

  it('carries the person: user, role, organisation and activities', async () => {
    for (const alg of ['RS256', 'PS256', 'RS512']) {
      const person = await show(await make({ header: { alg } }), PRESCRIBER.roleId);
      expect(person).to.deep.equal({
        userId: '555021935107',
        roleId: PRESCRIBER.roleId,
        role: PRESCRIBER.role,
        ods: PRESCRIBER.ods,
        activities: new Set(PRESCRIBER.activities),
      });
    }
    const named = await show(await make({ claims: { nhsid_useruid: '910000000001' } }));
    expect(named.userId).to.equal('910000000001');
  });

  describe('is refused', () => {
    it('without a signature', async () => {
      const [, payload = ''] = (await make()).split('.');
      const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
      await refused(show(`${none}.${payload}.`));
      await refused(show(`${none}.${payload}.AAAA`));
    });

    it('when the public key was used as a secret', async () => {
      const [, payload] = (await make()).split('.');
      const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');
      const mac = createHmac('sha256', pem(rsa.publicKey)).update(`${header}.${payload}`).digest('base64url');
      await refused(show(`${header}.${payload}.${mac}`));
    });

    it('when another key signed it, also one that the token itself brings or points to', async () => {
      const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const jwk = await exportJWK(stranger.publicKey);
      for (const header of [{}, { jwk }, { jku: 'https://evil.example/jwks' }, { x5u: 'https://evil.example/x' }]) {
        await refused(show(await make({ key: stranger.privateKey, header })));
      }
    });

    it('when its algorithm is not one of its issuer', async () => {
      await refused(show(await make({ header: { alg: 'RS384' } })));
      await refused(show(await make({ header: { alg: 'ES256' }, key: ec.privateKey })));
    });

    it('when a byte of it was changed', async () => {
      const [header, payload = '', signature] = (await make()).split('.');
      const claims = Buffer.from(payload, 'base64url').toString().replace('B0420', 'B0570');
      await refused(show(`${header}.${Buffer.from(claims).toString('base64url')}.${signature}`));
    });

    for (const [why, claims] of [
      ['from an unknown issuer', { iss: 'https://evil.example' }],
      ['without an issuer', { iss: undefined }],
      ['for another audience', { aud: 'https://other.example' }],
      ['without an audience', { aud: undefined }],
      ['without an end', { exp: undefined }],
      ['without a beginning', { iat: undefined }],
      ['without a user', { sub: undefined }],
      ['without roles', { nhsid_nrbac_roles: undefined }],
      ['with an empty list of roles', { nhsid_nrbac_roles: [] }],
      ['with a role without an organisation', { nhsid_nrbac_roles: [{ ...ROLE_CLAIM, org_code: undefined }] }],
      ['with roles of the same id', { nhsid_nrbac_roles: [ROLE_CLAIM, { ...ROLE_CLAIM, org_code: 'VNE51' }] }],
      ['with a confirmation that nobody here can check', { cnf: { jkt: 'abc' } }],
    ] as const) {
      it(why, async () => {
        await show(await make());
        await refused(show(await make({ claims: claims as unknown as JWTPayload })));
      });
    }

    it('when it has ended, has not begun, or is too old', async () => {
      const now_s = Math.floor(now_ms / 1_000);
      await refused(show(await make({ claims: { exp: now_s - 6 } })));
      await refused(show(await make({ claims: { nbf: now_s + 60 } })));
      await refused(show(await make({ claims: { iat: now_s + 60 } })));
      await refused(show(await make({ claims: { iat: now_s - 3_700 } })));
    });

    it('when it is another type of token, or of none', async () => {
      await refused(show(await make({ header: { typ: 'logout+jwt' } })));
      await refused(show(await make({ header: { typ: undefined } as object })));
      await show(await make({ header: { typ: 'application/at+jwt' } }));
    });

    it('when it is no bearer token at all, or as long as a book', async () => {
      const token = await make();
      for (const header of ['', 'Bearer', `Basic ${token}`, `Bearer ${token} x`, `Bearer ${'a'.repeat(20_000)}.b.c`]) {
        await refused(verifier.verify(header, { certificateThumbprint: OWN }));
      }
    });
  });

  describe('speaks for one role', () => {
    const roles = [
      ROLE_CLAIM,
      {
        person_roleid: PHARMACIST.roleId,
        org_code: PHARMACIST.ods,
        role_code: PHARMACIST.role,
        activity_codes: ['B0570'],
      },
    ];

    it('the one chosen, and each call chooses anew', async () => {
      const token = await make({ claims: { nhsid_nrbac_roles: roles } });
      expect((await show(token, PRESCRIBER.roleId)).ods).to.equal(PRESCRIBER.ods);
      expect((await show(token, PHARMACIST.roleId)).ods).to.equal(PHARMACIST.ods);
    });

    it('never one that it does not hold, nor one of several unchosen', async () => {
      const token = await make({ claims: { nhsid_nrbac_roles: roles } });
      await show(token, PRESCRIBER.roleId);
      await refused(show(token, '999999999999'));
      await refused(show(token));
      await refused(show(token, ''));
    });
  });

  describe('bound to a certificate', () => {
    const issued = (cnf: object | undefined) =>
      make({ claims: { iss: 'https://bound.example', cnf }, header: { alg: 'ES256' }, key: ec.privateKey });

    it('is good with that one only, also the second time', async () => {
      const token = await issued({ 'x5t#S256': OWN });
      await refused(show(token, undefined, OTHER));
      await show(token);
      await refused(show(token, undefined, OTHER));
    });

    it('is demanded where the issuer is configured so', async () => {
      await refused(show(await issued(undefined)));
    });

    it('is held to it where the issuer does not demand it, too', async () => {
      await refused(show(await make({ claims: { cnf: { 'x5t#S256': OTHER } } })));
    });
  });

  describe('seen before', () => {
    it('ends when it says, not when it is forgotten', async () => {
      const token = await make();
      await show(token);
      now_ms += 598_000;
      await show(token);
      now_ms += 7_000;
      await refused(show(token));
    });

    it('is not good before its time when the clock jumps back', async () => {
      const token = await make();
      await show(token);
      now_ms -= 3_600_000;
      await refused(show(token));
    });

    it('is not verified again while it is remembered', async () => {
      const token = await make();
      const first = await show(token);
      const second = await show(token);
      expect(second.activities, 'the very same set').to.equal(first.activities);
      expect((await show(await make({ claims: { jti: 'another' } }))).activities).not.to.equal(first.activities);
    });
  });
});

describe('the key file of an issuer', () => {
  let folder: string;
  let path: string;
  let now_ms = Date.now();
  const clock: Clock = { now: () => now_ms, timer: systemClock.timer };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vertebra-test-'));
    path = join(folder, 'jwks.json');
  });
  afterEach(() => rm(folder, { recursive: true }));
  const request = { userId: '1', roles: [PRESCRIBER], audience: AUDIENCE };
  const issuerOf = (issuer: string): Issuer => ({ issuer, audience: AUDIENCE, jwksFile: path, algorithms: ['ES256'] });

  it('may change while the hub runs: a new key is found, and a removed one is forgotten with what it signed', async () => {
    const [old, fresh] = await Promise.all(
      ['old', 'fresh'].map((name) => openDevelopmentIssuer(join(folder, name), { clock })),
    );
    if (!old || !fresh) throw new Error('two issuers are needed');
    await writeFile(path, JSON.stringify(old.jwks));
    const verifier = await createTokenVerifier({ issuers: [issuerOf(old.issuer)], clock });
    const show = async (token: string) => verifier.verify(`Bearer ${token}`, { certificateThumbprint: OWN });
    const first = await old.issueToken(request);
    expect((await show(first)).userId).to.equal('1');

    await writeFile(path, JSON.stringify({ keys: [...old.jwks.keys, ...fresh.jwks.keys] }));
    now_ms += 11_000;
    expect((await show(await fresh.issueToken(request))).userId).to.equal('1');

    await writeFile(path, JSON.stringify(fresh.jwks));
    await verifier.reload();
    const thrown = await show(first).catch((reason: unknown) => reason);
    expect((thrown as HubError).code).to.equal('TOKEN_INVALID');
  });

  it('is refused at the start when it is empty, or holds a secret or a private key', async () => {
    const secret = { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256' };
    const privateKey = await exportJWK(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    for (const keys of [[], [secret], [privateKey]]) {
      await writeFile(path, JSON.stringify({ keys }));
      const thrown = await createTokenVerifier({ issuers: [issuerOf('x')], clock }).catch((reason: unknown) => reason);
      expect(thrown).to.be.instanceOf(Error);
    }
  });

  it('does not help with an algorithm that proves nothing', async () => {
    const key = { publicKeyPem: pem(ec.publicKey) };
    for (const algorithms of [['none'], ['HS256'], ['ES256', 'HS256'], []]) {
      const issuer = { ...key, issuer: 'x', audience: 'y', algorithms } as unknown as Issuer;
      const thrown = await createTokenVerifier({ issuers: [issuer], clock }).catch((reason: unknown) => reason);
      expect(thrown).to.be.instanceOf(Error);
    }
  });
});

describe('the development issuer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vertebra-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('signs tokens that the verifier takes, bound to a certificate given with or without colons', async () => {
    const issuer = await openDevelopmentIssuer(folder, { clock: systemClock });
    const verifier = await createTokenVerifier({
      issuers: [{ ...issuer, audience: AUDIENCE, certificateBound: true }],
      clock: systemClock,
    });
    for (const certificateFingerprint of [FINGERPRINT, FINGERPRINT.match(/../g)?.join(':') ?? '']) {
      const token = await issuer.issueToken({
        userId: '555021935107',
        roles: [PRESCRIBER],
        audience: AUDIENCE,
        certificateFingerprint,
      });
      const person = await verifier.verify(`Bearer ${token}`, { certificateThumbprint: OWN });
      expect(person.activities.has('B0420')).to.equal(true);
    }
  });

  it('keeps one key, for itself, though two processes start at the same moment', async () => {
    const opened = await Promise.all([1, 2, 3].map(() => openDevelopmentIssuer(folder, { clock: systemClock })));
    opened.push(await openDevelopmentIssuer(folder, { clock: systemClock }));
    expect(new Set(opened.map(({ jwks }) => jwks.keys[0]?.kid)).size).to.equal(1);
    expect((await stat(join(folder, 'issuer.key.pem'))).mode & 0o777).to.equal(0o600);
    expect(opened[0]?.jwks.keys[0], 'public only').not.to.have.property('d');
    expect(createPublicKey({ key: opened[0]?.jwks.keys[0] as JsonWebKey, format: 'jwk' }).type).to.equal('public');
  });
});
