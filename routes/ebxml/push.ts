/** Pushes a delivery to its receiver as an ebXML 2.0 message over mutual TLS. */
import type { DirectoryReader } from '../../core/directory.ts';
import type { PartyKey } from '../../core/identifiers.ts';
import { headerSafe, type Poster, type WirePush } from '../poster.ts';
import { classifyAnswer } from './classify.ts';
import { serviceAndAction, writeEbxmlMessage } from './write.ts';

/** The hub as a party to ebXML conversations. */
export interface HubParty {
  readonly partyKey: PartyKey;
  /** What eb:CPAId says in the messages that the hub sends. */
  readonly cpaId: string;
}

export interface EbxmlPushParts {
  readonly poster: Poster;
  readonly hub: HubParty;
  readonly directory: Pick<DirectoryReader, 'system'>;
}

/** One attempt; the answer is judged by its body first (classify.ts). Never rejects. */
export function createEbxmlPush({ poster, hub, directory }: EbxmlPushParts): WirePush {
  return async (delivery, endpoint) => {
    const receiver = directory.system(delivery.receiver);
    if (!receiver) return { kind: 'retry', reason: 'the receiver is not in the directory' };
    const { service, action } = serviceAndAction(delivery.interaction);
    const message = writeEbxmlMessage({
      delivery,
      from: hub.partyKey,
      to: receiver.partyKey,
      cpaId: hub.cpaId,
      service,
      action,
      timestamp: delivery.createdAt,
      contract: delivery.contract,
    });
    const traceparent = headerSafe(delivery.traceparent);
    const result = await poster.post({
      url: endpoint.url,
      headers: {
        'content-type': message.contentType,
        soapaction: message.soapAction,
        ...(traceparent !== undefined && { traceparent }),
      },
      body: message.body,
      timeout_ms: endpoint.timeout_ms,
    });
    return result.kind === 'failed' ? { kind: 'retry', reason: result.reason } : classifyAnswer(result, delivery.id);
  };
}
