/** Checks FHIR R4 resources in JSON with code that ajv writes once and a cache keeps. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorObject } from 'ajv';
import { HubError } from '../core/errors.ts';
import { type FhirResource, fhirSchema, isFhirResource, publishedSchemaFile } from './fhir-schema.ts';
import { jsonFault } from './json-invalid.ts';

export interface FhirChecker {
  /**
   * Throws HubError JSON_INVALID with one fault: the path (`Bundle.entry[2].resource.status`) and what is wrong, never
   * the value. Where `resourceType` is given the resource must be that.
   */
  check(value: unknown, resourceType?: FhirResource): void;
}

type Validate = ((value: unknown) => boolean) & { errors?: readonly ErrorObject[] | null };

const require = createRequire(import.meta.url);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/vertebra', import.meta.url));

/**
 * Loads the checking code from the cache folder, or writes it there the first time (one to two seconds); where the
 * folder cannot be written the code is made in memory each time.
 */
export function createFhirChecker({ cacheFolder = CACHE }: { readonly cacheFolder?: string } = {}): FhirChecker {
  const validate = load(cacheFolder);
  return {
    check(value, resourceType) {
      const actual = resourceTypeOf(value);
      if (resourceType !== undefined && actual !== resourceType) {
        throw new HubError('JSON_INVALID', {
          faults: [{ path: 'resourceType', what: `is not ${resourceType}, the resource that belongs here` }],
        });
      }
      if (validate(value)) return;
      const error = validate.errors?.[0];
      const root = actual !== undefined && isFhirResource(actual) ? actual : 'resource';
      throw new HubError('JSON_INVALID', { faults: [jsonFault(error, root)] });
    },
  };
}

function resourceTypeOf(value: unknown): string | undefined {
  const named = value as { readonly resourceType?: unknown } | null | undefined;
  return typeof named?.resourceType === 'string' ? named.resourceType : undefined;
}

function load(cacheFolder: string): Validate {
  const file = join(cacheFolder, `fhir-r4-${key()}.cjs`);
  const kept = tryToLoad(file);
  if (kept) return kept;
  const { validate, code } = generate();
  try {
    mkdirSync(cacheFolder, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, code);
    renameSync(draft, file);
  } catch {
    // A read-only installation: the code in memory is the same.
  }
  return validate;
}

function tryToLoad(file: string): Validate | undefined {
  try {
    const loaded: unknown = require(file);
    return typeof loaded === 'function' ? (loaded as Validate) : undefined;
  } catch {
    return undefined;
  }
}

/** Changes with everything that the code is made from: the published schema, ajv and the rewriting itself. */
function key(): string {
  const hash = createHash('sha256');
  for (const file of [publishedSchemaFile(), require.resolve('ajv/package.json')]) hash.update(readFileSync(file));
  for (const url of ['./fhir-schema.ts', './fhir.ts']) hash.update(readFileSync(new URL(url, import.meta.url)));
  return hash.digest('hex').slice(0, 24);
}

function generate(): { readonly validate: Validate; readonly code: string } {
  const { Ajv } = require('ajv') as typeof import('ajv');
  const { default: standaloneCode } = require('ajv/dist/standalone') as typeof import('ajv/dist/standalone/index.js');
  const ajv = new Ajv({
    discriminator: true,
    messages: false,
    strict: false,
    validateSchema: false,
    logger: false,
    // Only minLength 1 is used, for which code units do as well as code points and cost less.
    unicode: false,
    unicodeRegExp: false,
    code: { source: true, optimize: 1 },
  });
  const validate = ajv.compile(fhirSchema());
  return { validate: validate as Validate, code: standaloneCode(ajv, validate) };
}
