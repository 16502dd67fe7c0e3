/** The command line does what the administration does, says what came of it, and ends with a code that means something. */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { hubFile } from '../../cli/hub-access.ts';
import type { RegisteredSystem } from '../../routes/admin/operations.ts';
import { type Desk, inFolder, openDesk } from './desk.ts';

const ADD =
  'system add --system-id 200000000001 --party-key A83008-820001 --ods A83008 --kind general-practice --name Brook --sends fhir:eps:prescription-order';

describe('the command line', () => {
  let desk: Desk;
  beforeEach(async () => {
    desk = await openDesk();
  });
  afterEach(() => desk.close());

  const register = async (): Promise<RegisteredSystem> => {
    await desk.json('organisation add --ods A83008 --name Surgery');
    return desk.json<RegisteredSystem>(ADD);
  };

  for (const running of [false, true])
    describe(running ? 'beside a running hub' : 'where no hub runs', () => {
      beforeEach(() => (running ? desk.serve() : undefined));

      it('registers, shows, lists, suspends and revokes a system', async () => {
        const { system, invitation } = await register();
        expect(system.sends).to.deep.equal(['fhir:eps:prescription-order']);
        expect(invitation?.token).to.match(/^[\w-]{43}$/);
        expect((await desk.run('system list')).out).to.match(
          /^system +ods +kind .*\n-+ +-+.*\n200000000001 +A83008 +general-practice +active/,
        );
        expect((await desk.run('system list --kind pharmacy')).out).to.equal('(none)\n');
        expect((await desk.run('system show 200000000001')).out).to.contain('A83008-820001');
        expect((await desk.json<{ status: string }>('system suspend 200000000001')).status).to.equal('suspended');
        expect((await desk.json<{ status: string }>('system resume 200000000001')).status).to.equal('active');
        const revoked = await desk.run('system revoke 200000000001 --reason superseded');
        expect(revoked.out).to.match(/status +revoked/);
        expect(desk.opened() > 0, 'opens the store only where no hub runs').to.equal(!running);
      });

      it('says what waits, and verifies the trail', async () => {
        await register();
        expect(await desk.json('status')).to.deep.include({ auditLines: 3, circuits: [] });
        expect((await desk.run('audit verify')).out).to.contain('Nothing was changed.');
        const lines = await desk.json<{ action: string }[]>('audit lines --limit 2');
        expect(lines.map(({ action }) => action)).to.deep.equal(['register-organisation', 'register-system']);
        const events = (await desk.run('audit lines --fhir --limit 2')).out.trimEnd().split('\n');
        expect(events.map((line) => JSON.parse(line).resourceType)).to.deep.equal(['AuditEvent', 'AuditEvent']);
        expect(await desk.json('audit lines --patient 9990000018')).to.have.length(1);
        expect(await desk.json(['lake', 'query', 'select 1'])).to.deep.include({ rows: [['select 1']] });
        expect(await desk.json('dead list')).to.deep.equal([]);
      });
    });

  it('tells a refusal with every fault, as text and as JSON, and ends with 1', async () => {
    const text = await desk.run('system add --system-id 12 --ods A83008');
    expect(text.code).to.equal(1);
    expect(text.err).to.match(/^VALUE_INVALID: .*\n {2}systemId: is not twelve digits\n/);
    const json = await desk.run('system show 200000000009 --json');
    expect([json.code, json.out]).to.deep.equal([1, '']);
    expect(JSON.parse(json.err).error.code).to.equal('NOT_FOUND');
    expect((await desk.run('dead replay nothing')).code).to.equal(1);
    expect((await desk.run('track 6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70')).code).to.equal(1);
  });

  it('ends with 2 where the command line or a named file is not right', async () => {
    for (const line of [
      'nonsense',
      'track',
      'system list --limit many',
      'system add --kind baker',
      'audit verify --heads /nowhere',
      'system add --file /nowhere',
      'enrol --token x',
      'send --as /nowhere',
    ])
      expect((await desk.run(line)).code, line).to.equal(2);
    await writeFile(inFolder(desk, 'odd.json'), '{');
    expect((await desk.run(['system', 'add', '--file', inFolder(desk, 'odd.json')])).code).to.equal(2);
  });

  it('ends with 3 where the store is in use, or the hub that should run does not answer', async () => {
    desk.inUse(true);
    const used = await desk.run('system list');
    expect([used.code, used.err]).to.satisfy(([code, err]: [number, string]) => code === 3 && err.includes('in use'));
    const gone = { pid: process.pid, adminUrl: 'https://127.0.0.1:1', messageUrl: '', operationsUrl: '' };
    await writeFile(hubFile(desk.office.folder), JSON.stringify(gone));
    await desk.json('init').catch(() => undefined);
    expect((await desk.run('system list')).code).to.equal(3);
  });

  it('takes a file that a dead hub left for what it is', async () => {
    await writeFile(hubFile(desk.office.folder), JSON.stringify({ pid: 2 ** 22 + 1, adminUrl: 'https://127.0.0.1:1' }));
    expect((await desk.run('system list')).code).to.equal(0);
  });

  it('ends with 4 where the trail was changed, and says where', async () => {
    await register();
    const reads = desk.office.store.auditLines;
    Object.assign(desk.office.store, {
      auditLines: async (query: Parameters<typeof reads>[0]) =>
        (await reads(query)).map((line) => (line.seq === 2 ? { ...line, user: 'somebody else' } : line)),
    });
    const { code, out } = await desk.run('audit verify');
    expect(code).to.equal(4);
    expect(out).to.match(/CHANGED.*\n {2}line 2: /);
    expect((await desk.run('audit verify --json')).code).to.equal(4);
  });

  it('says how far a long verification is on a terminal, and nowhere else', async () => {
    await register();
    expect((await desk.run('audit verify', { interactive: true })).err).to.contain('lines read: 3 ...');
    expect((await desk.run('audit verify')).err).to.equal('');
  });

  it('makes a data folder ready, twice without harm, and not under a running hub', async () => {
    const made = await desk.json<{ operatorToken: string }>('init');
    const token = await readFile(made.operatorToken, 'utf8');
    await desk.json('init');
    expect(await readFile(made.operatorToken, 'utf8')).to.equal(token);
    expect((await stat(made.operatorToken)).mode & 0o777).to.equal(0o600);
    await desk.serve();
    expect((await desk.run('init')).code).to.equal(2);
  });

  describe('of a connected system', () => {
    const enrol = async (extra: readonly string[] = []): Promise<string> => {
      await desk.serve();
      const { invitation } = await register();
      const out = inFolder(desk, 'brook');
      await desk.json(['enrol', '--token', invitation?.token ?? '', '--out', out, ...extra]);
      return out;
    };

    it('enrols: key, certificate and authority in a folder, the key for its owner alone', async () => {
      const out = await enrol(['--pkcs12']);
      expect((await stat(join(out, 'system.key.pem'))).mode & 0o777).to.equal(0o600);
      const certificate = new X509Certificate(await readFile(join(out, 'system.crt.pem')));
      const fingerprint = certificate.fingerprint256.replaceAll(':', '');
      expect(desk.office.directory.systemByCertificate(fingerprint)?.systemId).to.equal('200000000001');
      expect((await readFile(join(out, 'system.p12'))).length).to.be.greaterThan(1_000);
      expect((await desk.run('system show 200000000001')).out).to.contain(fingerprint.slice(0, 50));
    });

    it('never writes over a key, and does not spend the token for it', async () => {
      const out = await enrol();
      const before = await readFile(join(out, 'system.key.pem'), 'utf8');
      const { token } = await desk.json<{ token: string }>('system invite 200000000001');
      expect((await desk.run(['enrol', '--token', token, '--out', out])).code).to.equal(2);
      expect(await readFile(join(out, 'system.key.pem'), 'utf8')).to.equal(before);
      await desk.json(['enrol', '--token', token, '--out', `${out}-2`]);
      expect((await desk.run(['enrol', '--token', token, '--out', `${out}-3`])).code, 'a token is good once').to.equal(
        1,
      );
    });

    it('sends a FHIR message, a GET and an ebXML message under its certificate, and shows the answer', async () => {
      const out = await enrol();
      const file = inFolder(desk, 'order.json');
      await writeFile(file, '{"resourceType":"Bundle"}');
      const sent = await desk.json<{ status: number; messageId: string; body: string }>([
        'send',
        file,
        ...['--as', out, '--path', '/FHIR/R4/$process-message?a=b', '--header', 'X-Correlation-ID: 7'],
      ]);
      const echo = JSON.parse(sent.body);
      expect(echo).to.include({
        method: 'POST',
        url: '/FHIR/R4/$process-message?a=b',
        body: '{"resourceType":"Bundle"}',
      });
      expect(echo.headers).to.include({
        'content-type': 'application/fhir+json',
        'x-request-id': sent.messageId,
        'x-correlation-id': '7',
      });
      const got = await desk.json<{ body: string }>(['send', '--as', out, '--path', '/FHIR/R4/Task']);
      expect(JSON.parse(got.body)).to.include({ method: 'GET', url: '/FHIR/R4/Task', body: '' });
      const payload = inFolder(desk, 'order.xml');
      await writeFile(payload, '<order/>');
      const id = '6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70';
      const words = [
        '--ebxml',
        'urn:nhs:names:services:mm:PORX_IN020101UK31',
        '--from-party',
        'A83008-820001',
        '--id',
        id,
      ];
      const wrapped = await desk.json<{ body: string }>(['send', payload, '--as', out, ...words]);
      const message = JSON.parse(wrapped.body);
      expect(message.headers['content-type']).to.match(/^multipart\/related/);
      for (const part of [id, '<order/>', 'A83008-820001', 'PORX_IN020101UK31']) expect(message.body).to.contain(part);
      expect((await desk.run(['send', file, '--as', out, '--path', '/refused'])).code).to.equal(1);
      expect((await desk.run(['send', file, '--as', out, '--to', 'https://127.0.0.1:1'])).code).to.equal(3);
    });

    it('gets a token to develop with, bound to its certificate', async () => {
      const out = await enrol();
      const { token } = await desk.json<{ token: string }>([
        ...['token', 'issue', '--user', '555254239107', '--ods', 'A83008', '--activity', 'B0420,B0278'],
        ...['--certificate', join(out, 'system.crt.pem')],
      ]);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      const certificate = new X509Certificate(await readFile(join(out, 'system.crt.pem')));
      const thumbprint = Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
      expect(claims['cnf']).to.deep.equal({ 'x5t#S256': thumbprint });
      expect(JSON.stringify(claims)).to.contain('B0278');
    });
  });

  it('shows help with examples for every command, and ends with 0', async () => {
    for (const line of [
      ...[
        'init',
        'serve',
        'organisation add',
        'system add',
        'system list',
        'system show',
        'system revoke',
        'enrol',
        'send',
      ],
      ...['track', 'dead list', 'dead show', 'dead replay', 'audit verify', 'audit lines', 'lake query', 'token issue'],
    ]) {
      const { code, out } = await desk.run(`${line} --help`);
      expect(code, line).to.equal(0);
      expect(out, line).to.contain(`$ vertebra ${line.split(' ')[0]}`);
      expect(out, line).to.contain('--json');
    }
    expect((await desk.run('--help')).out).to.contain('Exit codes:');
    expect((await desk.run('serve --help')).out).to.contain('HUB_MESSAGE_PORT');
  });

  it('runs from any Node that can start it, and hands its exit code on', async () => {
    const bin = join(import.meta.dirname, '..', '..', 'bin', 'vertebra.mjs');
    const run = promisify(execFile);
    expect((await run(process.execPath, [bin, '--version'])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
    const failed = await run(process.execPath, [bin, 'nonsense']).catch((error: { code: number }) => error);
    expect(failed).to.include({ code: 2 });
  });
});
