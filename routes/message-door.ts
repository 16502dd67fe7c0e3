/**
 * The message door: who speaks -> may they now -> what do they ask -> serve, or refuse in the protocol's own words.
 * Plain node:https, because every message passes here; everything else is on express.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from 'node:net';
import type { Peer } from '../certs/identify.ts';
import { asHubError, HubError } from '../core/errors.ts';
import type { Party } from '../core/party.ts';
import { readBody } from './body.ts';
import { createEbxmlDoor } from './ebxml/door.ts';
import type { Asked, ProtocolDoor, Reply } from './exchange.ts';
import { createFhirDoor } from './fhir/door.ts';
import { createMailboxDoor } from './mailbox/door.ts';
import type { DoorPorts } from './ports.ts';
import { createXmlDoor } from './xml/door.ts';

/** Where clients of the national service post; elsewhere the content type tells. */
const EBXML_PATH = '/Prescription';
const EBXML_TYPE = /^(?:multipart\/related|text\/xml|application\/xml)/i;

/** Longest path and query that are looked at. */
const MOST_URL = 8_000;

export type MessageHandler = (request: IncomingMessage, response: ServerResponse, peer: Peer) => void;

export function createMessageHandler(ports: DoorPorts): MessageHandler {
  const ebxml = createEbxmlDoor(ports);
  const fhir = createFhirDoor(ports);
  const xml = createXmlDoor(ports);
  const mailbox = createMailboxDoor(ports);

  function doorFor(path: string, contentType: string): ProtocolDoor {
    if (path === '/mailbox' || path.startsWith('/mailbox/')) return mailbox;
    if (xml.serves(path)) return xml;
    return path === EBXML_PATH || EBXML_TYPE.test(contentType) ? ebxml : fhir;
  }

  /** The system that this certificate is registered to, active now. */
  function partyOf(peer: Peer): Party {
    const system = ports.directory.systemByCertificate(peer.fingerprint256);
    if (system === undefined) throw new HubError('CERTIFICATE_UNKNOWN');
    const party = ports.directory.party(system.systemId);
    if (party === undefined) throw new HubError('SYSTEM_SUSPENDED');
    return party;
  }

  async function serve(request: IncomingMessage, peer: Peer): Promise<Reply> {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const door = doorFor(path, request.headers['content-type'] ?? '');
    const known: Asked['known'] = {};
    try {
      if (url.length > MOST_URL)
        throw new HubError('PARAMETER_INVALID', { faults: [{ path: 'path', what: `is longer than ${MOST_URL}` }] });
      refuseDoubleHost(request);
      const party = partyOf(peer);
      known.system = party.systemId;
      known.ods = party.ods;
      const paced = ports.pace(party);
      const wait_ms = typeof paced === 'number' ? paced : await paced;
      if (wait_ms > 0) throw new HubError('RATE_LIMITED', { retryAfter_s: wait_ms / 1_000 });
      const body = await readBody(request, ports.mostBody_bytes);
      return await door.serve({
        method: request.method ?? 'GET',
        path,
        query: mark < 0 ? '' : url.slice(mark + 1),
        headers: request.headers,
        body,
        peer,
        party,
        at: ports.clock.now(),
        known,
      });
    } catch (thrown) {
      const error = asHubError(thrown);
      if (error.code === 'INTERNAL')
        ports.telemetry.trouble('a request that the hub failed on', thrown, { ...seen(known) });
      await noted(error, known);
      return door.refuse(error, { headers: request.headers, known });
    }
  }

  /** A refusal is in the trail before its sender is told; where the store is away, the log has it. */
  async function noted(error: HubError, known: Asked['known']): Promise<void> {
    ports.telemetry.stage('refused', { ...seen(known), code: error.code });
    try {
      await ports.audit(known, [{ action: 'refuse', outcome: 'refused', code: error.code }]);
    } catch (thrown) {
      ports.telemetry.trouble('a refusal that could not be audited', thrown, seen(known));
    }
  }

  return (request, response, peer) => {
    serve(request, peer).then(
      (reply) => send(request, response, reply),
      (thrown) => {
        ports.telemetry.trouble('a request that could not even be refused', thrown);
        response.destroy();
      },
    );
  };
}

const seen = (known: Asked['known']) => ({
  ...(known.messageId !== undefined && { messageId: known.messageId }),
  ...(known.system !== undefined && { system: known.system }),
  ...(known.interaction !== undefined && { interaction: known.interaction }),
});

/** Node lets two Host headers through; whoever stands in front might read the other one. */
function refuseDoubleHost(request: IncomingMessage): void {
  let hosts = 0;
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === 'host') hosts++;
  if (hosts > 1) throw new HubError('HEADER_INVALID', { faults: [{ path: 'Host', what: 'is sent more than once' }] });
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  if (response.destroyed) return;
  // an unread body would be taken for the next request, and a door that is closing takes no next one
  const close = request.complete && isListening(request) ? {} : { connection: 'close' };
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body), ...close });
  response.end(body);
  if (!request.complete) request.resume();
}

/** False once the server has begun to close: it waits for every connection that is kept alive. */
function isListening({ socket }: IncomingMessage): boolean {
  const server: unknown = Reflect.get(socket, 'server');
  return !(server instanceof Server) || server.listening;
}
