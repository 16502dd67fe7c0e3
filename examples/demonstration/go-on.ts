/** Stays up after the demonstration: says where to look next, and waits for Ctrl-C. */
import { join } from 'node:path';
import type { Hub } from '../../hub.ts';
import type { Demonstration } from './demonstration.ts';
import type { Paper } from './paper.ts';

const DEFAULT_FOLDER = 'data';

export async function goOn(paper: Paper, hub: Hub, { chapters }: Demonstration): Promise<void> {
  const { dataFolder } = hub.config;
  const surgery = join(dataFolder, 'demonstration', 'surgery');
  const order = chapters[0]?.rows[0]?.id ?? '';
  const data = dataFolder === DEFAULT_FOLDER ? '' : ` --data ${dataFolder}`;
  paper.line();
  paper.heading('The hub is up. What next?');
  paper.line();
  paper.pair('health', `${hub.operationsUrl}/ready and ${hub.operationsUrl}/metrics`);
  paper.pair('log', hub.config.logFile ?? 'standard output');
  paper.line();
  paper.line('  Ask as the surgery, follow its first message, verify the trail, ask the lake:');
  paper.line();
  paper.line(`    npx vertebra send${data} --as ${surgery} --path /electronic-prescriptions/FHIR/R4/metadata`);
  paper.line(`    npx vertebra track${data} ${order}`);
  paper.line(`    npx vertebra audit verify${data}`);
  paper.line(`    npx vertebra lake query${data} "select kind, count(*) as facts from facts group by kind"`);
  paper.line();
  paper.line('  Read on: README.md, docs/journey.md. Ctrl-C ends the hub.');
  await untilAsked();
  paper.line();
  paper.line('Stopping: what is in hand is finished first.');
}

/** The first Ctrl-C ends gracefully, the second at once. */
function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    const keep = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(keep);
        resolve();
      });
    }
  });
}
