/** The pieces that the example messages in FHIR are made of. */
import type { Instant } from '../../core/clock.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import type { ExampleItem, ExamplePrescription } from './prescription.ts';

export const NHS = 'https://fhir.nhs.uk';
export const ods = (value: OdsCode) => ({ identifier: { system: `${NHS}/Id/ods-organization-code`, value } });
export const identifier = (name: string, value: string) => [{ system: `${NHS}/Id/${name}`, value }];
export const coded = (system: string, code: string, display?: string) => ({
  coding: [{ system, code, ...(display && { display }) }],
});
export const iso = (at: Instant): string => new Date(at).toISOString().replace('.000Z', '+00:00');
export const date = (at: Instant): string => new Date(at).toISOString().slice(0, 10);

const HEADER = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f06';
export const lineUrl = (item: ExampleItem): string => `urn:uuid:${item.id.toLowerCase()}`;

export const header = (code: string, display: string, from: OdsCode, focus: readonly string[]) => ({
  fullUrl: HEADER,
  resource: {
    resourceType: 'MessageHeader',
    eventCoding: { system: `${NHS}/CodeSystem/message-event`, code, display },
    sender: ods(from),
    source: { endpoint: `https://directory.spineservices.nhs.uk/STU3/Organization/${from}` },
    focus: focus.map((reference) => ({ reference })),
  },
});

export const bundle = (messageId: string, entry: readonly object[]): string =>
  JSON.stringify({
    resourceType: 'Bundle',
    id: messageId.toLowerCase(),
    identifier: { system: 'https://tools.ietf.org/html/rfc4122', value: messageId.toLowerCase() },
    type: 'message',
    entry,
  });

export const groupIdentifier = ({ prescriptionId, guid }: ExamplePrescription) => ({
  extension: [
    {
      url: `${NHS}/StructureDefinition/Extension-DM-PrescriptionId`,
      valueIdentifier: { system: `${NHS}/Id/prescription`, value: guid.toLowerCase() },
    },
  ],
  system: `${NHS}/Id/prescription-order-number`,
  value: prescriptionId,
});

export const quantity = ({ unit }: ExampleItem, value: number) => ({
  value,
  unit: unit.name,
  system: 'http://snomed.info/sct',
  code: unit.code,
});
