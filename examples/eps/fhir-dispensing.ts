/** The messages of those who release and dispense the example prescription, in FHIR. */
import type { Instant } from '../../core/clock.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import { bundle, coded, groupIdentifier, header, identifier, iso, lineUrl, NHS, ods, quantity } from './fhir-parts.ts';
import type { ExamplePrescription } from './prescription.ts';

/** Parameters for `Task/$release`: all that are nominated to the pharmacy, or the one that is named. */
export function nominatedRelease({
  ods: pharmacy,
  prescriptionId,
}: {
  readonly ods: OdsCode;
  readonly prescriptionId?: string;
}): string {
  return JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      {
        name: 'owner',
        resource: {
          resourceType: 'Organization',
          identifier: identifier('ods-organization-code', pharmacy),
          active: true,
          name: 'EXAMPLE PHARMACY',
        },
      },
      { name: 'status', valueCode: 'accepted' },
      {
        name: 'agent',
        resource: {
          resourceType: 'PractitionerRole',
          identifier: identifier('sds-role-profile-id', '555254240200'),
          practitioner: { identifier: { system: `${NHS}/Id/sds-user-id`, value: '555254239208' } },
          telecom: [{ system: 'phone', use: 'work', value: '01234567892' }],
        },
      },
      ...(prescriptionId === undefined
        ? []
        : [
            {
              name: 'group-identifier',
              valueIdentifier: { system: `${NHS}/Id/prescription-order-number`, value: prescriptionId },
            },
          ]),
    ],
  });
}

export interface DispenseParts {
  /** GUID of this message. */
  readonly messageId: string;
  /** The pharmacy that has the prescription. */
  readonly ods: OdsCode;
  readonly at: Instant;
  /** What became of each item, in their order: item status codes. Dispensed in full where nothing is said. */
  readonly items?: readonly string[];
  /** What the prescription is now: 0006 dispensed where nothing is said; `null` leaves it out. */
  readonly status?: string | null;
}

/** A dispense-notification message for `$process-message`. */
export function dispenseNotification(prescription: ExamplePrescription, parts: DispenseParts): string {
  const { patient, items } = prescription;
  const status = parts.status === undefined ? '0006' : parts.status;
  const subject = { identifier: { system: `${NHS}/Id/nhs-number`, value: patient.nhsNumber } };
  return bundle(parts.messageId, [
    header('dispense-notification', 'Dispense Notification', parts.ods, items.map(lineUrl)),
    ...items.map((item, index) => {
      const itemStatus = parts.items?.[index] ?? '0001';
      return {
        fullUrl: lineUrl(item),
        resource: {
          resourceType: 'MedicationDispense',
          contained: [
            {
              resourceType: 'MedicationRequest',
              id: 'ordered',
              identifier: identifier('prescription-order-item-number', item.id.toLowerCase()),
              status: 'active',
              intent: 'order',
              medicationCodeableConcept: coded('http://snomed.info/sct', item.code, item.medicine),
              subject,
              groupIdentifier: groupIdentifier(prescription),
            },
          ],
          ...(status !== null && {
            extension: [
              {
                url: `${NHS}/StructureDefinition/Extension-EPS-TaskBusinessStatus`,
                valueCoding: { system: `${NHS}/CodeSystem/EPS-task-business-status`, code: status },
              },
            ],
          }),
          status: 'completed',
          medicationCodeableConcept: coded('http://snomed.info/sct', item.code, item.medicine),
          subject,
          performer: [{ actor: { ...ods(parts.ods) } }],
          authorizingPrescription: [{ reference: '#ordered' }],
          type: coded(`${NHS}/CodeSystem/medicationdispense-type`, itemStatus),
          quantity: quantity(item, itemStatus === '0001' ? item.quantity : 0),
          whenHandedOver: iso(parts.at),
        },
      };
    }),
  ]);
}
