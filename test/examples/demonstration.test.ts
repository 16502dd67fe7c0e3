import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig } from '../../config.ts';
import { demonstrate } from '../../examples/demonstration/demonstration.ts';
import { startHub } from '../../hub.ts';

const RUN = join(import.meta.dirname, '../../examples/demonstration/run.ts');
const ENDS_WITHIN_ms = 90_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vertebra-demonstration-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the demonstration', () => {
  it('ends with 0 when every expected effect was seen, also a second time on the same data folder', async () => {
    const first = await once({});
    expect(first.code, first.output).to.equal(0);
    expect(first.output).to.match(/✓ \d+ messages and \d+ effects, each as expected/);
    expect(first.output).to.not.contain('✗');
    const second = await once({});
    expect(second.code, second.output).to.equal(0);
    // nobody looks at a terminal here: no colour, no warning of the runtime, no log
    expect(second.output).to.not.contain('\u001b');
    expect(second.output).to.not.contain('{"level"');
    expect(second.errors).to.equal('');
  }).timeout(2 * ENDS_WITHIN_ms);

  it('ends with 1 when an effect is missing, and says which', async () => {
    const { code, output } = await once({ HUB_LAKE: 'off' });
    expect(code, output).to.equal(1);
    const missed = output.split('\n').filter((line) => line.includes('✗'));
    expect(missed[0]).to.match(/✗ facts in the lake .*\(expected 17\)/);
  }).timeout(ENDS_WITHIN_ms);

  it('ends with 2, saying what is wrong, when it cannot begin', async () => {
    const { code, errors } = await once({ HUB_STORE: 'punch cards', HUB_MESAGE_PORT: '1' });
    expect(code).to.equal(2);
    expect(errors).to.contain('HUB_STORE is not one of').and.to.contain('HUB_MESAGE_PORT is not a setting of the hub');
  }).timeout(ENDS_WITHIN_ms);

  it('sees that a council was not told, though the hub has answered everybody', async () => {
    const hub = await startHub(
      readConfig({
        HUB_DATA_FOLDER: folder,
        HUB_MESSAGE_PORT: '0',
        HUB_ADMIN_PORT: '0',
        HUB_OPERATIONS_PORT: '0',
        HUB_LAKE_EVERY_s: '1',
        HUB_AUDIT_HEAD_EVERY_s: '1',
        HUB_LOG_LEVEL: 'silent',
      }),
    );
    const deaf = { council: () => ({ status: 503 }) };
    const parts = { hub, introduce: () => undefined, tell: () => undefined, within_ms: 3_000, answers: deaf };
    const shown = await demonstrate(parts);
    await shown.close();
    await hub.stop();
    expect(shown.met).to.equal(false);
    const rows = shown.chapters.flatMap((chapter) => chapter.rows.filter(({ met }) => !met));
    expect(rows.map(({ tells }) => tells)).to.deep.equal([['council'], ['council']]);
    expect(rows.map(({ status }) => status)).to.deep.equal([200, 200]);
  }).timeout(ENDS_WITHIN_ms);
});

/** `npm start -- --once` without npm. */
function once(settings: Readonly<Record<string, string>>): Promise<{ code: number; output: string; errors: string }> {
  const { NODE_OPTIONS: _, ...environment } = process.env;
  const child = spawn(process.execPath, [RUN, '--once'], {
    env: { ...environment, HUB_DATA_FOLDER: folder, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const late = setTimeout(() => child.kill('SIGKILL'), ENDS_WITHIN_ms);
  return new Promise((resolve) => {
    child.once('close', (code) => {
      clearTimeout(late);
      resolve({ code: code ?? -1, output, errors });
    });
  });
}
