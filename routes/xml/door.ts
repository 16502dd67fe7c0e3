/** The plain XML door: one document posted to the path of its interaction, answered with a document. */
import { deadline } from '../../core/deadline.ts';
import type { Answer } from '../../core/decision.ts';
import { HubError, isErrorCode } from '../../core/errors.ts';
import { isUuid } from '../../core/identifiers.ts';
import type { Interaction } from '../../core/interaction.ts';
import { escapeXml } from '../../schemas/xml-read.ts';
import { digestOf, oneHeader, type ProtocolDoor, type Reply, retryHeaders, traceOf } from '../exchange.ts';
import type { DoorPorts } from '../ports.ts';

const XML_BODY = /^(?:text|application)\/xml(?:\s*;|$)/i;
const XML = 'application/xml; charset=utf-8';

export interface XmlDoor extends ProtocolDoor {
  serves(path: string): boolean;
}

export function createXmlDoor(ports: DoorPorts): XmlDoor {
  const byPath = new Map<string, Interaction>();
  for (const interaction of ports.interactions.values()) {
    for (const address of interaction.addresses) if (address.wire === 'xml') byPath.set(address.path, interaction);
  }

  return {
    serves: (path) => byPath.has(path),

    async serve(asked) {
      const interaction = byPath.get(asked.path);
      if (interaction === undefined) throw new HubError('INTERACTION_UNKNOWN');
      asked.known.interaction = interaction.id;
      if (asked.method !== 'POST') throw new HubError('METHOD_UNSUPPORTED');
      const messageId = oneHeader(asked.headers, 'x-request-id');
      if (messageId === undefined || !isUuid(messageId)) {
        throw new HubError('HEADER_INVALID', { faults: [{ path: 'X-Request-ID', what: 'is missing or not a GUID' }] });
      }
      asked.known.messageId = messageId.toUpperCase();
      ports.authorise(asked.party, interaction.id, interaction.senders, undefined);
      if (asked.body.length === 0) throw new HubError('BODY_MISSING');
      const contentType = oneHeader(asked.headers, 'content-type') ?? '';
      if (!XML_BODY.test(contentType)) throw new HubError('CONTENT_TYPE_UNSUPPORTED');
      ports.checker.verify(interaction.schema, asked.body);
      const cause = {
        messageId: messageId.toUpperCase(),
        sender: asked.party,
        interaction: interaction.id,
        wire: 'xml' as const,
        conversationId: messageId.toUpperCase(),
        parameters: {},
        receivedAt: asked.at,
        contentType,
        digest: digestOf(asked),
        ...traceOf(asked),
      };
      const message = interaction.read(ports.checker.read(interaction.schema, asked.body), cause);
      const answer = await deadline(
        ports.path.answer({ ...cause, body: asked.body }, message),
        ports.answerWithin_ms,
        'the decision',
      );
      switch (answer.kind) {
        case 'document':
          return {
            status: answer.status,
            headers: { ...answer.headers, 'content-type': answer.contentType },
            body: answer.body,
          };
        case 'accepted':
          return { status: 202, headers: {}, body: '' };
        case 'refused':
          return refusal(refusedAs(answer), answer.text);
      }
    },

    refuse: (error) => refusal(error, error.entry.text),
  };
}

/** The decision's own code, where the table still has it. */
function refusedAs({ code, serviceCode }: Extract<Answer, { kind: 'refused' }>): HubError {
  return new HubError(isErrorCode(code) ? code : 'RULE_REFUSED', serviceCode === undefined ? {} : { serviceCode });
}

function refusal(error: HubError, text: string): Reply {
  const faults = (error.details.faults ?? []).map(
    ({ path, line, what }) =>
      `<fault${path === undefined ? '' : ` path="${escapeXml(path)}"`}${line === undefined ? '' : ` line="${line}"`}>${escapeXml(what)}</fault>`,
  );
  const service =
    error.details.serviceCode === undefined ? '' : ` serviceCode="${escapeXml(error.details.serviceCode)}"`;
  return {
    status: error.entry.status,
    headers: { 'content-type': XML, ...retryHeaders(error) },
    body: `<error xmlns="urn:vertebra:error" code="${error.code}"${service}><text>${escapeXml(text)}</text>${faults.join('')}</error>`,
  };
}
