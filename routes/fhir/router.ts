/** Finds the interaction that a FHIR request asks for, from the addresses that the adapters declare. */
import { HubError } from '../../core/errors.ts';
import type { InteractionId } from '../../core/identifiers.ts';
import { readPath } from './query.ts';

export type FhirMethod = 'GET' | 'POST' | 'PUT' | 'PATCH';

/** An address at this door; the same shape as an adapter's. */
export interface FhirAddress {
  readonly wire: 'fhir';
  readonly method: FhirMethod;
  readonly path: string;
  readonly query?: readonly string[];
  readonly headers?: readonly string[];
  readonly event?: string;
}

/** What this door needs to know of an interaction; addresses of other wires are left to other doors. */
export interface RoutedInteraction {
  readonly id: InteractionId;
  readonly title: string;
  readonly addresses: readonly (FhirAddress | { readonly wire: 'ebxml' | 'xml' })[];
}

export interface FhirCandidate<Routed extends RoutedInteraction> {
  readonly interaction: Routed;
  readonly address: FhirAddress;
}

export interface FhirMatch<Routed extends RoutedInteraction> {
  /** One, or several told apart by the event of the message: see `choose`. */
  readonly candidates: readonly [FhirCandidate<Routed>, ...FhirCandidate<Routed>[]];
  /** Values of the path's `{names}`, decoded. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface FhirRouter<Routed extends RoutedInteraction> {
  /**
   * The interactions at a path, without its query string. A literal segment ranks before a `{name}`.
   * @throws HubError INTERACTION_UNKNOWN; METHOD_UNSUPPORTED with `details.allow`; PARAMETER_INVALID for a bad path.
   */
  route(method: string, path: string): FhirMatch<Routed>;
  /**
   * The one candidate whose event this is, else the one that names no event.
   * @throws HubError INTERACTION_UNKNOWN
   */
  choose(match: FhirMatch<Routed>, event: string | undefined): FhirCandidate<Routed>;
}

type Candidates<Routed extends RoutedInteraction> = [FhirCandidate<Routed>, ...FhirCandidate<Routed>[]];

/** One path with its methods. */
interface Route<Routed extends RoutedInteraction> {
  readonly segments: readonly string[];
  /** Names of the parameters by their place. */
  readonly names: readonly (string | undefined)[];
  readonly methods: Map<string, Candidates<Routed>>;
}

/** @throws Error where two interactions claim one address: a mistake of whoever plugs adapters together. */
export function createFhirRouter<Routed extends RoutedInteraction>(
  interactions: readonly Routed[],
): FhirRouter<Routed> {
  const routes = new Map<string, Route<Routed>>();
  for (const interaction of interactions) {
    for (const address of interaction.addresses) if (address.wire === 'fhir') add(routes, { interaction, address });
  }
  const exact = new Map([...routes].filter(([, route]) => route.names.every((name) => name === undefined)));
  const patterns = byLength([...routes.values()].filter((route) => route.names.some((name) => name !== undefined)));

  return {
    route(method, path) {
      const literal = exact.get(path);
      const candidates = literal?.methods.get(method);
      if (candidates) return { candidates, parameters: {} };
      const segments = readPath(path);
      const matching = (patterns.get(segments.length) ?? []).filter((route) => fits(route, segments));
      // A path may be spelt with escapes that it does not need: it is the same path.
      const spelt = literal ?? exact.get(`/${segments.join('/')}`);
      const all = spelt ? [spelt, ...matching] : matching;
      const found = all.find((route) => route.methods.has(method));
      const chosen = found?.methods.get(method);
      if (found && chosen) return { candidates: chosen, parameters: parametersOf(found, segments) };
      if (all.length === 0) throw new HubError('INTERACTION_UNKNOWN');
      throw new HubError('METHOD_UNSUPPORTED', {
        allow: [...new Set(all.flatMap((route) => [...route.methods.keys()]))],
      });
    },
    choose({ candidates }, event) {
      const chosen =
        candidates.find(({ address }) => address.event !== undefined && address.event === event) ??
        candidates.find(({ address }) => address.event === undefined);
      if (!chosen) {
        throw new HubError('INTERACTION_UNKNOWN', {
          faults: [{ path: 'Bundle.entry[0].resource.eventCoding.code', what: 'is no event that this path takes' }],
        });
      }
      return chosen;
    },
  };
}

/** `MessageHeader.eventCoding.code` of a message Bundle, whose first entry is its header (FHIR R4, Bundle, bdl-12). */
export function eventOf(document: unknown): string | undefined {
  const entry = property(document, 'entry');
  const header = property(Array.isArray(entry) ? entry[0] : undefined, 'resource');
  if (property(header, 'resourceType') !== 'MessageHeader') return undefined;
  const code = property(property(header, 'eventCoding'), 'code');
  return typeof code === 'string' ? code : undefined;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function add<Routed extends RoutedInteraction>(
  routes: Map<string, Route<Routed>>,
  candidate: FhirCandidate<Routed>,
): void {
  const { method, path, event } = candidate.address;
  const segments = path.slice(1).split('/');
  const names = segments.map((segment) => /^\{([A-Za-z][\w-]*)\}$/.exec(segment)?.[1]);
  if (
    !path.startsWith('/') ||
    segments.some((segment, at) => segment === '' || (/[{}%?#]/.test(segment) && !names[at]))
  )
    throw new Error(`${candidate.interaction.id}: the path ${path} is not of the form /literal/{name}`);
  const key = `/${segments.map((segment, at) => (names[at] === undefined ? segment : '{}')).join('/')}`;
  const route = routes.get(key) ?? { segments, names, methods: new Map<string, Candidates<Routed>>() };
  routes.set(key, route);
  const there = route.methods.get(method);
  const rival = there?.find(({ address }) => address.event === event);
  if (rival) throw new Error(`${candidate.interaction.id} and ${rival.interaction.id} both claim ${method} ${path}`);
  if (route.names.join() !== names.join())
    throw new Error(`${candidate.interaction.id}: ${path} names its parameters otherwise`);
  if (there) there.push(candidate);
  else route.methods.set(method, [candidate]);
}

/** Patterns by their number of segments, those with the earlier literal first. */
function byLength<Routed extends RoutedInteraction>(routes: readonly Route<Routed>[]): Map<number, Route<Routed>[]> {
  const rank = (route: Route<Routed>): string => route.names.map((name) => (name === undefined ? '0' : '1')).join('');
  const sorted = [...routes].sort((one, other) => (rank(one) < rank(other) ? -1 : 1));
  return Map.groupBy(sorted, (route) => route.segments.length);
}

const fits = <Routed extends RoutedInteraction>(route: Route<Routed>, segments: readonly string[]): boolean =>
  route.segments.every((segment, at) => route.names[at] !== undefined || segment === segments[at]);

function parametersOf<Routed extends RoutedInteraction>(
  route: Route<Routed>,
  segments: readonly string[],
): Readonly<Record<string, string>> {
  const parameters: Record<string, string> = {};
  route.names.forEach((name, at) => {
    const value = segments[at];
    if (name !== undefined && value !== undefined) parameters[name] = value;
  });
  return parameters;
}
