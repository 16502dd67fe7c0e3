/** Tells clients what the FHIR door takes, from the same addresses that route: GET .../metadata. */
import { type Instant, iso } from '../../core/clock.ts';
import type { FhirAddress, RoutedInteraction } from './router.ts';

export interface CapabilityOptions {
  /** When the statement was made. */
  readonly at: Instant;
  readonly software: { readonly name: string; readonly version: string };
}

interface ResourceCapability {
  readonly type: string;
  readonly interaction: { readonly code: string; readonly documentation: string }[];
  readonly searchParam: { readonly name: string; readonly type: 'special' }[];
  readonly operation: OperationCapability[];
}

interface OperationCapability {
  readonly name: string;
  readonly definition: string;
  readonly documentation: string;
}

export interface CapabilityStatement {
  readonly resourceType: 'CapabilityStatement';
  readonly status: 'active';
  readonly date: string;
  readonly kind: 'instance';
  readonly software: { readonly name: string; readonly version: string };
  readonly implementation: { readonly description: string };
  readonly fhirVersion: '4.0.1';
  readonly format: readonly string[];
  readonly rest: readonly [
    {
      readonly mode: 'server';
      readonly resource: readonly object[];
      readonly operation: readonly OperationCapability[];
    },
  ];
  readonly messaging?: readonly object[];
}

/** Every address of the wire 'fhir' as a resource's interaction, an operation or a message event (FHIR R4, CapabilityStatement). */
export function capabilityStatement(
  interactions: readonly RoutedInteraction[],
  { at, software }: CapabilityOptions,
): CapabilityStatement {
  const resources = new Map<string, ResourceCapability>();
  const operations: OperationCapability[] = [];
  const events: string[] = [];
  for (const { title, addresses } of interactions) {
    for (const address of addresses) {
      if (address.wire !== 'fhir') continue;
      if (address.event !== undefined) events.push(`${address.event}: ${title}`);
      const { type, rest } = readAddress(address);
      const resource = type === undefined ? undefined : resourceOf(resources, type);
      const operation = rest.find((segment) => segment.startsWith('$'));
      if (operation !== undefined) addOperation(resource?.operation ?? operations, operation, title);
      else if (resource) describe(resource, address, rest, title);
    }
  }
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: iso(at),
    kind: 'instance',
    software,
    implementation: { description: software.name },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    rest: [{ mode: 'server', resource: [...resources.values()].map(withoutEmptyLists), operation: operations }],
    ...(events.length > 0 && { messaging: [{ documentation: `Events: ${events.join('; ')}.` }] }),
  };
}

/** The resource type of a path, if it has one, and what follows it; folders before it (`/FHIR/R4`) are no types. */
function readAddress({ path }: FhirAddress): { readonly type?: string; readonly rest: readonly string[] } {
  const segments = path.slice(1).split('/');
  const at = segments.findIndex((segment) => /^[A-Z][a-z]+[A-Za-z]*$/.test(segment));
  const type = segments[at];
  return type === undefined ? { rest: segments } : { type, rest: segments.slice(at + 1) };
}

function resourceOf(resources: Map<string, ResourceCapability>, type: string): ResourceCapability {
  const resource = resources.get(type) ?? { type, interaction: [], searchParam: [], operation: [] };
  resources.set(type, resource);
  return resource;
}

const INSTANCE_CODES: Readonly<Record<FhirAddress['method'], string | undefined>> = {
  GET: 'read',
  PUT: 'update',
  PATCH: 'patch',
  POST: undefined,
};

function describe(
  resource: ResourceCapability,
  address: FhirAddress,
  rest: readonly string[],
  documentation: string,
): void {
  const typeLevel = rest.length === 0;
  const typeCode = address.method === 'GET' ? 'search-type' : address.method === 'POST' ? 'create' : undefined;
  const code = typeLevel ? typeCode : rest.length === 1 ? INSTANCE_CODES[address.method] : undefined;
  if (code !== undefined && !resource.interaction.some((known) => known.code === code))
    resource.interaction.push({ code, documentation });
  for (const query of typeLevel ? (address.query ?? []) : []) {
    const name = query.replace(/!$/, '');
    if (!resource.searchParam.some((known) => known.name === name))
      resource.searchParam.push({ name, type: 'special' });
  }
}

function addOperation(operations: OperationCapability[], segment: string, documentation: string): void {
  const name = segment.slice(1);
  if (!operations.some((known) => known.name === name))
    operations.push({ name, definition: `urn:vertebra:operation:${name}`, documentation });
}

/** FHIR JSON has no empty arrays. */
const withoutEmptyLists = (resource: ResourceCapability): object =>
  Object.fromEntries(Object.entries(resource).filter(([, value]) => !Array.isArray(value) || value.length > 0));
