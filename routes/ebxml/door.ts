/** The ebXML door: a message is checked, kept and acknowledged; what it means is decided afterwards and told in a message of its own. */
import { randomUUID } from 'node:crypto';
import { HubError } from '../../core/errors.ts';
import type { Interaction } from '../../core/interaction.ts';
import { type Asked, digestOf, oneHeader, type ProtocolDoor, type Reply, retryHeaders, traceOf } from '../exchange.ts';
import type { DoorPorts } from '../ports.ts';
import {
  checkContract,
  checkReceiver,
  checkSoapAction,
  checkTimeToLive,
  interactionOf,
  readManifest,
} from './checks.ts';
import { type EbxmlHeader, readEbxmlHeader } from './header.ts';
import { type MimePart, readEbxmlParts } from './mime.ts';
import { type EbxmlWriting, writeAcknowledgment, writeErrorList, writeSoapFault } from './write.ts';

/** Well-formed and within the limits; header.ts says everything else that is wrong with it, by name. */
const ENVELOPE = 'xml';

export function createEbxmlDoor(ports: DoorPorts): ProtocolDoor {
  const { checker, directory, hub, path, clock } = ports;
  const byAddress = new Map<string, Interaction>();
  for (const interaction of ports.interactions.values()) {
    for (const address of interaction.addresses) {
      if (address.wire === 'ebxml') byAddress.set(`${address.service}:${address.action}`, interaction);
    }
  }
  /** Headers of messages in hand, so that a refusal can answer as an ErrorList to this very message. */
  const headers = new WeakMap<object, EbxmlHeader>();

  function readHeader(asked: Asked): { header: EbxmlHeader; parts: readonly MimePart[] } {
    const parts = readEbxmlParts(oneHeader(asked.headers, 'content-type') ?? '', asked.body);
    const root = parts[0]?.body ?? new Uint8Array();
    checker.verify(ENVELOPE, root);
    const document = checker.read(ENVELOPE, root);
    if (document.kind !== 'xml') throw new HubError('EBXML_INVALID');
    const header = readEbxmlHeader(document.root);
    headers.set(asked.known, header);
    asked.known.messageId = header.messageId;
    return { header, parts };
  }

  /** The header must agree with the certificate, the hub, the directory and the contract. */
  function check(header: EbxmlHeader, asked: Asked): Interaction {
    checkSoapAction(header, oneHeader(asked.headers, 'soapaction'));
    if (header.from.id !== asked.party.partyKey) {
      throw new HubError('PARTY_MISMATCH', {
        faults: [{ path: 'eb:From/eb:PartyId', what: 'is not the party key of the certificate' }],
      });
    }
    checkReceiver(header, hub.partyKey);
    const interaction = byAddress.get(interactionOf(header));
    if (interaction === undefined) {
      throw new HubError('INTERACTION_UNKNOWN', {
        faults: [{ path: 'eb:Action', what: 'is no interaction of the hub' }],
      });
    }
    asked.known.interaction = interaction.id;
    ports.authorise(asked.party, interaction.id, interaction.senders, undefined);
    checkContract(header, directory.contract(asked.party.systemId, interaction.id));
    checkTimeToLive(header, asked.at);
    return interaction;
  }

  const own = (header: EbxmlHeader) => ({
    messageId: randomUUID().toUpperCase(),
    from: hub.partyKey,
    to: header.from.id,
    cpaId: header.cpaId,
    conversationId: header.conversationId,
    timestamp: clock.now(),
    refToMessageId: header.messageId,
  });

  return {
    async serve(asked) {
      if (asked.method !== 'POST') throw new HubError('METHOD_UNSUPPORTED');
      const { header, parts } = readHeader(asked);
      // acknowledgments and errors between handlers close nothing here: deliveries settle on the back-channel
      if (header.kind !== 'message') return { status: 202, headers: {}, body: '' };
      const interaction = check(header, asked);
      const { payload } = readManifest(header, parts);
      if (payload === undefined)
        throw new HubError('EBXML_INVALID', { faults: [{ path: 'eb:Manifest', what: 'names no payload' }] });
      checker.verify(interaction.schema, payload.body);
      const cause = {
        messageId: header.messageId,
        sender: asked.party,
        interaction: interaction.id,
        wire: 'ebxml' as const,
        conversationId: header.conversationId,
        ...(header.refToMessageId !== undefined && { refToMessageId: header.refToMessageId }),
        parameters: { cpaId: header.cpaId },
        receivedAt: asked.at,
        contentType: payload.contentType,
        digest: digestOf(asked),
        ...traceOf(asked),
      };
      const message = interaction.read(checker.read(interaction.schema, payload.body), cause);
      const { repeated } = await path.accept({ ...cause, body: payload.body }, message);
      ports.telemetry.stage(repeated ? 'repeated' : 'accepted', {
        messageId: header.messageId,
        system: asked.party.systemId,
        interaction: interaction.id,
        ...traceOf(asked),
      });
      if (header.ackRequested === undefined) return { status: 202, headers: {}, body: '' };
      return asReply(202, writeAcknowledgment(own(header)));
    },

    refuse(error, asked) {
      const header = headers.get(asked.known);
      const retry = retryHeaders(error);
      if (header === undefined) return asReply(error.entry.status, writeSoapFault(error), retry);
      return asReply(error.entry.status, writeErrorList(own(header), error), retry);
    },
  };
}

const asReply = (
  status: number,
  { contentType, soapAction, body }: EbxmlWriting,
  more: Record<string, string> = {},
): Reply => ({
  status,
  headers: { 'content-type': contentType, ...(soapAction !== '' && { soapaction: soapAction }), ...more },
  // as a text it goes out in one write with its header
  body: body.toString('utf8'),
});
