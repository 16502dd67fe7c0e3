/** The FHIR door: the sender waits for the decision, and the answer comes on the same connection. */
import { randomUUID } from 'node:crypto';
import { deadline } from '../../core/deadline.ts';
import type { CheckedDocument } from '../../core/document.ts';
import { HubError } from '../../core/errors.ts';
import { isUuid } from '../../core/identifiers.ts';
import type { Interaction } from '../../core/interaction.ts';
import { type Asked, digestOf, oneHeader, type ProtocolDoor, type Reply, traceOf } from '../exchange.ts';
import type { DoorPorts } from '../ports.ts';
import { capabilityStatement } from './capability.ts';
import { answerOf, answerOfError, FHIR_JSON } from './outcome.ts';
import { parseQuery } from './query.ts';
import { createFhirRouter, eventOf, type FhirCandidate, type FhirMatch } from './router.ts';

const FHIR_BODY = /^application\/(?:fhir\+)?json(?:\s*;|$)/i;
/** The form that a message Bundle is checked against before its event says which interaction it is. */
const MESSAGE_BUNDLE = 'fhir:Bundle';

export function createFhirDoor(ports: DoorPorts): ProtocolDoor {
  const { checker, path } = ports;
  const interactions = [...ports.interactions.values()];
  const router = createFhirRouter<Interaction>(interactions);
  const bases = new Set(
    interactions.flatMap(({ addresses }) =>
      addresses.flatMap((address) =>
        address.wire === 'fhir' ? (/^(.*\/(?:R4|STU3))\//.exec(address.path)?.[1] ?? []) : [],
      ),
    ),
  );

  function metadata(asked: Asked): Reply | undefined {
    const base = asked.path.endsWith('/metadata') ? asked.path.slice(0, -'/metadata'.length) : undefined;
    if (base === undefined || !bases.has(base)) return undefined;
    if (asked.method !== 'GET') throw new HubError('METHOD_UNSUPPORTED', { allow: ['GET'] });
    const offered = interactions.filter(({ addresses }) =>
      addresses.some((address) => address.wire === 'fhir' && address.path.startsWith(base)),
    );
    return {
      status: 200,
      headers: { 'content-type': FHIR_JSON },
      body: JSON.stringify(capabilityStatement(offered, ports.about)),
    };
  }

  /** Several interactions may share a path: the event of the checked message says which is meant. */
  function choose(
    match: FhirMatch<Interaction>,
    asked: Asked,
  ): FhirCandidate<Interaction> & { document?: CheckedDocument } {
    const [only, ...others] = match.candidates;
    if (others.length === 0 && only.address.event === undefined) return only;
    requireBody(asked);
    const document = checker.check(MESSAGE_BUNDLE, asked.body);
    const chosen = router.choose(match, document.kind === 'json' ? eventOf(document.value) : undefined);
    return chosen.interaction.schema === MESSAGE_BUNDLE ? { ...chosen, document } : chosen;
  }

  function documentOf(schema: string, asked: Asked): CheckedDocument {
    if (schema !== 'none') {
      requireBody(asked);
      return checker.check(schema, asked.body);
    }
    if (asked.body.length === 0) return { kind: 'none' };
    throw new HubError('CONTENT_TYPE_UNSUPPORTED', { faults: [{ path: 'body', what: 'this request takes none' }] });
  }

  return {
    async serve(asked) {
      const described = metadata(asked);
      if (described !== undefined) return described;
      const messageId = messageIdOf(asked);
      asked.known.messageId = messageId;
      const match = router.route(asked.method, asked.path);
      const chosen = choose(match, asked);
      const { interaction, address } = chosen;
      asked.known.interaction = interaction.id;

      const person = await ports.person(
        oneHeader(asked.headers, 'authorization'),
        asked.peer.thumbprint,
        oneHeader(asked.headers, 'nhsd-session-urid'),
      );
      if (person !== undefined) Object.assign(asked.known, { user: person.userId, role: person.role, ods: person.ods });
      ports.authorise(asked.party, interaction.id, interaction.senders, person);

      const parameters = {
        ...match.parameters,
        ...parseQuery(asked.query, address.query),
        ...headersFor(address.headers, asked),
      };
      const document = chosen.document ?? documentOf(interaction.schema, asked);
      const cause = {
        messageId,
        sender: asked.party,
        ...(person && { person }),
        interaction: interaction.id,
        wire: 'fhir' as const,
        conversationId: oneHeader(asked.headers, 'x-correlation-id') ?? messageId,
        parameters,
        receivedAt: asked.at,
        contentType: oneHeader(asked.headers, 'content-type') ?? '',
        digest: digestOf(asked),
        ...traceOf(asked),
      };
      const message = interaction.read(document, cause);
      const answer = await deadline(
        path.answer({ ...cause, body: asked.body }, message),
        ports.answerWithin_ms,
        'the decision',
      );
      return mirrored(answerOf(answer), asked);
    },

    refuse: (error, asked) => mirrored(answerOfError(error), asked),
  };
}

function requireBody(asked: Asked): void {
  if (asked.body.length === 0) throw new HubError('BODY_MISSING');
  if (!FHIR_BODY.test(oneHeader(asked.headers, 'content-type') ?? '')) throw new HubError('CONTENT_TYPE_UNSUPPORTED');
}

/** X-Request-ID is the message id: a repeat of it is the same message. A query without one is answered under a fresh one. */
function messageIdOf(asked: Asked): string {
  const given = oneHeader(asked.headers, 'x-request-id');
  if (given === undefined) {
    if (asked.method === 'GET') return randomUUID().toUpperCase();
    throw new HubError('HEADER_INVALID', { faults: [{ path: 'X-Request-ID', what: 'is missing' }] });
  }
  if (!isUuid(given))
    throw new HubError('HEADER_INVALID', { faults: [{ path: 'X-Request-ID', what: 'is not a GUID' }] });
  const correlation = oneHeader(asked.headers, 'x-correlation-id');
  if (correlation !== undefined && !/^[\x21-\x7e]{1,100}$/.test(correlation)) {
    throw new HubError('HEADER_INVALID', {
      faults: [{ path: 'X-Correlation-ID', what: 'is not up to 100 printable characters' }],
    });
  }
  return given.toUpperCase();
}

function headersFor(names: readonly string[] | undefined, asked: Asked): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of names ?? []) {
    const value = oneHeader(asked.headers, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function mirrored(reply: Reply, asked: Pick<Asked, 'headers'>): Reply {
  const headers: Record<string, string> = { ...reply.headers };
  for (const name of ['x-request-id', 'x-correlation-id']) {
    const value = asked.headers[name];
    if (typeof value === 'string' && /^[\x21-\x7e]{1,100}$/.test(value)) headers[name] = value;
  }
  return { ...reply, headers };
}
