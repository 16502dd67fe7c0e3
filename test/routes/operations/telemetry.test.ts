/** What the hub says of itself, and what it never says. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import type { StageFields } from '../../../core/telemetry.ts';
import { createTelemetry, type HubTelemetry, type TelemetryParts } from '../../../routes/operations/telemetry.ts';

const GUID = '6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70';
const INTERACTION = 'urn:nhs:names:services:mm:PORX_IN020101UK31';
const NOW = Date.parse('2026-03-02T09:00:00.007Z');
const clock = { now: () => NOW, timer: () => () => undefined };

describe('the telemetry', () => {
  let folder: string;
  let open: HubTelemetry[];
  const start = (parts: Partial<TelemetryParts> = {}): HubTelemetry => {
    const made = createTelemetry({
      level: 'info',
      version: '1.2.3',
      destination: join(folder, 'log'),
      clock,
      ...parts,
    });
    open.push(made);
    return made;
  };
  const lines = async (): Promise<string[]> => {
    for (const one of open.splice(0)) await one.close();
    return (await readFile(join(folder, 'log'), 'utf8')).split('\n').filter((line) => line !== '');
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vertebra-telemetry-'));
    open = [];
  });
  afterEach(async () => {
    for (const one of open) await one.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('writes one JSON line for each change of stage, its fields in one order whatever the caller’s', async () => {
    const { telemetry } = start();
    const fields: StageFields = {
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      took_ms: 12.4,
      attempts: 2,
      delivery: GUID,
      code: 'RECEIVER_REFUSED',
      interaction: INTERACTION,
      system: '200000000001',
      messageId: GUID,
    };
    telemetry.stage('dead', fields);
    telemetry.stage('accepted', { system: '200000000001', messageId: GUID });
    const [first = '', second] = await lines();
    expect(Object.keys(JSON.parse(first))).to.deep.equal([
      'level',
      'time',
      'stage',
      'messageId',
      'system',
      'interaction',
      'code',
      'delivery',
      'attempts',
      'took_ms',
      'traceparent',
    ]);
    expect(JSON.parse(first)).to.deep.include({
      ...fields,
      took_ms: 12,
      level: 'error',
      time: '2026-03-02T09:00:00.007Z',
    });
    expect(second).to.equal(
      `{"level":"info","time":"2026-03-02T09:00:00.007Z","stage":"accepted","messageId":"${GUID}","system":"200000000001"}`,
    );
  });

  it('never writes a value that is not of its field’s form, so nothing of a patient gets in by an identifier', async () => {
    const { telemetry } = start();
    const odd = 'Jane Doe "9990000018"\n{"level":"info"}';
    for (const stage of ['refused', 'dead'] as const)
      telemetry.stage(stage, {
        messageId: odd,
        system: odd,
        interaction: odd,
        code: odd,
        delivery: odd,
        traceparent: odd,
      });
    telemetry.stage('refused', { messageId: '9990000018', interaction: 'fhir:9990000018', system: '9990000018' });
    telemetry.trouble('odd', new Error('x'), { messageId: odd, interaction: odd, system: odd, delivery: odd });
    const written = await lines();
    expect(written).to.have.length(4);
    for (const line of written) {
      expect(line).to.not.match(/Jane|9990000018/);
      JSON.parse(line);
    }
  });

  it('tells a trouble with its kind, code and place, and none of the values that its message quotes', async () => {
    const { telemetry } = start();
    const parse = (): unknown => JSON.parse('{"patient":"Jane Doe" 9990000018');
    try {
      parse();
    } catch (error) {
      telemetry.trouble('a body that failed', new HubError('INTERNAL', {}, { cause: error }));
    }
    const database = Object.assign(
      new Error('duplicate key value violates "messages" (id)=("Jane Doe") 999 000 0018'),
      {
        code: '23505',
        detail: 'Key (nhs)=(9990000018)',
      },
    );
    telemetry.trouble('a commit that failed for 9990000018', database, { messageId: GUID });
    telemetry.trouble('a number', 9990000018);
    telemetry.trouble('a store', new HubError('STORE_UNAVAILABLE', { what: 'disk full' }));
    const written = await lines();
    expect(written.join()).to.not.match(/Jane|999 ?000/);
    const [first, second, , fourth] = written.map((line) => JSON.parse(line));
    expect(first.error.cause.name).to.equal('SyntaxError');
    expect(first.error.cause.at.join()).to.contain('telemetry.test.ts');
    expect(second).to.deep.include({ level: 'error', messageId: GUID });
    expect(second.error.code).to.equal('23505');
    expect(second.error.message).to.contain('duplicate key value violates');
    expect(fourth.error.message).to.contain('disk full');
  });

  it('keeps quiet below its level and counts all the same', async () => {
    const quiet = start({ level: 'warn' });
    quiet.telemetry.stage('accepted', { interaction: INTERACTION });
    quiet.telemetry.stage('retrying', { interaction: INTERACTION });
    expect(await quiet.registry.metrics()).to.contain(
      `hub_messages_total{stage="accepted",interaction="${INTERACTION}"} 1`,
    );
    expect(await lines()).to.have.length(1);
  });

  it('counts messages by stage and interaction, refusals by code, and the time to decide and to deliver', async () => {
    const { telemetry, registry } = start({ level: 'silent' });
    for (const took_ms of [3, 30]) {
      telemetry.stage('accepted', { interaction: INTERACTION });
      telemetry.stage('decided', { interaction: INTERACTION, took_ms });
    }
    telemetry.stage('delivered', { interaction: 'hub:notice', took_ms: 700 });
    telemetry.stage('refused', { code: 'CERTIFICATE_UNKNOWN' });
    telemetry.stage('decided', { interaction: INTERACTION, code: '0004' });
    const text = await registry.metrics();
    expect(await registry.metrics(), 'asking changes nothing').to.contain(
      text.split('\n').find((l) => l.includes('hub_messages_total{')) ?? '?',
    );
    for (const line of [
      `hub_messages_total{stage="decided",interaction="${INTERACTION}"} 3`,
      `hub_decide_seconds_bucket{le="0.005",interaction="${INTERACTION}"} 1`,
      `hub_decide_seconds_count{interaction="${INTERACTION}"} 2`,
      `hub_deliver_seconds_sum{interaction="hub:notice"} 0.7`,
      'hub_refusals_total{code="CERTIFICATE_UNKNOWN"} 1',
      'hub_refusals_total{code="0004"} 1',
      'hub_info{version="1.2.3"} 1',
    ])
      expect(text).to.contain(line);
    expect(text).to.match(/nodejs_eventloop_lag_p99_seconds \d/);
    expect(text).to.match(/process_resident_memory_bytes \d/);
  });

  it('shows backlog, circuits, connections and systems as they are when asked', async () => {
    const { registry, watch } = start({ level: 'silent' });
    let undelivered = 3;
    watch({
      backlog: () => ({ undecided: 1, undelivered, dead: 2, unreadFacts: 0 }),
      circuits: () => [{ state: 'open' }, { state: 'open' }, { state: 'closed' }],
      connections: () => 17,
      systems: () => 6,
    });
    await registry.metrics();
    undelivered = 4;
    const text = await registry.metrics();
    for (const line of [
      'hub_backlog{of="undelivered"} 4',
      'hub_backlog{of="dead"} 2',
      'hub_circuits{state="open"} 2',
      'hub_circuits{state="half-open"} 0',
      'hub_connections 17',
      'hub_systems 6',
    ])
      expect(text).to.contain(line);
  });

  it('keeps a limited number of names, however many a flood brings', async () => {
    const { telemetry, registry } = start({ level: 'silent' });
    for (let i = 0; i < 5_000; i++) telemetry.stage('refused', { interaction: `fhir:made-up-${i}`, code: `CODE_${i}` });
    const text = await registry.metrics();
    expect(text.split('\n').filter((line) => line.startsWith('hub_messages_total{'))).to.have.length(500);
    expect(text.split('\n').filter((line) => line.startsWith('hub_refusals_total{'))).to.have.length.at.most(501);
    expect(text).to.contain('hub_messages_total{stage="refused",interaction="other"}');
  });

  it('hands every stage to the tracer, where there is one', () => {
    const seen: string[] = [];
    const { telemetry } = start({ level: 'silent', tracer: { stage: (stage) => seen.push(stage) } });
    telemetry.stage('accepted', {});
    telemetry.stage('decided', {});
    expect(seen).to.deep.equal(['accepted', 'decided']);
  });
});
