/** A hub as a process of its own for tests: `node hub-main.ts <config.json>`; SIGTERM stops it in order. */
import { readFileSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { startHub } from '../../hub.ts';

const [, , file] = process.argv;
if (file === undefined) throw new Error('a file with the configuration is needed');
const config: Config = JSON.parse(readFileSync(file, 'utf8'));
const hub = await startHub(config);

process.once('SIGTERM', async () => {
  await hub.stop();
  process.exit(0);
});
