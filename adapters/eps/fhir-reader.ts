/** Walks a FHIR message: resources by type and reference, identifiers by system, codes and quantities. */
import type { Instant } from '../../core/clock.ts';
import { isDate } from './dates.ts';
import type { Concept, Extension, FhirQuantity, Identifier, Reference, Resource } from './fhir.ts';
import type { Code, Guid, Quantity } from './model.ts';
import { required, unreadable } from './reading.ts';

/** A message Bundle, its resources found by type and by reference. */
export class Message {
  readonly bundle: Resource;
  readonly #byReference = new Map<string, Resource>();
  readonly #byType = new Map<string, Resource[]>();

  constructor(bundle: Resource) {
    this.bundle = bundle;
    for (const { fullUrl, resource } of bundle.entry ?? []) {
      if (!resource) continue;
      if (fullUrl) this.#byReference.set(fullUrl, resource);
      if (resource.id) this.#byReference.set(`${resource.resourceType}/${resource.id}`, resource);
      const same = this.#byType.get(resource.resourceType);
      if (same) same.push(resource);
      else this.#byType.set(resource.resourceType, [resource]);
    }
  }

  all(type: string): readonly Resource[] {
    return this.#byType.get(type) ?? [];
  }

  one(type: string): Resource {
    const found = this.all(type);
    if (found.length > 1) unreadable('0009', `more than one ${type}`);
    return required(found[0], type);
  }

  /** What a reference points to, within the message or the resource that contains it. */
  follow(reference: Reference | undefined, within?: Resource): Resource | undefined {
    const to = reference?.reference;
    if (to === undefined) return undefined;
    if (to.startsWith('#')) return within?.contained?.find((resource) => `#${resource.id}` === to);
    return this.#byReference.get(to) ?? this.#byReference.get(`urn:uuid:${to}`);
  }
}

export const list = <Value>(values: readonly Value[] | Value | undefined): readonly Value[] =>
  values === undefined ? [] : Array.isArray(values) ? values : [values as Value];

export function identifier(of: readonly Identifier[] | Identifier | undefined, system: string): string | undefined {
  return list(of).find((candidate) => candidate.system === system)?.value;
}

export const extension = (of: readonly Extension[] | undefined, url: string): Extension | undefined =>
  of?.find((candidate) => candidate.url === url);

/** FHIR writes GUIDs in lower case, the service keeps them in capitals. */
export const guid = (value: string): Guid => value.toUpperCase();

/** The coding of a system, or the first where none is asked for. */
export function coded(concept: Concept | undefined, system?: string): Code | undefined {
  const coding = concept?.coding?.find((candidate) => system === undefined || candidate.system === system);
  if (!coding?.code) return undefined;
  return { code: coding.code, ...(coding.display !== undefined && { display: coding.display }) };
}

export function quantityOf(quantity: FhirQuantity | undefined): Quantity | undefined {
  if (quantity?.value === undefined) return undefined;
  const { value, code, unit } = quantity;
  return { value, ...(code !== undefined && { unit: { code, ...(unit !== undefined && { display: unit }) } }) };
}

/** A FHIR date or dateTime; a date is midnight UTC. */
export function instantOf(text: string, path: string): Instant {
  const instant = Date.parse(text);
  return isDate(text.slice(0, 10)) && !Number.isNaN(instant) ? instant : unreadable('9006', path);
}
