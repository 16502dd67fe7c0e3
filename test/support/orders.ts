/** Prescription orders for tests: fresh ones, written for the system that sends them, on either wire. */
import { randomUUID } from 'node:crypto';
import type { Answered, EbxmlMessage } from '../../examples/connected-system.ts';
import {
  type ExamplePatient,
  type ExamplePrescription,
  examplePrescription,
  prescriptionOrderHl7,
} from '../../examples/eps/examples.ts';
import type { TestSystem } from './hub.ts';

const HUB_PARTY = 'YES-0000806';
const HUB_SYSTEM = '200000001285';
export const ORDER_SERVICE = 'urn:nhs:names:services:mm';
export const ORDER_ACTION = 'PORX_IN020101UK31';

export const freshId = (): string => randomUUID().toUpperCase();

export interface OrderOptions {
  readonly nominated?: string;
  readonly patient?: ExamplePatient;
}

export function newPrescription(ods: string, options: OrderOptions = {}): ExamplePrescription {
  // whole seconds, as HL7v3 carries them: the same prescription on either wire
  const at = Math.floor(Date.now() / 1_000) * 1_000;
  return examplePrescription({ id: freshId, ods, at, items: 1, nominated: 'FA565', ...options });
}

export interface Order extends EbxmlMessage {
  readonly prescription: ExamplePrescription;
}

/** An ebXML message that orders a prescription; `messageId` and payload make it a repeat when sent again. */
export function newOrder(
  sender: Pick<TestSystem, 'ods' | 'systemId' | 'partyKey'>,
  options: OrderOptions = {},
  prescription: ExamplePrescription = newPrescription(sender.ods, options),
): Order {
  return {
    prescription,
    messageId: freshId(),
    from: sender.partyKey,
    to: HUB_PARTY,
    cpaId: 'S1001A1630',
    service: ORDER_SERVICE,
    action: ORDER_ACTION,
    payload: prescriptionOrderHl7(prescription, { from: sender.systemId, to: HUB_SYSTEM, brief: true }),
    timestamp: new Date(prescription.at),
  };
}

/** True when the answer is the acknowledgement of this very message. */
export const isAcknowledged = ({ status, body }: Answered, messageId: string): boolean =>
  status === 202 && body.includes('<eb:Acknowledgment') && body.includes(`>${messageId}</eb:RefToMessageId>`);

/** The code of the hub's table that an answer carries, in whatever protocol's form; '' without one. */
export function errorCodeIn({ headers, body }: Pick<Answered, 'headers' | 'body'>): string {
  const type = String(headers['content-type'] ?? '');
  if (/json/.test(type)) {
    const value = JSON.parse(body);
    if (value.resourceType !== 'OperationOutcome') return value.code ?? '';
    const coding: { system: string; code: string }[] = value.issue[0]?.details?.coding ?? [];
    return coding.find(({ system }) => system === 'urn:vertebra:error-code')?.code ?? '';
  }
  return (
    /<error xmlns="urn:vertebra:error" code="([A-Z_]+)"/.exec(body)?.[1] ??
    /<(?:eb:Description xml:lang="en-GB"|nasp:description)>(?:\w+:)?([A-Z_]+): /.exec(body)?.[1] ??
    ''
  );
}
