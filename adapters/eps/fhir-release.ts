/** Reads a FHIR release request, and writes the prescriptions that answer it. */
import { type Instant, iso } from '../../core/clock.ts';
import { type Resource, SYSTEM } from './fhir.ts';
import { writeFhirPrescription } from './fhir-bundle.ts';
import { identifier } from './fhir-reader.ts';
import type { Reading, ReleaseRequest } from './model.ts';
import { reading, unreadableRelease } from './reading.ts';
import type { PrescriptionRecord } from './records.ts';

/** `parameters` has passed the FHIR schema: owner, agent, status, and group-identifier for one prescription by name. */
export function readRelease(parameters: Resource): Reading<ReleaseRequest> {
  return reading(() => {
    const named = new Map((parameters.parameter ?? []).map((parameter) => [parameter.name, parameter]));
    const ods = identifier(named.get('owner')?.resource?.identifier, SYSTEM.ods);
    if (ods === undefined) unreadableRelease('owner');
    if (named.get('status')?.valueCode !== 'accepted') unreadableRelease('status');
    const group = named.get('group-identifier');
    const prescriptionId = group && identifier(group.valueIdentifier, SYSTEM.prescription);
    if (group && prescriptionId === undefined) unreadableRelease('group-identifier');
    return { claimed: { ods }, ...(prescriptionId !== undefined && { prescriptionId }) };
  });
}

export interface ReleaseParts {
  readonly now: Instant;
  /** A fresh GUID in lower case with each call. */
  readonly freshId: () => string;
  /** The release's own id, in lower case. */
  readonly releaseId: string;
}

/** Parameters with the prescriptions that the dispenser now has; those whose signature fails come in a later issue. */
export function writeRelease(
  released: readonly PrescriptionRecord[],
  { now, freshId, releaseId }: ReleaseParts,
): object {
  const searchset = (name: string, resources: readonly object[]) => ({
    name,
    resource: {
      resourceType: 'Bundle',
      id: freshId(),
      meta: { lastUpdated: iso(now) },
      identifier: { system: SYSTEM.uuid, value: freshId() },
      type: 'searchset',
      total: resources.length,
      ...(resources.length > 0 && { entry: resources.map((resource) => ({ resource })) }),
    },
  });
  const bundles = released.map((record) => writeFhirPrescription(record, { freshId, responseTo: releaseId }));
  return {
    resourceType: 'Parameters',
    id: releaseId,
    parameter: [searchset('passedPrescriptions', bundles), searchset('failedPrescriptions', [])],
  };
}
