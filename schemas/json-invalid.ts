/** Puts ajv's complaints in the hub's words: a path that people read, and what is wrong without the value. */
import type { ErrorObject } from 'ajv';
import type { Fault } from '../core/errors.ts';

type Params = Readonly<Record<string, unknown>>;

const WORDS: Readonly<Record<string, (params: Params) => string>> = {
  required: ({ missingProperty }) => `lacks ${missingProperty}`,
  type: ({ type }) => `is not of type ${type}`,
  enum: () => 'is not one of the codes allowed',
  const: () => 'is not the value that the schema fixes',
  pattern: () => 'does not have the form of its type',
  format: () => 'does not have the form of its type',
  minLength: ({ limit }) => (limit === 1 ? 'is empty' : 'is too short'),
  maxLength: () => 'is too long',
  minimum: () => 'is too small',
  maximum: () => 'is too large',
  minItems: () => 'has too few items',
  maxItems: () => 'has too many items',
  uniqueItems: () => 'has an item twice',
  discriminator: () => 'has a resourceType that is missing or not taken here',
  additionalProperties: ({ additionalProperty }) =>
    `has a member that the schema does not know${shown(additionalProperty)}`,
};

/** A member's name, where it looks like one: it may be anything, since the sender made it up. */
const shown = (name: unknown): string =>
  typeof name === 'string' && /^_?[A-Za-z]{1,40}$/.test(name) ? `: ${name}` : '';

/** The complaint as a fault; `root` is what the path begins with. */
export function jsonFault(error: ErrorObject | undefined, root: string): Fault {
  if (!error) return { path: root, what: 'does not keep to the schema' };
  const words = WORDS[error.keyword]?.(error.params) ?? 'does not keep to the schema';
  return { path: jsonPath(error.instancePath, root), what: words };
}

/** `/entry/2/resource/status` as `Bundle.entry[2].resource.status`. */
function jsonPath(pointer: string, root: string): string {
  let path = root;
  for (const step of pointer.split('/').slice(1)) {
    const name = step.replaceAll('~1', '/').replaceAll('~0', '~').slice(0, 64);
    path += /^\d+$/.test(name) ? `[${name}]` : `.${name}`;
  }
  return path;
}
