/** The small pieces that FHIR messages are written with. */
import { SYSTEM } from './fhir.ts';
import type { Code } from './model.ts';

export interface Entry {
  readonly fullUrl: string;
  readonly resource: object;
}

export const urn = (id: string): string => `urn:uuid:${id}`;

interface NewResource {
  readonly resourceType: string;
  readonly [field: string]: unknown;
}

/** `id` is a GUID in lower case. */
export const entry = (id: string, resource: NewResource): Entry => ({
  fullUrl: urn(id),
  resource: { id, ...resource },
});
export const ods = (value: string) => ({ identifier: { system: SYSTEM.ods, value } });
const coding = (system: string, { code, display }: Code) => ({
  system,
  code,
  ...(display !== undefined && { display }),
});
export const concept = (system: string, code: Code) => ({ coding: [coding(system, code)] });
