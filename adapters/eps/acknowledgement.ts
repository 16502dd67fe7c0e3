/** Tells the sender of an HL7v3 order what came of it: MCCI_IN010000UK13, to the system that the order came from. */
import type { Answer, Outgoing } from '../../core/decision.ts';
import type { XmlElement } from '../../core/document.ts';
import type { InteractionId } from '../../core/identifiers.ts';
import { writeApplicationAcknowledgement } from '../../schemas/hl7v3.ts';
import { at, attribute, child } from '../../schemas/xml-read.ts';
import type { Context } from '../adapter.ts';
import { readHl7Order } from './hl7v3.ts';
import type { Order, Reading } from './model.ts';
import { CODE_SYSTEM } from './refusals.ts';

export const ACKNOWLEDGEMENT: InteractionId = 'urn:nhs:names:services:mm:MCCI_IN010000UK13';
const HL7_XML = 'application/xml';

/** An order with what its acknowledgement needs, which is there even where the order cannot be read. */
export interface Hl7Order {
  readonly order: Reading<Order>;
  /** HL7 root id of the message. */
  readonly messageId: string;
  /** The system number under which the sender knows the hub. */
  readonly hub: string;
}

/** `root` has passed its schema. */
export function readHl7Message(root: XmlElement): Hl7Order {
  return {
    order: readHl7Order(root),
    messageId: attribute(child(root, 'id'), 'root') ?? '',
    hub: attribute(at(root, 'communicationFunctionRcv/device/id'), 'extension') ?? '',
  };
}

/** AA, or AE with the code of the prescribe list: 9999 for what only the hub's own table knows. */
export function acknowledge(
  { messageId, hub }: Hl7Order,
  refusal: (Answer & { readonly kind: 'refused' }) | undefined,
  context: Context,
): Outgoing {
  const { cause, party, now } = context;
  const reason = refusal && {
    codeSystem: CODE_SYSTEM.prescribe,
    code: refusal.serviceCode ?? '9999',
    text: refusal.text,
  };
  return {
    to: party.systemId,
    interaction: ACKNOWLEDGEMENT,
    contentType: HL7_XML,
    body: writeApplicationAcknowledgement({
      id: context.id(0),
      creationTime: now,
      fromAsid: hub,
      toAsid: party.systemId,
      refersTo: messageId,
      outcome: reason ? { kind: 'AE', reasons: [reason] } : { kind: 'AA' },
    }),
    conversationId: cause.conversationId,
    refToMessageId: cause.messageId,
    subject: 'Application acknowledgement',
  };
}
