/** Writes a kept prescription as the FHIR message that a dispenser gets, whichever wire it came in by. */
import { iso } from '../../core/clock.ts';
import { SYSTEM } from './fhir.ts';
import { writeLine } from './fhir-bundle-line.ts';
import { writeInformation, writePatient, writePrescriber } from './fhir-bundle-people.ts';
import { type Entry, entry, ods, urn } from './fhir-entry.ts';
import type { Prescription } from './model.ts';
import { currentIssue, type PrescriptionRecord } from './records.ts';

/** What the answer around the prescription gives it. */
export interface BundleParts {
  /** A fresh GUID in lower case with each call. */
  readonly freshId: () => string;
  /** The release that this answers, in lower case. */
  readonly responseTo: string;
}

/** A message Bundle of event prescription-order: header, items, patient, prescribers, information, signature. */
export function writeFhirPrescription(record: PrescriptionRecord, { freshId, responseTo }: BundleParts): object {
  const { prescription } = record;
  const issue = currentIssue(record);
  const patientId = freshId();
  const author = writePrescriber(prescription.author, freshId);
  const responsible = prescription.responsible && writePrescriber(prescription.responsible, freshId);
  const requests = prescription.lines.map((line) =>
    writeLine(line, prescription, issue, {
      patient: urn(patientId),
      author: urn(author.roleId),
      responsible: urn((responsible ?? author).roleId),
    }),
  );
  const people = [...author.entries, ...(responsible?.entries ?? [])];
  const entries = [
    ...requests,
    writePatient(prescription, patientId),
    ...people,
    ...writeInformation(prescription, urn(patientId), freshId),
  ];
  const header = entry(freshId(), {
    resourceType: 'MessageHeader',
    eventCoding: { system: SYSTEM.event, code: 'prescription-order', display: 'Prescription Order' },
    sender: {
      ...ods(prescription.author.organisation.ods),
      ...(prescription.author.organisation.name !== undefined && { display: prescription.author.organisation.name }),
    },
    source: { endpoint: endpointOf(prescription.author.organisation.ods) },
    ...(issue.dispenser && {
      destination: [{ endpoint: endpointOf(issue.dispenser), receiver: ods(issue.dispenser) }],
    }),
    response: { identifier: responseTo, code: 'ok' },
    focus: [{ reference: urn(patientId) }, ...requests.map(({ fullUrl }) => ({ reference: fullUrl }))],
  });
  return {
    resourceType: 'Bundle',
    id: freshId(),
    meta: { lastUpdated: iso(prescription.prescribedAt) },
    identifier: { system: SYSTEM.uuid, value: prescription.eventId.toLowerCase() },
    type: 'message',
    entry: [header, ...entries, ...writeSignature(prescription, urn(author.roleId), entries, freshId)],
  };
}

const endpointOf = (code: string): string => `https://directory.spineservices.nhs.uk/STU3/Organization/${code}`;

function writeSignature(
  { signature, prescribedAt }: Prescription,
  author: string,
  entries: readonly Entry[],
  freshId: () => string,
): Entry[] {
  if (!signature) return [];
  const when = iso(signature.signedAt ?? prescribedAt);
  return [
    entry(freshId(), {
      resourceType: 'Provenance',
      target: entries.map(({ fullUrl }) => ({ reference: fullUrl })),
      recorded: when,
      agent: [{ who: { reference: author } }],
      signature: [
        {
          type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
          when,
          who: { reference: author },
          data: signature.form === 'base64' ? signature.text : Buffer.from(signature.text).toString('base64'),
        },
      ],
    }),
  ];
}
