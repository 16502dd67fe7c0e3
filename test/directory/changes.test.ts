import { expect } from 'chai';
import { HubError } from '../../core/errors.ts';
import { bindCertificate, registerSystem, revokeSystem } from '../../directory/changes.ts';
import { KINDS } from '../../directory/records.ts';
import {
  createOperator,
  createRegistry,
  fingerprint,
  INTERACTIONS,
  PHARMACY,
  type Registry,
  SURGERY,
} from './registry.ts';

describe('a connected system', () => {
  let registry: Registry;
  let operator: ReturnType<typeof createOperator>;
  beforeEach(async () => {
    registry = createRegistry();
    operator = createOperator(registry);
    await operator.organisation({ ods: 'A83008', name: 'Surgery' });
    await operator.organisation({ ods: 'FA565', name: 'Pharmacy' });
  });

  it('is registered as it was described, active at once', async () => {
    expect(await operator.register(SURGERY)).to.equal('document');
    expect(await operator.system(SURGERY.systemId)).to.deep.equal({ ...SURGERY, status: 'active' });
  });

  it('belongs to an organisation that is registered and active', async () => {
    expect(await operator.register({ ...SURGERY, ods: 'B81001' })).to.equal('NOT_FOUND');
    await operator.organisation({ ods: 'A83008', name: 'Surgery', active: false });
    expect(await operator.register(SURGERY)).to.equal('NOT_FOUND');
  });

  it('has an id, a party key and certificates that are nobody else’s', async () => {
    await operator.register(SURGERY);
    expect(await operator.register(SURGERY)).to.equal('ALREADY_EXISTS');
    expect(await operator.register({ ...PHARMACY, systemId: SURGERY.systemId })).to.equal('ALREADY_EXISTS');
    expect(await operator.register({ ...PHARMACY, partyKey: SURGERY.partyKey })).to.equal('ALREADY_EXISTS');
    expect(await operator.register({ ...PHARMACY, certificates: SURGERY.certificates })).to.equal('ALREADY_EXISTS');
    expect(await operator.register(PHARMACY)).to.equal('document');
  });

  it('loses the race for a party key or a certificate that another takes between decision and commit', async () => {
    const first = await registerSystem(operator.parts, SURGERY);
    const sameKey = await registerSystem(operator.parts, { ...PHARMACY, partyKey: SURGERY.partyKey });
    const sameCertificate = await registerSystem(operator.parts, { ...PHARMACY, certificates: SURGERY.certificates });
    expect([first, sameKey, sameCertificate].map((decision) => registry.commit(decision))).to.deep.equal([
      true,
      false,
      false,
    ]);
    const holders = [sameKey, sameCertificate].map(
      ({ records = [] }) =>
        records.filter(({ kind, version }) => (kind === KINDS.partyKey || kind === KINDS.certificate) && version === 0)
          .length,
    );
    expect(holders).to.deep.equal([1, 2]);
  });

  it('is described in full or not at all: every mistake is named, and no value is said back', async () => {
    const wrong = {
      systemId: '12',
      partyKey: 'secret',
      ods: 'a1',
      kind: 'spaceship',
      name: ' ',
      sends: ['unknown'],
      receives: 'hub:notice',
      endpoint: { url: 'http://secret:secret@x', wire: 'pigeon', timeout_ms: 1.5, more: 1 },
      certificates: ['AB'],
      contracts: { 'hub:notice': { retries: -1, order: 'chaos', backoff: 0 } },
      colour: 'red',
    };
    try {
      await registerSystem(operator.parts, wrong);
      expect.fail('it was taken');
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      expect(thrown.code).to.equal('VALUE_INVALID');
      expect(thrown.details.faults?.map(({ path }) => path)).to.have.members([
        'systemId',
        'partyKey',
        'ods',
        'kind',
        'name',
        'sends[0]',
        'receives',
        'endpoint.url',
        'endpoint.wire',
        'endpoint.timeout_ms',
        'endpoint',
        'certificates',
        'contracts[0].retries',
        'contracts[0].order',
        'contracts[0].backoff',
        '/',
      ]);
      expect(JSON.stringify(thrown.details)).not.to.match(/secret|spaceship|pigeon|chaos/);
    }
    for (const input of [null, [], 'x', undefined]) {
      const refused = await registerSystem(operator.parts, input).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(HubError).with.property('code', 'VALUE_INVALID');
    }
  });

  for (const url of [
    'http://a.example/',
    'https://',
    'ftp://a.example/',
    'https://user@a.example/',
    'https://a.example/#x',
    'a.example',
  ]) {
    it(`does not take messages at ${url}`, async () => {
      const refused = await registerSystem(operator.parts, {
        ...SURGERY,
        endpoint: { ...SURGERY.endpoint, url },
      }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(HubError).with.property('code', 'VALUE_INVALID');
    });
  }

  it('is changed in what was named and in nothing else', async () => {
    await operator.register(SURGERY);
    const contracts = { 'hub:notice': { retries: 2 } };
    await operator.change({ systemId: SURGERY.systemId, name: 'New name', sends: INTERACTIONS, contracts });
    const changed = { ...SURGERY, status: 'active', name: 'New name', sends: INTERACTIONS, contracts };
    expect(await operator.system(SURGERY.systemId)).to.deep.equal(changed);
    await operator.change({ systemId: SURGERY.systemId, endpoint: null, contracts: null });
    const { endpoint: _endpoint, contracts: _contracts, ...bare } = changed;
    expect(await operator.system(SURGERY.systemId)).to.deep.equal(bare);
  });

  it('is not changed by one who read an earlier version, and its party key never changes', async () => {
    await operator.register(SURGERY);
    expect(await operator.change({ systemId: SURGERY.systemId, version: 1, name: 'Two' })).to.equal('document');
    expect(await operator.change({ systemId: SURGERY.systemId, version: 1, name: 'Three' })).to.equal(
      'VERSION_CONFLICT',
    );
    const refused = await operator
      .change({ systemId: SURGERY.systemId, partyKey: 'A83008-820002' })
      .catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(HubError).with.property('code', 'VALUE_INVALID');
    expect(await operator.change({ systemId: '999999999999', name: 'x' })).to.equal('NOT_FOUND');
  });

  it('goes from active to suspended and back, and to revoked for good', async () => {
    await operator.register(SURGERY);
    const { systemId } = SURGERY;
    const status = async (): Promise<string | undefined> => (await operator.system(systemId))?.status;
    expect(await operator.resume({ systemId })).to.equal('STATE_CONFLICT');
    await operator.suspend({ systemId });
    expect(await status()).to.equal('suspended');
    expect(await operator.suspend({ systemId })).to.equal('STATE_CONFLICT');
    await operator.resume({ systemId });
    expect(await status()).to.equal('active');
    await operator.revoke({ systemId, reason: 'key lost' });
    expect(await status()).to.equal('revoked');
    for (const change of [operator.resume, operator.suspend, operator.revoke, operator.change])
      expect(await change({ systemId })).to.equal('STATE_CONFLICT');
    expect(await operator.bind({ systemId, fingerprint: fingerprint(9) })).to.equal('STATE_CONFLICT');
    expect(await operator.register({ ...PHARMACY, partyKey: SURGERY.partyKey })).to.equal('ALREADY_EXISTS');
    expect(await operator.register({ ...PHARMACY, certificates: SURGERY.certificates })).to.equal('ALREADY_EXISTS');
  });

  it('takes certificates in any spelling, once, and only those of nobody else', async () => {
    await operator.register(SURGERY);
    await operator.register(PHARMACY);
    const { systemId } = PHARMACY;
    const spelt = fingerprint(0xabc)
      .toLowerCase()
      .replace(/..(?=.)/g, '$&:');
    expect(await operator.bind({ systemId, fingerprint: spelt })).to.equal('document');
    expect(await operator.bind({ systemId, fingerprint: fingerprint(0xabc) })).to.equal('document');
    expect((await operator.system(systemId))?.certificates).to.deep.equal([fingerprint(0xabc)]);
    expect(await operator.bind({ systemId, fingerprint: fingerprint(1) })).to.equal('ALREADY_EXISTS');
    expect(await operator.unbind({ systemId, fingerprint: fingerprint(1) })).to.equal('NOT_FOUND');
    expect(await operator.unbind({ systemId: SURGERY.systemId, fingerprint: fingerprint(1) })).to.equal('document');
    expect((await operator.system(SURGERY.systemId))?.certificates).to.deep.equal([]);
    expect(await operator.bind({ systemId, fingerprint: fingerprint(1) })).to.equal('document');
  });

  it('has at most twenty certificates', async () => {
    await operator.register({ ...SURGERY, certificates: Array.from({ length: 20 }, (_, at) => fingerprint(at)) });
    expect(await operator.bind({ systemId: SURGERY.systemId, fingerprint: fingerprint(99) })).to.equal(
      'STATE_CONFLICT',
    );
  });

  it('leaves a line in the audit trail with every change and every refusal', async () => {
    const made = await registerSystem(operator.parts, SURGERY);
    registry.commit(made);
    expect(made.events).to.deep.equal([
      { action: 'register-system', outcome: 'success', entity: `directory.system/${SURGERY.systemId}` },
    ]);
    const refused = await bindCertificate(operator.parts, { systemId: '999999999999', fingerprint: fingerprint(1) });
    expect(refused.events).to.deep.equal([
      { action: 'bind-certificate', outcome: 'refused', code: 'NOT_FOUND', entity: 'directory.system/999999999999' },
    ]);
    const revoked = await revokeSystem(operator.parts, { systemId: SURGERY.systemId, reason: 'key lost' });
    expect(revoked.events[0]).to.include({ action: 'revoke-system', reason: 'key lost' });
  });
});
