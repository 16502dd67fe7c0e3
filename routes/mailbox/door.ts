/** The mailbox door: a system without an endpoint takes what was sent to it, and says that it has it. */
import { HubError } from '../../core/errors.ts';
import type { ProtocolDoor, Reply } from '../exchange.ts';
import { parseQuery } from '../fhir/query.ts';
import type { DoorPorts } from '../ports.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const PAGE_LIMIT = 500;
const MESSAGE = /^\/mailbox\/([0-9A-F-]{36})(\/acknowledge)?$/i;

/**
 * `GET /mailbox?after=N&limit=N` lists, `GET /mailbox/{id}` fetches (as often as wanted), `PUT /mailbox/{id}/acknowledge`
 * settles, harmlessly more than once. Whose mailbox it is, the certificate says.
 */
export function createMailboxDoor({ mailbox }: Pick<DoorPorts, 'mailbox'>): ProtocolDoor {
  return {
    async serve(asked) {
      const { party, method, path } = asked;
      if (path === '/mailbox') {
        requireMethod(method, 'GET');
        const query = parseQuery(asked.query, ['after', 'limit']);
        const messages = await mailbox.list(party.systemId, {
          after: whole(query, 'after', 0),
          limit: Math.min(whole(query, 'limit', 100), PAGE_LIMIT),
        });
        return json(200, { messages });
      }
      const [, id, acknowledge] = MESSAGE.exec(path) ?? [];
      if (id === undefined) throw new HubError('NOT_FOUND');
      asked.known.messageId = id.toUpperCase();
      if (acknowledge !== undefined) {
        requireMethod(method, 'PUT');
        await mailbox.acknowledge(party, id.toUpperCase());
        return { status: 204, headers: {}, body: '' };
      }
      requireMethod(method, 'GET');
      const delivery = await mailbox.fetch(party.systemId, id.toUpperCase());
      if (delivery === undefined) throw new HubError('NOT_FOUND');
      return {
        status: 200,
        headers: {
          'content-type': delivery.contentType,
          'x-interaction': delivery.interaction,
          'x-conversation-id': delivery.conversationId,
          ...(delivery.refToMessageId !== undefined && { 'x-ref-to-message-id': delivery.refToMessageId }),
        },
        body: delivery.body,
      };
    },

    refuse: (error) =>
      json(error.entry.status, { code: error.code, text: error.entry.text, faults: error.details.faults ?? [] }),
  };
}

const json = (status: number, value: object): Reply => ({
  status,
  headers: { 'content-type': JSON_TYPE },
  body: JSON.stringify(value),
});

function requireMethod(method: string, only: string): void {
  if (method !== only) throw new HubError('METHOD_UNSUPPORTED', { allow: [only] });
}

function whole(query: Readonly<Record<string, string>>, name: string, otherwise: number): number {
  const text = query[name];
  if (text === undefined) return otherwise;
  if (!/^\d{1,15}$/.test(text))
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: `query.${name}`, what: 'is not a whole number' }] });
  return Number(text);
}
