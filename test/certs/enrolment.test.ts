import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import {
  type Enrolment,
  type EnrolmentParts,
  enrolmentDecision,
  invitationDecision,
  renewalDecision,
  revocationDecision,
} from '../../certs/enrolment.ts';
import { createCsr, generateKey } from '../../certs/generate-key.ts';
import { DEFAULT_CONTRACT } from '../../core/contract.ts';
import type { Decision } from '../../core/decision.ts';
import type { ConnectedSystem, DirectoryReader } from '../../core/directory.ts';
import type { StoredRecord } from '../../core/records.ts';
import { credentials, type Hall, knock, openHall, refusal } from './hall.ts';

const HOUR_MS = 60 * 60 * 1_000;
const SURGERY: ConnectedSystem = {
  systemId: '200000000115',
  partyKey: 'A83008-820001',
  ods: 'A83008',
  kind: 'general-practice',
  name: 'A surgery',
  status: 'active',
  sends: [],
  receives: [],
  endpoint: { url: 'https://receiver.surgery.example:8443/in', wire: 'xml', timeout_ms: 1_000 },
  certificates: [],
};

describe('an enrolment', () => {
  let hall: Hall;
  let town: Town;
  before(async () => {
    hall = await openHall();
  });
  after(() => hall.close());
  beforeEach(() => {
    town = makeTown(hall);
  });

  async function invited(): Promise<string> {
    const { token, decision } = invitationDecision(SURGERY.systemId, town.parts());
    expect(town.commit(decision)).to.equal('committed');
    return token;
  }

  it('gives a certificate that opens the door and is bound to the system', async () => {
    const token = await invited();
    const { keyPem } = await generateKey('ec-p256');
    const enrolment = await enrolmentDecision({ token, csrPem: await createCsr(keyPem, 'whatever') }, town.parts());
    expect(town.commit(enrolment.decision)).to.equal('committed');
    const certificatePem = bodyOf(enrolment);
    const answer = await knock(hall, { key: keyPem, cert: certificatePem, ca: hall.authority.certificatePem });
    expect(answer.body).to.equal(enrolment.fingerprint256);
    expect(town.directory.systemByCertificate(answer.body)?.systemId).to.equal(SURGERY.systemId);
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject, 'the subject asked for is ignored').to.equal('O=A83008\nCN=200000000115');
    expect(certificate.subjectAltName).to.equal('DNS:receiver.surgery.example');
    expect(enrolment.decision.events.map(({ action }) => action)).to.include('enrol-system');
  });

  it('keeps only the hash of the token', async () => {
    const token = await invited();
    expect(JSON.stringify([...town.records.values()])).not.to.contain(token);
    expect(Buffer.from(token, 'base64url')).to.have.length(32);
  });

  it('happens once for a token, one after the other', async () => {
    const request = { token: await invited(), csrPem: await freshCsr() };
    town.commit((await enrolmentDecision(request, town.parts())).decision);
    expect(await refusal(enrolmentDecision(request, town.parts()))).to.equal('ENROLMENT_REFUSED');
  });

  it('happens once for a token, however many ask at the same moment', async () => {
    const request = { token: await invited(), csrPem: await freshCsr() };
    const decided = await Promise.all([1, 2, 3].map(() => enrolmentDecision(request, town.parts())));
    expect(decided.map(({ decision }) => town.commit(decision))).to.deep.equal(['committed', 'stale', 'stale']);
    expect(await refusal(enrolmentDecision(request, town.parts()))).to.equal('ENROLMENT_REFUSED');
    expect(town.system.certificates).to.deep.equal([decided[0]?.fingerprint256]);
  });

  it('is refused with a token that is unknown, malformed or expired', async () => {
    const csrPem = await freshCsr();
    const unknown = Buffer.alloc(32, 7).toString('base64url');
    expect(await refusal(enrolmentDecision({ token: unknown, csrPem }, town.parts()))).to.equal('ENROLMENT_REFUSED');
    expect(await refusal(enrolmentDecision({ token: '', csrPem }, town.parts()))).to.equal('ENROLMENT_REFUSED');
    const token = await invited();
    town.now += 24 * HOUR_MS;
    expect(await refusal(enrolmentDecision({ token, csrPem }, town.parts()))).to.equal('ENROLMENT_REFUSED');
  });

  it('is refused when the system was suspended after its invitation', async () => {
    const token = await invited();
    town.system = { ...town.system, status: 'suspended' };
    expect(await refusal(enrolmentDecision({ token, csrPem: await freshCsr() }, town.parts()))).to.equal(
      'ENROLMENT_REFUSED',
    );
  });

  it('does not use the token up for a bad request', async () => {
    const token = await invited();
    expect(await refusal(enrolmentDecision({ token, csrPem: 'nonsense' }, town.parts()))).to.equal('CSR_INVALID');
    const enrolment = await enrolmentDecision({ token, csrPem: await freshCsr() }, town.parts());
    expect(town.commit(enrolment.decision)).to.equal('committed');
  });

  it('leaves no bound certificate and no used token when the directory refuses', async () => {
    const token = await invited();
    const refusing = { ...town.parts(), bind: async () => REFUSED };
    const { decision } = await enrolmentDecision({ token, csrPem: await freshCsr() }, refusing);
    expect(decision).to.equal(REFUSED);
  });
});

