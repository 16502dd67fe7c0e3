/** The catalogue of schemas: an interaction names one, a door verifies bytes against it, an adapter reads them. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import formats from 'ajv-formats';
import type { CheckedDocument } from '../core/document.ts';
import { HubError } from '../core/errors.ts';
import { createFhirChecker, type FhirChecker } from './fhir.ts';
import { isFhirResource } from './fhir-schema.ts';
import { parseCheckedJson, parseJson } from './json.ts';
import { jsonFault } from './json-invalid.ts';
import type { DocumentLimits } from './limits.ts';
import { createXmlChecker } from './xml.ts';
import { parseCheckedXml } from './xml-tree.ts';

/**
 * A schema id is one of
 * - `none`: no document is expected;
 * - `fhir`, or `fhir:Bundle` for one resource type: FHIR R4 in JSON;
 * - `json:<service>/<name>`: our `<service>/<name>.schema.json`;
 * - `xml`: well formed and within the limits; whoever reads it checks the rest;
 * - `xml:<service>/<name>`: our `<service>/<name>.xsd`, or `<name>.xsd` of the official folder where that has it.
 */
export interface Catalogue {
  /** Compiles these ahead of their first use; throws Error for an id that is not there or a schema that is wrong. */
  prepare(schemaIds: readonly string[]): void;
  /** Form and schema, without building what a reader needs. Throws HubError (see xml.ts, json.ts, fhir.ts). */
  verify(schemaId: string, bytes: Uint8Array): void;
  /** The document of bytes that were verified before under the same id; cheap, checks nothing again. */
  read(schemaId: string, bytes: Uint8Array): CheckedDocument;
  /** `verify`, then `read`. */
  check(schemaId: string, bytes: Uint8Array): CheckedDocument;
  /** Frees the compiled schemas. */
  dispose(): void;
}

export interface CatalogueParts {
  /** The folder with one folder a service: XSDs and JSON schemas of our own. */
  readonly xsdFolder: string;
  /** Official XSDs, used instead of ours by file name. */
  readonly officialXsdFolder?: string;
  readonly limits: DocumentLimits;
  /** Where the compiled FHIR code is kept; `node_modules/.cache/vertebra` otherwise. */
  readonly cacheFolder?: string;
}

interface Entry {
  verify(bytes: Uint8Array): void;
  read(bytes: Uint8Array): CheckedDocument;
  check(bytes: Uint8Array): CheckedDocument;
}

const NO_DOCUMENT: CheckedDocument = { kind: 'none' };
const NONE: Entry = { verify: () => {}, read: () => NO_DOCUMENT, check: () => NO_DOCUMENT };

export function createCatalogue({ xsdFolder, officialXsdFolder, limits, cacheFolder }: CatalogueParts): Catalogue {
  const xml = createXmlChecker({ folders: officialXsdFolder ? [officialXsdFolder, xsdFolder] : [xsdFolder], limits });
  const ajv = new Ajv({ strict: true, messages: false, discriminator: true });
  formats.default(ajv);
  const entries = new Map<string, Entry>([['none', NONE]]);
  let fhir: FhirChecker | undefined;

  function entry(schemaId: string): Entry {
    const known = entries.get(schemaId);
    if (known) return known;
    const made = make(schemaId);
    entries.set(schemaId, made);
    return made;
  }

  function make(schemaId: string): Entry {
    const [, kind, name] = /^(fhir|json|xml)(?::([\w.-]+(?:\/[\w.-]+)?))?$/.exec(schemaId) ?? [];
    if (kind === 'fhir') return fhirEntry(schemaId, name);
    if (kind === 'json' && name?.includes('/')) return jsonEntry(schemaId, name);
    if (kind === 'xml' && name === undefined) return xmlEntry(undefined);
    if (kind === 'xml' && name?.includes('/')) return xmlEntry(schemaFile(schemaId, name));
    throw new Error(`the catalogue has no schema ${schemaId}`);
  }

  function fhirEntry(schemaId: string, resourceType: string | undefined): Entry {
    if (resourceType !== undefined && !isFhirResource(resourceType)) {
      throw new Error(`the catalogue has no schema ${schemaId}`);
    }
    fhir ??= createFhirChecker(cacheFolder === undefined ? {} : { cacheFolder });
    const checker = fhir;
    return valueEntry((value) => checker.check(value, resourceType));
  }

  function jsonEntry(schemaId: string, name: string): Entry {
    const file = join(xsdFolder, `${name}.schema.json`);
    if (!existsSync(file)) throw new Error(`the catalogue has no schema ${schemaId}`);
    const validate: ValidateFunction = ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
    return valueEntry((value) => {
      if (!validate(value)) throw new HubError('JSON_INVALID', { faults: [jsonFault(validate.errors?.[0], 'body')] });
    });
  }

  function valueEntry(validate: (value: unknown) => void): Entry {
    const check = (bytes: Uint8Array): CheckedDocument => {
      const value = parseJson(bytes, limits);
      validate(value);
      return { kind: 'json', value };
    };
    return { check, verify: check, read: (bytes) => ({ kind: 'json', value: parseCheckedJson(bytes) }) };
  }

  function schemaFile(schemaId: string, name: string): string {
    const own = join(xsdFolder, `${name}.xsd`);
    const official = officialXsdFolder && join(officialXsdFolder, `${name.slice(name.indexOf('/') + 1)}.xsd`);
    const file = official && existsSync(official) ? official : own;
    if (!existsSync(file)) throw new Error(`the catalogue has no schema ${schemaId}`);
    xml.prepare(file);
    return file;
  }

  function xmlEntry(file: string | undefined): Entry {
    const verify = (bytes: Uint8Array): void => xml.check(bytes, file);
    const read = (bytes: Uint8Array): CheckedDocument => ({ kind: 'xml', root: parseCheckedXml(bytes) });
    return {
      verify,
      read,
      check(bytes) {
        verify(bytes);
        return read(bytes);
      },
    };
  }

  return {
    prepare(schemaIds) {
      for (const schemaId of schemaIds) entry(schemaId);
    },
    verify: (schemaId, bytes) => entry(schemaId).verify(bytes),
    read: (schemaId, bytes) => entry(schemaId).read(bytes),
    check: (schemaId, bytes) => entry(schemaId).check(bytes),
    dispose: () => xml.dispose(),
  };
}
