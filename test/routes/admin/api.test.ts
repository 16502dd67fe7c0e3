/** The administration over HTTPS: for the operator everything, for an invited system one thing, for others nothing. */

import { X509Certificate } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import type { TlsMaterial } from '../../../certs/tls-options.ts';
import { systemClock } from '../../../core/clock.ts';
import { silentTelemetry } from '../../../core/telemetry.ts';
import { type AdminServer, createAdminServer } from '../../../routes/admin/api.ts';
import { createAdminClient, enrolOver, HubUnreachable } from '../../../routes/admin/client.ts';
import type { Administration } from '../../../routes/admin/operations.ts';
import { openOperatorToken, operatorTokenPath } from '../../../routes/admin/operator-token.ts';
import { createRenewal } from '../../../routes/admin/renewal.ts';
import { createSharedMemory } from '../../../store/memory/shared-memory.ts';
import { newCsr, type Office, openOffice, refusal, SURGERY, SYSTEM } from './office.ts';

interface Answered {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

describe('the administration’s API', () => {
  let office: Office;
  let admin: AdminServer;
  let material: TlsMaterial;
  let token: string;
  let url: string;
  let client: { administration: Administration; close(): void };

  beforeEach(async () => {
    office = await openOffice();
    token = await openOperatorToken(office.folder);
    const issued = await office.authority.issueServer({ commonName: 'hub', ipAddresses: ['127.0.0.1'] });
    material = { key: issued.keyPem, cert: issued.certificatePem, ca: [office.authority.certificatePem] };
    admin = createAdminServer({
      administration: office.administration,
      enrolment: office.enrolment,
      token,
      attempts: createSharedMemory({ clock: systemClock }),
      store: office.store,
      clock: systemClock,
      telemetry: silentTelemetry,
      material,
    });
    await new Promise<void>((resolve) => admin.server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(admin.server.address() as AddressInfo).port}`;
    client = createAdminClient({ url, token, trust: { ca: office.authority.certificatePem } });
  });
  afterEach(async () => {
    client.close();
    await admin.close(0);
    await office.close();
  });

  function ask(
    method: string,
    path: string,
    { body, authorization = `Bearer ${token}`, type = 'application/json' }: Record<string, string> = {},
  ): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        new URL(path, url),
        {
          method,
          ca: office.authority.certificatePem,
          agent: false,
          headers: { authorization, 'content-type': type },
        },
        async (response) => {
          let text = '';
          for await (const chunk of response) text += chunk;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }
  const codeOf = ({ text }: Answered): string => JSON.parse(text).error.code;

  it('does over HTTPS what it does in the process', async () => {
    const { administration } = client;
    await administration.addOrganisation(SURGERY);
    const { system, invitation } = await administration.addSystem(SYSTEM);
    expect(system.status).to.equal('active');
    expect(invitation?.systemId).to.equal(SYSTEM.systemId);
    expect((await administration.systems({ ods: 'A83008', limit: 1 })).systems).to.have.length(1);
    expect((await administration.system({ systemId: SYSTEM.systemId })).version).to.equal(1);
    const changed = await administration.changeSystem({ ...{ name: 'New name' }, systemId: SYSTEM.systemId });
    expect(changed.name).to.equal('New name');
    expect(await administration.deadLetters({})).to.deep.equal([]);
    expect(await administration.auditLines({ after: 1, limit: 2 })).to.have.length(2);
    expect(await administration.patientLines({ patient: '9990000018' })).to.have.length(1);
    expect(await administration.queryLake({ sql: 'select 1' })).to.deep.include({ columns: ['sql'] });
    expect((await administration.status()).auditLines).to.be.greaterThan(3);
    expect((await administration.revokeSystem({ systemId: SYSTEM.systemId })).status).to.equal('revoked');
  });

  it('says errors by the table, with every fault and never a value', async () => {
    expect(await refusal(client.administration.track({ messageId: 'nobody' }))).to.equal('PARAMETER_INVALID');
    expect(await refusal(client.administration.system({ systemId: '200000000009' }))).to.equal('NOT_FOUND');
    const wrong = await ask('POST', '/systems', { body: '{"systemId":"secret-value"}' });
    expect([wrong.status, codeOf(wrong)]).to.deep.equal([400, 'VALUE_INVALID']);
    expect(JSON.parse(wrong.text).error.faults.length).to.be.greaterThan(2);
    expect(wrong.text).to.not.contain('secret-value');
    for (const [body, code] of [
      ['{"a":', 'JSON_ILL_FORMED'],
      ['[]', 'JSON_INVALID'],
      [`{"name":"${'x'.repeat(300_000)}"}`, 'BODY_TOO_LARGE'],
    ] as const)
      expect(codeOf(await ask('POST', '/organisations', { body })), code).to.equal(code);
    expect(codeOf(await ask('GET', '/systems/%E0%A4%A'))).to.equal('PARAMETER_INVALID');
    expect(codeOf(await ask('GET', '/systems?limit=many'))).to.equal('PARAMETER_INVALID');
    expect(codeOf(await ask('GET', '/systems?ods=A83008&ods=A83009'))).to.equal('PARAMETER_INVALID');
    expect(codeOf(await ask('GET', '/nothing/here'))).to.equal('NOT_FOUND');
  });

  it('lets no name in a body overrule the path', async () => {
    await client.administration.addOrganisation(SURGERY);
    await client.administration.addSystem(SYSTEM);
    const body = JSON.stringify({ systemId: '200000000009' });
    const suspended = await ask('POST', `/systems/${SYSTEM.systemId}/suspend`, { body });
    expect(JSON.parse(suspended.text).systemId).to.equal(SYSTEM.systemId);
  });

  it('refuses, and audits, whoever has no token, another one or half of it', async () => {
    for (const authorization of [
      '',
      'Bearer',
      `Bearer ${token.slice(1)}`,
      `Bearer ${token}x`,
      `Basic ${token}`,
      `Bearer ${'A'.repeat(43)}`,
    ]) {
      const refused = await ask('GET', '/systems', { authorization });
      expect([refused.status, codeOf(refused)], authorization).to.deep.equal([401, 'TOKEN_INVALID']);
      expect(refused.headers['www-authenticate']).to.equal('Bearer');
    }
    expect(await office.trail()).to.deep.equal(Array(6).fill('administer refused  '));
    expect((await ask('POST', '/audit/verify', { authorization: '', body: '{}' })).status).to.equal(401);
  });

  it('stops listening to an address that goes on guessing, and still serves the operator from there', async () => {
    const statuses: number[] = [];
    for (let tries = 0; tries < 14; tries++)
      statuses.push((await ask('GET', '/systems', { authorization: 'x' })).status);
    expect(statuses.slice(-3)).to.deep.equal([429, 429, 429]);
    const lines = (await office.trail()).length;
    expect(lines, 'a flood of guesses is no flood of audit lines').to.be.at.most(11);
    expect((await ask('GET', '/systems')).status).to.equal(200);
  });

  it('tells browsers to keep, frame, sniff and refer to nothing', async () => {
    const { headers } = await ask('GET', '/status');
    expect(headers).to.include({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['content-security-policy']).to.contain("default-src 'none'");
    expect(headers).to.not.have.any.keys('x-powered-by', 'access-control-allow-origin');
  });

  it('enrols an invited system without the operator’s token', async () => {
    await client.administration.addOrganisation(SURGERY);
    const { invitation } = await client.administration.addSystem(SYSTEM);
    const trust = { ca: office.authority.certificatePem };
    const chain = await enrolOver({ url, trust, token: invitation?.token ?? '', csr: await newCsr() });
    expect(chain.match(/BEGIN CERTIFICATE/g)).to.have.length(2);
    expect(new X509Certificate(chain).verify(new X509Certificate(trust.ca).publicKey)).to.equal(true);
    const again = enrolOver({ url, trust, token: invitation?.token ?? '', csr: await newCsr() });
    expect(await refusal(again)).to.equal('ENROLMENT_REFUSED');
    expect(await refusal(enrolOver({ url, trust, token: 'x', csr: 'y' }))).to.equal('CSR_INVALID');
    expect(codeOf(await ask('POST', '/enrol', { body: '{}' }))).to.equal('PARAMETER_INVALID');
  });

  it('limits the attempts to enrol from one address', async () => {
    const codes: string[] = [];
    for (let tries = 0; tries < 12; tries++) codes.push(codeOf(await ask('POST', '/enrol', { body: '{}' })));
    expect(codes.slice(-2)).to.deep.equal(['RATE_LIMITED', 'RATE_LIMITED']);
    expect((await ask('POST', '/enrol', { body: '{}' })).headers['retry-after']).to.match(/^\d+$/);
  });

  it('verifies the trail and reports how far it is', async () => {
    await client.administration.addOrganisation(SURGERY);
    const reads = office.store.auditLines;
    const [line] = await reads({ after: 0, limit: 1 });
    if (line === undefined) throw new Error('no line');
    Object.assign(office.store, {
      auditLines: async ({ after, limit }: { after: number; limit: number }) =>
        after < 25_000 ? Array.from({ length: limit }, (_, i) => ({ ...line, seq: after + i + 1 })) : [],
    });
    const steps: number[] = [];
    const found = await client.administration.verifyAudit({}, (lines) => steps.push(lines));
    Object.assign(office.store, { auditLines: reads });
    expect(steps).to.deep.equal([10_000, 20_000]);
    expect([found.ok, found.lines]).to.deep.equal([false, 25_000]);
  });

  it('is believed by its certificate alone, where the data folder shows which that is', async () => {
    const pinned = createAdminClient({ url, token, trust: { certificate: material.cert } });
    expect((await pinned.administration.status()).circuits).to.deep.equal([]);
    pinned.close();
    const other = await office.authority.issueServer({ commonName: 'hub', ipAddresses: ['127.0.0.1'] });
    const misled = createAdminClient({ url, token, trust: { certificate: other.certificatePem } });
    const error: unknown = await misled.administration.status().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(HubUnreachable);
    misled.close();
    expect(await office.trail(), 'the token was not even sent').to.deep.equal([]);
  });

  it('says that nobody is there when nobody is', async () => {
    const nobody = createAdminClient({ url: 'https://127.0.0.1:1', token, trust: { certificate: material.cert } });
    const error: unknown = await nobody.administration.status().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(HubUnreachable);
    nobody.close();
  });

  describe('the operator’s token', () => {
    it('is made once, for the owner’s eyes alone, and refused where others may read it', async () => {
      expect(await openOperatorToken(office.folder)).to.equal(token);
      await chmod(operatorTokenPath(office.folder), 0o644);
      expect(await openOperatorToken(office.folder).then(String, String)).to.contain('chmod 600');
      await chmod(operatorTokenPath(office.folder), 0o600);
      await writeFile(operatorTokenPath(office.folder), '\n');
      expect(await openOperatorToken(office.folder).then(String, String)).to.contain('does not hold');
    });

    it('is the same for many that start at the same moment', async () => {
      const folder = join(office.folder, 'new');
      const tokens = await Promise.all(Array.from({ length: 8 }, () => openOperatorToken(folder)));
      expect(new Set(tokens).size).to.equal(1);
    });
  });

  describe('the renewal at the message door', () => {
    let door: Server;
    afterEach(() => door.close());

    it('answers the holder of a certificate with the next one, a few times a minute', async () => {
      await client.administration.addOrganisation(SURGERY);
      const { invitation } = await client.administration.addSystem(SYSTEM);
      const first = await office.enrolment.enrol({ token: invitation?.token ?? '', csr: await newCsr() });
      const fingerprint256 = new X509Certificate(first).fingerprint256.replaceAll(':', '');
      const renew = createRenewal({
        enrolment: office.enrolment,
        attempts: createSharedMemory({ clock: systemClock }),
        telemetry: silentTelemetry,
      });
      const peer = { fingerprint256, thumbprint: '', serial: '', notBefore: 0, notAfter: 0, commonName: '', chain: [] };
      door = createServer((request, response) => renew(request, response, peer));
      await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
      const post = (body: string): Promise<{ status: number; text: string }> =>
        new Promise((resolve) => {
          const { port } = door.address() as AddressInfo;
          httpRequest({ port, method: 'POST', path: '/certificate/renew', agent: false }, async (response) => {
            let text = '';
            for await (const chunk of response) text += chunk;
            resolve({ status: response.statusCode ?? 0, text });
          }).end(body);
        });
      const renewed = await post(await newCsr());
      expect(renewed.status).to.equal(201);
      expect(office.directory.system(SYSTEM.systemId)?.certificates).to.have.length(2);
      const wrong = await post('no request');
      expect([wrong.status, JSON.parse(wrong.text).error.code]).to.deep.equal([400, 'CSR_INVALID']);
      const statuses: number[] = [];
      for (let tries = 0; tries < 5; tries++) statuses.push((await post('x')).status);
      expect(statuses.at(-1)).to.equal(429);
    });
  });
});
