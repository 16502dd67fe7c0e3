/** `npm start`: a hub, six connected systems and real messages on this machine. `--once` ends when all is seen, or is not. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../../config.ts';
import { HubError } from '../../core/errors.ts';
import { startHub } from '../../hub.ts';
import { type Demonstration, demonstrate } from './demonstration.ts';
import { goOn } from './go-on.ts';
import { openPaper } from './paper.ts';
import { choosePorts } from './ports.ts';
import { quieten } from './quieten.ts';

const USAGE = `npm start              a hub with six example systems; stays up, Ctrl-C ends it
npm start -- --once    the same, ends with 0 if every expected effect was seen, with 1 if not

Settings are HUB_ variables: HUB_DATA_FOLDER, HUB_MESSAGE_PORT ... (deploy/environment.example has them all).
`;

/** An example hub keeps its log off the screen, and looks after trail and lake often, so that they can be seen at once. */
const settings = (given: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  HUB_LAKE_EVERY_s: '1',
  HUB_AUDIT_HEAD_EVERY_s: '1',
  HUB_LOG_FILE: join(given['HUB_DATA_FOLDER'] ?? 'data', 'log', 'hub.log'),
  ...given,
});

quieten();
process.exitCode = await main();

async function main(): Promise<number> {
  let once = false;
  try {
    const { values } = parseArgs({ options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
    if (values.help) {
      process.stdout.write(USAGE);
      return 0;
    }
    once = values.once ?? false;
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await run(once);
  } catch (thrown) {
    const { text, code } = said(thrown);
    process.stderr.write(`${text}\n`);
    return code;
  }
}

/** What went wrong before there was anything to see, in words for whoever started it. */
function said(thrown: unknown): { text: string; code: number } {
  if (thrown instanceof ConfigError) return { text: thrown.message, code: 2 };
  if (thrown instanceof HubError && thrown.code === 'STORE_UNAVAILABLE') {
    const what = `The store cannot be opened: ${thrown.details['what'] ?? thrown.message}.`;
    return { text: `${what}\nEnd the hub that uses it, or choose another HUB_DATA_FOLDER.`, code: 2 };
  }
  return { text: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown), code: 1 };
}

async function run(once: boolean): Promise<number> {
  const paper = openPaper();
  const asked = readConfig(settings(process.env));
  const { config, notes } = await choosePorts(asked, once);
  const hub = await startHub(config);
  const begun = Date.now();
  paper.heading('Vertebra: a message hub for a health service');
  paper.pair('data', `${config.dataFolder}/`);
  paper.pair('messages', `${hub.messageUrl} (mutual TLS)`);
  paper.pair('operators', `${hub.adminUrl} (administration), ${hub.operationsUrl} (health)`);
  for (const note of notes) paper.pair('note', note);

  let shown: Demonstration | undefined;
  try {
    shown = await demonstrate({ hub, introduce: paper.systems, tell: paper.chapter });
    const messages = shown.chapters.reduce((sum, { rows }) => sum + rows.length, 0);
    const effects = shown.chapters.reduce((sum, { expectations }) => sum + expectations.length, 0);
    const took = `${((Date.now() - begun) / 1_000).toFixed(1)} s`;
    paper.verdict(
      shown.met,
      shown.met
        ? `${messages} messages and ${effects} effects, each as expected, in ${took}`
        : 'Not everything that was expected was seen: see the lines with ✗',
    );
    if (!once) await goOn(paper, hub, shown);
    return shown.met ? 0 : 1;
  } finally {
    await shown?.close();
    await hub.stop();
  }
}
