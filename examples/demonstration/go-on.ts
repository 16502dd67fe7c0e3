/** Stays up after the demonstration: says where to look next, and waits for Ctrl-C. */
import { join } from 'node:path';
import type { Hub } from '../../hub.ts';
import { FILES } from './connect.ts';
import type { Demonstration } from './demonstration.ts';
import type { Paper } from './paper.ts';

export async function goOn(paper: Paper, hub: Hub, { chapters }: Demonstration): Promise<void> {
  const { dataFolder } = hub.config;
  const surgery = join(dataFolder, 'demonstration', 'surgery');
  const order = chapters[0]?.rows[0]?.id ?? '';
  paper.line();
  paper.heading('The hub is up. What next?');
  paper.line();
  paper.line('  Ask as the surgery, with its certificate:');
  paper.line(
    `    curl --cacert ${surgery}/${FILES.authority} --cert ${surgery}/${FILES.certificate} --key ${surgery}/${FILES.key} \\`,
  );
  paper.line(`      ${hub.messageUrl}/electronic-prescriptions/FHIR/R4/metadata`);
  paper.line();
  paper.line('  Follow a message, verify the trail, ask the lake:');
  paper.line(`    npx vertebra track ${order}`);
  paper.line('    npx vertebra audit verify');
  paper.line('    npx vertebra lake query "select kind, count(*) from facts group by kind"');
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
