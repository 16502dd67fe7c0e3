/** Reads a FHIR dispense-notification message: one MedicationDispense for each supply of each line. */
import { EXTENSION, type Resource, SYSTEM } from './fhir.ts';
import { coded, extension, guid, identifier, list, Message, quantityOf } from './fhir-reader.ts';
import type { DispensedLine, DispenseNotification, Reading } from './model.ts';
import { reading, required, unreadable } from './reading.ts';
import { isLineStatus, isPrescriptionStatus } from './states.ts';

/** `bundle` has passed the FHIR schema. */
export function readFhirDispense(bundle: Resource): Reading<DispenseNotification> {
  return reading(() => {
    const message = new Message(bundle);
    const header = message.one('MessageHeader');
    const ods = identifier(header.sender?.identifier, SYSTEM.ods);
    const dispenses = message.all('MedicationDispense').map((dispense) => ({
      dispense,
      request: required(
        message.follow(dispense.authorizingPrescription?.[0], dispense),
        'MedicationDispense.authorizingPrescription',
      ),
    }));
    const first = required(dispenses[0], 'MedicationDispense');
    const said = dispenses.map(({ dispense, request }) => ({
      prescriptionId: identifier(request.groupIdentifier, SYSTEM.prescription),
      nhsNumber: identifier(dispense.subject?.identifier, SYSTEM.nhsNumber) ?? patientOf(message, dispense),
      status: extension(dispense.extension, EXTENSION.businessStatus)?.valueCoding?.code,
    }));
    for (const field of ['prescriptionId', 'nhsNumber', 'status'] as const) {
      if (said.some((one) => one[field] !== said[0]?.[field])) unreadable('0009', `${field} differs between items`);
    }
    const status = said[0]?.status;
    if (status !== undefined && !isPrescriptionStatus(status)) unreadable('0009', 'MedicationDispense.extension');
    const amends = extension(header.extension, EXTENSION.replaces)?.valueIdentifier?.value;
    return {
      messageId: guid(required(list(bundle.identifier)[0]?.value, 'Bundle.identifier')),
      claimed: ods === undefined ? {} : { ods },
      prescriptionId: required(said[0]?.prescriptionId, 'MedicationRequest.groupIdentifier'),
      nhsNumber: required(said[0]?.nhsNumber, 'MedicationDispense.subject'),
      ...(status !== undefined && isPrescriptionStatus(status) && { status }),
      ...(amends !== undefined && { amends: guid(amends) }),
      lines: [first, ...dispenses.slice(1)].map(({ dispense, request }) => readLine(message, dispense, request)),
    };
  });
}

const patientOf = (message: Message, dispense: Resource): string | undefined =>
  identifier(message.follow(dispense.subject, dispense)?.identifier, SYSTEM.nhsNumber);

function readLine(message: Message, dispense: Resource, request: Resource): DispensedLine {
  const status = required(
    coded(typeof dispense.type === 'object' ? list(dispense.type)[0] : undefined)?.code,
    'MedicationDispense.type',
  );
  if (!isLineStatus(status)) return unreadable('0009', 'MedicationDispense.type');
  const concept =
    dispense.medicationCodeableConcept ?? list(message.follow(dispense.medicationReference, dispense)?.code)[0];
  const supplied = coded(concept, SYSTEM.snomed);
  const quantity = quantityOf(dispense.quantity);
  const reason = coded(dispense.statusReasonCodeableConcept)?.code;
  const dispenseId = identifier(dispense.identifier, SYSTEM.dispensedLine);
  const repeats = request.dispenseRequest?.numberOfRepeatsAllowed;
  return {
    lineId: guid(required(identifier(request.identifier, SYSTEM.line), 'MedicationRequest.identifier')),
    status,
    ...(dispenseId !== undefined && { dispenseId: guid(dispenseId) }),
    ...(supplied && { supplied }),
    ...(quantity && { quantity }),
    ...(reason !== undefined && { reason }),
    ...(repeats !== undefined && { maxRepeats: repeats + 1 }),
  };
}
