/** The six connected systems of the demonstration: whose they are, what they receive, and who works at them. Nobody is real. */
import { adapters } from '../../adapters/registry.ts';
import type { Endpoint } from '../../core/directory.ts';
import type { InteractionId, OdsCode, PartyKey, SystemId } from '../../core/identifiers.ts';
import type { SystemKind } from '../../core/party.ts';

export type SystemName = 'surgery' | 'pharmacy' | 'emergency' | 'clinic' | 'council' | 'trust';

export interface Worker {
  readonly userId: string;
  readonly roleId: string;
  /** Code of the role. */
  readonly role: string;
  /** What the role permits, by activity code of the national role-based access control. */
  readonly activities: readonly string[];
}

export interface ExampleSystem {
  readonly name: SystemName;
  readonly title: string;
  readonly ods: OdsCode;
  readonly organisation: string;
  readonly systemId: SystemId;
  readonly partyKey: PartyKey;
  readonly kind: SystemKind;
  readonly receives: readonly InteractionId[];
  /** How it takes what is pushed to it; one without takes its messages from its mailbox. */
  readonly wire?: Endpoint['wire'];
  readonly worker?: Worker;
}

export const ACKNOWLEDGEMENT = 'urn:nhs:names:services:mm:MCCI_IN010000UK13';
export const ACCESS_NOTIFICATION = 'urn:nhs-itk:interaction:CP-ISAccessToServiceNotification-v1-0';
export const PRIVACY_ALERT = 'fhir:scr:privacy-alert';
export const REFERRAL_NOTICE = 'fhir:ers:referral-notice';

export const SYSTEMS: Readonly<Record<SystemName, ExampleSystem>> = {
  surgery: {
    name: 'surgery',
    title: 'GP practice',
    ods: 'A83008',
    organisation: 'Riverside Surgery',
    systemId: '200000000011',
    partyKey: 'A83008-820011',
    kind: 'general-practice',
    receives: [PRIVACY_ALERT, REFERRAL_NOTICE],
    wire: 'fhir',
    worker: {
      userId: '555254239107',
      roleId: '555254240100',
      role: 'S8000:G8000:R8000',
      activities: ['B0420', 'B0380', 'B0370', 'B0020', 'B0015', 'B1101'],
    },
  },
  pharmacy: {
    name: 'pharmacy',
    title: 'pharmacy',
    ods: 'FA565',
    organisation: 'High Street Pharmacy',
    systemId: '200000000012',
    partyKey: 'FA565-830012',
    kind: 'pharmacy',
    receives: [],
    worker: {
      userId: '555254239208',
      roleId: '555254240200',
      role: 'S8000:G8000:R8003',
      activities: ['B0570', 'B0370', 'B0020'],
    },
  },
  emergency: {
    name: 'emergency',
    title: 'emergency department',
    ods: 'RXX01',
    organisation: 'Northmoor Hospital, emergency department',
    systemId: '200000000013',
    partyKey: 'RXX01-840013',
    kind: 'emergency-department',
    receives: [ACKNOWLEDGEMENT],
    wire: 'ebxml',
    worker: {
      userId: '555254239309',
      roleId: '555254240300',
      role: 'S8000:G8000:R8001',
      activities: ['B0420', 'B0370', 'B0020', 'B0168', 'B0107'],
    },
  },
  clinic: {
    name: 'clinic',
    title: 'outpatient booking',
    ods: 'RXX02',
    organisation: 'Northmoor Hospital, outpatients',
    systemId: '200000000014',
    partyKey: 'RXX02-850014',
    kind: 'outpatient-booking',
    receives: [REFERRAL_NOTICE],
    worker: {
      userId: '555254239400',
      roleId: '555254240400',
      role: 'S8000:G8000:R8002',
      activities: ['B1110'],
    },
  },
  council: {
    name: 'council',
    title: 'local authority',
    ods: '301',
    organisation: 'Exampleshire Council',
    systemId: '200000000015',
    partyKey: '301-860015',
    kind: 'local-authority',
    receives: [ACCESS_NOTIFICATION],
    wire: 'xml',
  },
  trust: {
    name: 'trust',
    title: 'data-collecting trust',
    ods: 'RYY01',
    organisation: 'Southfield Trust, data collection',
    systemId: '200000000016',
    partyKey: 'RYY01-870016',
    kind: 'data-collecting-trust',
    receives: [],
  },
};

export const SYSTEM_NAMES = Object.keys(SYSTEMS) as SystemName[];

/** Everything that the adapters let a system of this kind send: the directory could permit less, never more. */
export const sendsOf = (kind: SystemKind): InteractionId[] =>
  adapters
    .flatMap(({ interactions }) => interactions)
    .filter(({ senders }) => senders.kinds.includes(kind))
    .map(({ id }) => id);
