/** Electronic prescriptions: ordered on two wires, released to a dispenser, dispensed. */
import type { CheckedDocument, XmlElement } from '../../core/document.ts';
import { HubError } from '../../core/errors.ts';
import type { Adapter, Address, Announcement, Context, Interaction } from '../adapter.ts';
import { ACKNOWLEDGEMENT, acknowledge, type Hl7Order, readHl7Message } from './acknowledgement.ts';
import { DISPENSING_ACTIVITIES, decideDispense, decideOrder, decideRelease, type Outcome } from './decisions.ts';
import { fhirDocument, informed, NO_MORE_PRESCRIPTIONS, type Resource } from './fhir.ts';
import { readFhirDispense } from './fhir-dispense.ts';
import { readFhirOrder } from './fhir-order.ts';
import { readRelease, writeRelease } from './fhir-release.ts';
import type { DispenseNotification, Order, Reading, ReleaseRequest } from './model.ts';

/** Where the service is published: the API as a whole, and its two fronts. */
const WHOLE = '/electronic-prescriptions/FHIR/R4';
const PRESCRIBING = '/fhir-prescribing/FHIR/R4';
const DISPENSING = '/fhir-dispensing/FHIR/R4';

const post = (path: string, event?: string): Address => ({
  wire: 'fhir',
  method: 'POST',
  path,
  ...(event !== undefined && { event }),
});

/** Activities that let a person prescribe: independent, supplementary, from the nurses' formulary. */
const PRESCRIBING_ACTIVITIES = ['B0420', 'B0440', 'B0058'] as const;
const PRESCRIBERS = ['general-practice', 'emergency-department'] as const;

/** The form has been checked by the schema, so the value is the resource that the schema is named for. */
function resourceOf(document: CheckedDocument): Resource {
  if (document.kind !== 'json') throw new HubError('CONTENT_TYPE_UNSUPPORTED');
  return document.value as Resource;
}

function rootOf(document: CheckedDocument): XmlElement {
  if (document.kind !== 'xml') throw new HubError('CONTENT_TYPE_UNSUPPORTED');
  return document.root;
}

const withInformation = ({ refusal, records, events, facts }: Outcome) => ({
  answer: refusal ?? informed(),
  records,
  events,
  facts,
});

const fhirOrder: Interaction<Reading<Order>> = {
  id: 'fhir:eps:prescription-order',
  title: 'Prescription order (FHIR)',
  exchange: 'query',
  addresses: [
    post(`${WHOLE}/$process-message`, 'prescription-order'),
    post(`${PRESCRIBING}/$process-message`, 'prescription-order'),
  ],
  schema: 'fhir:Bundle',
  senders: { kinds: PRESCRIBERS, person: 'token', activities: PRESCRIBING_ACTIVITIES },
  read: (document) => readFhirOrder(resourceOf(document)),
  decide: async (read, context) => withInformation(await decideOrder(read, context)),
};

/** One message under two names: prescribing systems send UK31, the EPS FHIR API SM31. */
const hl7Order = (name: 'PORX_IN020101UK31' | 'PORX_IN020101SM31'): Interaction<Hl7Order> => ({
  id: `urn:nhs:names:services:mm:${name}`,
  title: `Prescription order (HL7v3 ${name})`,
  exchange: 'command',
  addresses: [{ wire: 'ebxml', service: 'urn:nhs:names:services:mm', action: name }],
  schema: `xml:eps/${name}`,
  senders: { kinds: PRESCRIBERS, person: 'none' },
  contract: { acknowledgementRequested: true, duplicateElimination: true, syncReply: true },
  read: (document) => readHl7Message(rootOf(document)),
  async decide(message, context) {
    const { refusal, records, events, facts } = await decideOrder(message.order, context);
    const answer = refusal ?? { kind: 'accepted', text: 'The prescription is kept' };
    return { answer, records, events, facts, send: [acknowledge(message, refusal, context)] };
  },
});

const release: Interaction<Reading<ReleaseRequest>> = {
  id: 'fhir:eps:nominated-release',
  title: 'Release of prescriptions to a dispenser (FHIR): all nominated, or one by its id',
  exchange: 'query',
  addresses: [post(`${WHOLE}/Task/$release`), post(`${DISPENSING}/Task/$release`)],
  schema: 'fhir:Parameters',
  // A pull without a person is allowed for nominated prescriptions alone; the rules ask for one for any other.
  senders: { kinds: ['pharmacy'], person: 'optional' },
  read: (document) => readRelease(resourceOf(document)),
  async decide(read, context) {
    const releaseId = context.id(0);
    const { refusal, released = [], records, events, facts } = await decideRelease(read, releaseId, context);
    const found = released.length > 0;
    const answer = found
      ? fhirDocument(
          writeRelease(released, { now: context.now, freshId: freshIds(context), releaseId: releaseId.toLowerCase() }),
        )
      : informed(NO_MORE_PRESCRIPTIONS);
    return { answer: refusal ?? answer, records, events, facts };
  },
};

/** The first GUID of the context is the release's own; FHIR's resources take the next ones, in lower case. */
function freshIds(context: Context): () => string {
  let number = 0;
  return () => context.id(++number).toLowerCase();
}

const dispenseNotification: Interaction<Reading<DispenseNotification>> = {
  id: 'fhir:eps:dispense-notification',
  title: 'Dispense notification (FHIR)',
  exchange: 'query',
  addresses: [
    post(`${WHOLE}/$process-message`, 'dispense-notification'),
    post(`${DISPENSING}/$process-message`, 'dispense-notification'),
  ],
  schema: 'fhir:Bundle',
  senders: { kinds: ['pharmacy'], person: 'token', activities: DISPENSING_ACTIVITIES },
  read: (document) => readFhirDispense(resourceOf(document)),
  decide: async (read, context) => withInformation(await decideDispense(read, context)),
};

const acknowledgement: Announcement = {
  id: ACKNOWLEDGEMENT,
  title: 'Application acknowledgement (HL7v3 MCCI_IN010000UK13)',
  contract: { acknowledgementRequested: true, duplicateElimination: true, syncReply: true },
};

export const eps: Adapter = {
  name: 'eps',
  title: 'Electronic prescriptions',
  interactions: [
    fhirOrder,
    hl7Order('PORX_IN020101UK31'),
    hl7Order('PORX_IN020101SM31'),
    release,
    dispenseNotification,
  ],
  announcements: [acknowledgement],
};
