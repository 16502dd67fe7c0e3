/** Checks XML from outside: limits and no document type, then well-formedness, then the schema, each with its own code. */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { HubError } from '../core/errors.ts';
import { type CompiledSchema, compileSchema, judgeXml } from './libxml.ts';
import type { DocumentLimits } from './limits.ts';
import { illFormedFaults, invalidFaults } from './xml-faults.ts';
import { scanXml } from './xml-scan.ts';
import { parseCheckedXml } from './xml-tree.ts';

export interface XmlChecker {
  /** Compiles a schema ahead of its first use: the path of an .xsd file inside one of the folders. Throws Error. */
  prepare(schema: string): void;
  /**
   * Throws HubError: BODY_MISSING, BODY_TOO_LARGE, XML_DOCTYPE, DOCUMENT_LIMIT, XML_ILL_FORMED (with a line) or, where a
   * schema is named, XML_INVALID (with path, line and what for up to ten faults). Faults never repeat a value.
   */
  check(bytes: Uint8Array, schema?: string): void;
  /** Frees the compiled schemas. */
  dispose(): void;
}

/**
 * Schemas are read from the folders and nowhere else; what they include or import is found relative to themselves
 * (`schemaLocation`), inside the folder that they are in, links resolved. Addresses of other hosts find nothing.
 */
export function createXmlChecker(parts: {
  readonly folders: readonly string[];
  readonly limits: DocumentLimits;
}): XmlChecker {
  const { limits } = parts;
  const folders = parts.folders.map((folder) => realpathSync(resolve(folder)));
  const compiled = new Map<string, CompiledSchema>();

  function schemaFor(path: string): CompiledSchema {
    const known = compiled.get(path);
    if (known) return known;
    const schema = compile(path, folders);
    compiled.set(path, schema);
    return schema;
  }

  return {
    prepare: (path) => void schemaFor(path),
    check(bytes, path) {
      const schema = path === undefined ? undefined : schemaFor(path);
      const plain = scanXml(bytes, limits);
      const verdict = judgeXml(plain, schema);
      switch (verdict.kind) {
        case 'good':
          return;
        case 'ill-formed':
          throw new HubError('XML_ILL_FORMED', { faults: illFormedFaults(verdict.complaints) });
        case 'doctype':
          throw new HubError('XML_DOCTYPE', { faults: [{ line: 1, what: 'a document type declaration' }] });
        case 'invalid':
          throw new HubError('XML_INVALID', { faults: invalidFaults(verdict.complaints, parseCheckedXml(plain)) });
      }
    },
    dispose() {
      for (const schema of compiled.values()) schema.dispose();
      compiled.clear();
    },
  };
}

/** Addresses inside a folder have a scheme of their own, so that a schema can name nothing outside it. */
const SCHEME = 'schemas://folder/';

function compile(path: string, folders: readonly string[]): CompiledSchema {
  const file = realpathSync(resolve(path));
  const folder = folders.find((candidate) => file.startsWith(candidate + sep));
  if (folder === undefined) throw new Error(`the schema ${path} is outside the schema folders`);
  const address = SCHEME + relative(folder, file).split(sep).map(encodeURIComponent).join('/');
  return compileSchema(address, (url) => readInside(folder, url));
}

function readInside(folder: string, url: string): Uint8Array | undefined {
  if (!url.startsWith(SCHEME)) return undefined;
  try {
    const file = realpathSync(join(folder, ...url.slice(SCHEME.length).split('/').map(decodeURIComponent)));
    return file.startsWith(folder + sep) && statSync(file).isFile() ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  }
}
