/** Writes docs/errors.md from the one table of errors; `--check` only says whether the page is up to date. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Blame, ERRORS, type ErrorEntry } from '../core/errors.ts';

const PAGE = join(import.meta.dirname, '..', 'docs', 'errors.md');

const INTRODUCTION = `# Errors

What the hub says when it cannot do what was asked. Every code stands once in [core/errors.ts](../core/errors.ts); this page is
written from it by \`node scripts/write-errors-doc.ts\`, and a test fails when the two differ.

An error says how to mend it and where the fault lies (path, line); it never repeats what was sent.

| protocol | how it says a code |
|---|---|
| FHIR | an \`OperationOutcome\`, an issue for each fault: \`issue.code\` as below, the code itself in \`issue.details.coding\` of the system \`urn:vertebra:error-code\`, a code of the service's own list beside it |
| ebXML | a message with an \`eb:ErrorList\` (\`eb:errorCode\` as below) when the header could be read, a SOAP fault when it could not |
| plain XML | \`<error xmlns="urn:vertebra:error" code="..."><text/><fault path="" line=""/></error>\` |
| mailbox, administration | JSON with \`code\`, \`text\` and \`faults\` |

"Again" says whether trying later may succeed. After 408, 429, any 5xx or no answer at all, send the same bytes under the same
message id: however often they arrive they have their effect once. Such an answer carries \`Retry-After\`.
`;

const HEADINGS: Readonly<Record<Blame, string>> = {
  sender: 'The sender mends it',
  hub: 'The hub cannot now',
  receiver: 'The receiver is away, or says no',
};

const page = `${INTRODUCTION}${(Object.keys(HEADINGS) as Blame[]).map(section).join('')}`;
if (process.argv.includes('--check')) {
  if ((await readFile(PAGE, 'utf8').catch(() => '')) !== page) {
    console.error('docs/errors.md is not what core/errors.ts says: run node scripts/write-errors-doc.ts');
    process.exitCode = 1;
  }
} else await writeFile(PAGE, page);

function section(blame: Blame): string {
  const entries = Object.entries<ErrorEntry>(ERRORS).filter(([, entry]) => entry.blame === blame);
  return `
## ${HEADINGS[blame]}

| code | HTTP | FHIR | ebXML | again | meaning |
|---|---|---|---|---|---|
${entries.map(([code, entry]) => row(code, entry)).join('\n')}
`;
}

function row(code: string, { status, fhir, ebxml, retry, text }: ErrorEntry): string {
  return `| \`${code}\` | ${status} | ${fhir} | ${ebxml} | ${retry ? 'yes' : 'no'} | ${text} |`;
}
