/** Where the published example data is, on machines that have it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CORPUS = fileURLToPath(new URL('../../../shared/corpus', import.meta.url));

/** Files below a folder of the corpus whose name ends so; skips the test, saying so, where there is no corpus. */
export function corpusFiles(test: Mocha.Context, folder: string, ending: string): string[] {
  const root = join(CORPUS, folder);
  if (!existsSync(root)) {
    console.log(`      skipped: no example data at ../shared/corpus/${folder}`);
    test.skip();
  }
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(root, name));
}

/** The XML documents in a captured HTTP message, in a MIME body, or in a plain file. */
export function xmlParts(capture: string): string[] {
  return capture
    .split(/----=_MIME-Boundary(?:--)?/)
    .map((part) => (/^Content-|^HTTP|^POST/m.test(part) ? part.slice(part.search(/\r?\n\r?\n/)) : part).trim())
    .filter((part) => part.startsWith('<'));
}
