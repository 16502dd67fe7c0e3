/** What an operator changes takes effect at once and stands in the audit trail under the operator's name. */
import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { nextLine } from '../../../core/audit-chain.ts';
import type { GivenInvitation } from '../../../routes/admin/operations.ts';
import { newCsr, type Office, ORDER, openOffice, refusal, SURGERY, SYSTEM } from './office.ts';

describe('the administration', () => {
  let office: Office;
  beforeEach(async () => {
    office = await openOffice();
  });
  afterEach(() => office.close());

  const register = async (): Promise<GivenInvitation> => {
    await office.administration.addOrganisation(SURGERY);
    const { invitation } = await office.administration.addSystem(SYSTEM);
    if (invitation === undefined) throw new Error('not invited');
    return invitation;
  };
  const fingerprintOf = (chain: string): string => new X509Certificate(chain).fingerprint256.replaceAll(':', '');

  it('registers an organisation and a system, known at once, and hands out one token', async () => {
    const invitation = await register();
    expect(invitation.token).to.match(/^[\w-]{43}$/);
    expect(office.directory.party(SYSTEM.systemId)?.name).to.equal(SYSTEM.name);
    expect(await office.administration.organisation({ ods: 'A83008' })).to.deep.equal({ ...SURGERY, active: true });
    expect(await office.trail()).to.deep.equal([
      'register-organisation success ada directory.organisation/A83008',
      'register-system success ada directory.system/200000000001',
      'invite-system success ada system/200000000001',
    ]);
    const [line] = await office.lines();
    expect(line).to.include({
      system: '000000000000',
      ods: 'YES',
      role: 'operator',
      interaction: 'hub:administration',
    });
  });

  it('keeps no token anywhere in the store', async () => {
    const { token } = await register();
    await office.enrolment.enrol({ token, csr: await newCsr() });
    const records = await office.store.records.list('enrolment-token', { limit: 10 });
    expect(records).to.have.length(1);
    expect(JSON.stringify([records, await office.lines()])).to.not.contain(token);
    for (const { messageId } of await office.lines())
      expect(JSON.stringify(await office.store.track(messageId ?? ''))).to.not.contain(token);
  });

  it('enrols a system once for each token, and the certificate is known before its first message', async () => {
    const { token } = await register();
    const chain = await office.enrolment.enrol({ token, csr: await newCsr() });
    expect(office.directory.systemByCertificate(fingerprintOf(chain))?.systemId).to.equal(SYSTEM.systemId);
    expect(await refusal(office.enrolment.enrol({ token, csr: await newCsr() }))).to.equal('ENROLMENT_REFUSED');
    expect((await office.trail()).slice(-2)).to.deep.equal([
      'bind-certificate success  directory.system/200000000001',
      'enrol-system refused  ',
    ]);
  });

  it('gives one certificate for one token though it is redeemed twice at the same moment', async () => {
    const { token } = await register();
    const csrs = await Promise.all([1, 2, 3, 4].map(newCsr));
    const ends = await Promise.allSettled(csrs.map((csr) => office.enrolment.enrol({ token, csr })));
    expect(ends.filter(({ status }) => status === 'fulfilled')).to.have.length(1);
    expect(office.directory.system(SYSTEM.systemId)?.certificates).to.have.length(1);
  });

  it('makes every one of many changes at the same moment', async () => {
    await register();
    const names = Array.from({ length: 8 }, (_, i) => `A8300${i}`);
    await Promise.all(names.map((ods) => office.administration.addOrganisation({ ods, name: ods })));
    for (const ods of names) expect(office.directory.organisation(ods)?.name).to.equal(ods);
  });

  it('renews for the holder of a bound certificate alone', async () => {
    const { token } = await register();
    const first = fingerprintOf(await office.enrolment.enrol({ token, csr: await newCsr() }));
    const second = fingerprintOf(await office.enrolment.renew({ fingerprint256: first, csr: await newCsr() }));
    expect(office.directory.system(SYSTEM.systemId)?.certificates).to.deep.equal([first, second]);
    const stranger = office.enrolment.renew({ fingerprint256: 'F'.repeat(64), csr: await newCsr() });
    expect(await refusal(stranger)).to.equal('CERTIFICATE_UNKNOWN');
    const renewed = (await office.lines()).find(({ action }) => action === 'renew-certificate');
    expect(renewed).to.include({ system: SYSTEM.systemId, outcome: 'success' });
  });

  it('revokes a system with all its certificates, on the list and on open connections', async () => {
    const { token } = await register();
    const first = fingerprintOf(await office.enrolment.enrol({ token, csr: await newCsr() }));
    const [certificate] = await office.administration.certificates({ systemId: SYSTEM.systemId });
    expect(certificate?.fingerprint256).to.equal(first);
    await office.administration.revokeSystem({ systemId: SYSTEM.systemId, reason: 'key-compromise' });
    expect(office.directory.party(SYSTEM.systemId)).to.equal(undefined);
    expect(office.enforced()).to.equal(1);
    const { readFile } = await import('node:fs/promises');
    const { readCrls } = await import('../../../certs/x509.ts');
    const [list] = readCrls(await readFile(office.authority.crlPath));
    expect(list?.entries.map(({ serialNumber }) => serialNumber.toUpperCase())).to.deep.equal([certificate?.serial]);
    expect((await office.trail()).slice(-2)).to.deep.equal([
      'revoke-system success ada directory.system/200000000001',
      `revoke-certificate success ada certificate/${first}`,
    ]);
    expect(await refusal(office.administration.inviteSystem({ systemId: SYSTEM.systemId }))).to.equal(
      'SYSTEM_SUSPENDED',
    );
  });

  it('revokes one certificate and leaves the others', async () => {
    const { token } = await register();
    const first = fingerprintOf(await office.enrolment.enrol({ token, csr: await newCsr() }));
    const second = fingerprintOf(await office.enrolment.renew({ fingerprint256: first, csr: await newCsr() }));
    await office.administration.revokeCertificate({
      systemId: SYSTEM.systemId,
      fingerprint: first,
      reason: 'superseded',
    });
    expect(office.directory.systemByCertificate(first)).to.equal(undefined);
    expect(office.directory.systemByCertificate(second)?.systemId).to.equal(SYSTEM.systemId);
    expect(office.enforced()).to.equal(1);
  });

  it('changes, suspends and resumes, and refuses a version that is past', async () => {
    await register();
    const { version } = await office.administration.system({ systemId: SYSTEM.systemId });
    const change = { systemId: SYSTEM.systemId, version, receives: [ORDER] };
    expect((await office.administration.changeSystem(change)).receives).to.deep.equal([ORDER]);
    expect(await refusal(office.administration.changeSystem(change))).to.equal('VERSION_CONFLICT');
    await office.administration.suspendSystem({ systemId: SYSTEM.systemId });
    expect(office.directory.party(SYSTEM.systemId)).to.equal(undefined);
    await office.administration.resumeSystem({ systemId: SYSTEM.systemId });
    expect(office.directory.party(SYSTEM.systemId)).to.not.equal(undefined);
  });

  it('audits what it refuses, by state and by form', async () => {
    await register();
    expect(await refusal(office.administration.addSystem(SYSTEM))).to.equal('ALREADY_EXISTS');
    expect(await refusal(office.administration.addSystem({ systemId: 'x' }))).to.equal('VALUE_INVALID');
    expect((await office.trail()).slice(-2)).to.deep.equal([
      'register-system refused ada directory.system/200000000001',
      'register-system refused ada ',
    ]);
  });

  it('lists systems by organisation, kind and status, a page at a time', async () => {
    await register();
    await office.administration.addOrganisation({ ods: 'RX101', name: 'Hospital' });
    for (let number = 2; number <= 7; number++)
      await office.administration.addSystem({
        ...SYSTEM,
        systemId: `20000000000${number}`,
        partyKey: `A83008-82000${number}`,
        ods: number % 2 === 0 ? 'RX101' : 'A83008',
        kind: 'pharmacy',
      });
    await office.administration.suspendSystem({ systemId: '200000000003' });
    const ids = async (query: Parameters<Office['administration']['systems']>[0]): Promise<string> => {
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await office.administration.systems({ ...query, ...(after !== undefined && { after }) });
        expect(page.systems.length).to.be.at.most(query.limit ?? 100);
        seen.push(...page.systems.map(({ systemId }) => systemId.slice(-1)));
        after = page.next;
        if (after === undefined) return seen.join('');
      }
    };
    expect(await ids({ limit: 2 })).to.equal('1234567');
    expect(await ids({ limit: 2, ods: 'A83008' })).to.equal('1357');
    expect(await ids({ limit: 1, kind: 'pharmacy', status: 'active' })).to.equal('24567');
    expect(await ids({ status: 'suspended' })).to.equal('3');
    expect(await refusal(office.administration.systems({ limit: 1_001 }))).to.equal('PARAMETER_INVALID');
    expect(await refusal(office.administration.systems({ ods: "x'--" }))).to.equal('PARAMETER_INVALID');
  });

  it('leaves a line for everybody who reads audit, a patient’s above all, and for every question to the lake', async () => {
    await office.administration.auditLines({ after: 0, limit: 5 });
    await office.administration.patientLines({ patient: '9990000018' });
    await office.administration.queryLake({ sql: 'select 1' });
    const lines = await office.lines();
    expect(lines.map(({ action }) => action)).to.deep.equal(['read-audit', 'read-audit', 'query-lake']);
    expect(lines[1]?.patient).to.equal('9990000018');
    expect(lines[2]?.reason).to.equal('select 1');
    expect(await refusal(office.administration.patientLines({ patient: '9990000017' }))).to.equal('PARAMETER_INVALID');
  });

  it('verifies the trail and says where it was changed', async () => {
    await register();
    expect(await office.administration.verifyAudit({})).to.include({ ok: true, lines: 3 });
    const reads = office.store.auditLines;
    Object.assign(office.store, {
      auditLines: async (query: Parameters<typeof reads>[0]) =>
        (await reads(query)).map((line) => (line.seq === 2 ? nextLine({ seq: 1, hash: 'x' }, {}, 0, line) : line)),
    });
    const found = await office.administration.verifyAudit({});
    expect(found.ok).to.equal(false);
    expect(found.problems[0]?.seq).to.equal(2);
  });

  it('tells where a message stands without what it was answered', async () => {
    const { token } = await register();
    await office.enrolment.enrol({ token, csr: await newCsr() });
    const enrolled = (await office.lines()).find(({ action }) => action === 'enrol-system');
    const [track] = await office.administration.track({ messageId: (enrolled?.messageId ?? '').toLowerCase() });
    expect(track?.answer).to.deep.equal({ kind: 'document', status: 201 });
    expect(await refusal(office.administration.track({ messageId: 'x' }))).to.equal('PARAMETER_INVALID');
  });

  it('says what there is no dead letter of, and what waits', async () => {
    expect(await office.administration.deadLetters({})).to.deep.equal([]);
    expect(await refusal(office.administration.deadLetter({ id: 'x' }))).to.equal('NOT_FOUND');
    expect(await refusal(office.administration.replay({ id: 'x' }))).to.equal('NOT_FOUND');
    expect(await office.administration.status()).to.deep.equal({
      backlog: { undecided: 0, undelivered: 0, dead: 0, unreadFacts: 0 },
      auditLines: 0,
      circuits: [],
    });
  });

  it('invites nobody where certificates come from another authority', async () => {
    const outside = await openOffice({ authority: undefined });
    await outside.administration.addOrganisation(SURGERY);
    expect(Object.keys(await outside.administration.addSystem(SYSTEM))).to.deep.equal(['system']);
    expect(await refusal(outside.administration.inviteSystem({ systemId: SYSTEM.systemId }))).to.equal(
      'STATE_CONFLICT',
    );
    const fingerprint = 'ab'.repeat(32);
    await outside.administration.bindCertificate({ systemId: SYSTEM.systemId, fingerprint });
    expect(outside.directory.systemByCertificate(fingerprint.toUpperCase())).to.not.equal(undefined);
    await outside.administration.revokeSystem({ systemId: SYSTEM.systemId });
    await outside.close();
  });
});
