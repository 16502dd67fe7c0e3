/** Reads from an answer what an expectation compares: identifiers and codes by their system, wherever they stand. */
import { randomUUID } from 'node:crypto';
import type { Answered } from '../connected-system.ts';

export const ERROR_CODE = 'urn:vertebra:error-code';
export const PRESCRIPTION_ID = 'https://fhir.nhs.uk/Id/prescription-order-number';
export const SUMMARY_ID = 'https://fhir.nhs.uk/Id/nhsSCRUUID';
export const SNOMED = 'http://snomed.info/sct';

/** A message id as the wires take it: a GUID in capitals. */
export const freshId = (): string => randomUUID().toUpperCase();

/** The codes of this system in a JSON body, each once, in their order. */
export const codesIn = (body: string, system: string): string[] => collect(body, system, 'code');

/** The values of identifiers of this system in a JSON body, each once, in their order. */
export const identifiersIn = (body: string, system: string): string[] => collect(body, system, 'value');

/** The hub's own code of a refusal, or `status 200` where nothing was refused. */
export const refusalOf = ({ status, body }: Answered): string => codesIn(body, ERROR_CODE)[0] ?? `status ${status}`;

/** One text of a JSON body by its names and places; '' where there is none. */
export function textIn(body: string, ...path: readonly (string | number)[]): string {
  let value = parse(body);
  for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
  return typeof value === 'string' ? value : '';
}

function collect(body: string, system: string, name: 'code' | 'value'): string[] {
  const found = new Set<string>();
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const wanted: unknown = Reflect.get(value, name);
    if (Reflect.get(value, 'system') === system && typeof wanted === 'string') found.add(wanted);
    for (const inner of Object.values(value)) look(inner);
  };
  look(parse(body));
  return [...found];
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