describe('a renewal', () => {
  let hall: Hall;
  let town: Town;
  before(async () => {
    hall = await openHall();
    town = makeTown(hall);
  });
  after(() => hall.close());

  it('is for whoever holds a bound certificate, and both are good until the old one is revoked', async () => {
    const old = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    const csrPem = await freshCsr();
    const request = { currentFingerprint256: old.fingerprint256, csrPem };
    expect(await refusal(renewalDecision(request, town.parts()))).to.equal('CERTIFICATE_UNKNOWN');

    town.commit(await town.parts().bind(SURGERY.systemId, old.fingerprint256));
    const renewed = await renewalDecision(request, town.parts());
    expect(town.commit(renewed.decision)).to.equal('committed');
    expect(town.system.certificates).to.deep.equal([old.fingerprint256, renewed.fingerprint256]);
    expect((await knock(hall, credentials(hall, old))).status).to.equal(200);

    const revoke = { systemId: SURGERY.systemId, fingerprint256: old.fingerprint256, reason: 'superseded' } as const;
    expect(town.commit(await revocationDecision(revoke, town.parts()))).to.equal('committed');
    await hall.revocation.reload();
    await refusal(knock(hall, credentials(hall, old)));
    await hall.refused('certificate-revoked');
    expect(town.system.certificates).to.deep.equal([renewed.fingerprint256]);
  });
});

const REFUSED: Decision = {
  answer: { kind: 'refused', code: 'STATE_CONFLICT', text: 'no' },
  events: [{ action: 'bind-certificate', outcome: 'refused' }],
};

const bodyOf = ({ decision }: Enrolment): string => (decision.answer.kind === 'document' ? decision.answer.body : '');

async function freshCsr(): Promise<string> {
  return createCsr((await generateKey('ec-p256')).keyPem, 'surgery');
}

/** A directory of one system and a store that knows versions, as far as enrolment asks for them. */
interface Town {
  system: ConnectedSystem;
  now: number;
  readonly records: Map<string, StoredRecord>;
  readonly directory: DirectoryReader;
  parts(): EnrolmentParts;
  commit(decision: Decision): 'committed' | 'stale';
}

function makeTown(hall: Hall): Town {
  const records = new Map<string, StoredRecord>();
  const get = (kind: string, key: string) => records.get(`${kind}/${key}`);
  const town: Town = {
    system: SURGERY,
    now: Date.now(),
    records,
    directory: {
      system: (id) => (id === town.system.systemId ? town.system : undefined),
      systemByCertificate: (print) => (town.system.certificates.includes(print) ? town.system : undefined),
      systemByPartyKey: () => undefined,
      organisation: () => undefined,
      receiver: () => undefined,
      party: () => undefined,
      contract: () => DEFAULT_CONTRACT,
    },
    parts: () => ({
      records: {
        get: async <Value>(kind: string, key: string) => get(kind, key) as StoredRecord<Value> | undefined,
        find: async () => [],
        list: async () => [],
      },
      directory: town.directory,
      authority: hall.authority,
      bind: async (_, print) => change('bind-certificate', [...town.system.certificates, print]),
      unbind: async (_, print) =>
        change(
          'unbind-certificate',
          town.system.certificates.filter((bound) => bound !== print),
        ),
      now: town.now,
    }),
    commit({ records: writes = [] }) {
      if (writes.some(({ kind, key, version }) => (get(kind, key)?.version ?? 0) !== version)) return 'stale';
      for (const { kind, key, version, value } of writes) {
        records.set(`${kind}/${key}`, { kind, key, version: version + 1, value });
        if (kind === 'system') town.system = value as ConnectedSystem;
      }
      return 'committed';
    },
  };
  function change(action: string, certificates: readonly string[]): Decision {
    const version = get('system', SURGERY.systemId)?.version ?? 0;
    const value: ConnectedSystem = { ...town.system, certificates };
    return {
      answer: { kind: 'accepted', text: 'done' },
      records: [{ kind: 'system', key: SURGERY.systemId, version, value }],
      events: [{ action, outcome: 'success' }],
    };
  }
  return town;
}
