/** The FHIR R4 that this service reads and writes: its systems, the shapes it relies on, and its plain outcomes. */
import type { Answer } from '../../core/decision.ts';

export const FHIR_JSON = 'application/fhir+json; fhirVersion=4.0';

/** Identifier systems, code systems and extensions. Source: the EPS FHIR API's published examples. */
export const SYSTEM = {
  uuid: 'https://tools.ietf.org/html/rfc4122',
  ods: 'https://fhir.nhs.uk/Id/ods-organization-code',
  nhsNumber: 'https://fhir.nhs.uk/Id/nhs-number',
  prescription: 'https://fhir.nhs.uk/Id/prescription-order-number',
  prescriptionGuid: 'https://fhir.nhs.uk/Id/prescription',
  line: 'https://fhir.nhs.uk/Id/prescription-order-item-number',
  dispensedLine: 'https://fhir.nhs.uk/Id/prescription-dispense-item-number',
  roleProfile: 'https://fhir.nhs.uk/Id/sds-role-profile-id',
  user: 'https://fhir.nhs.uk/Id/sds-user-id',
  registers: 'https://fhir.hl7.org.uk/Id/',
  event: 'https://fhir.nhs.uk/CodeSystem/message-event',
  role: 'https://fhir.nhs.uk/CodeSystem/NHSDigital-SDS-JobRoleCode',
  snomed: 'http://snomed.info/sct',
  prescriptionType: 'https://fhir.nhs.uk/CodeSystem/prescription-type',
  site: 'https://fhir.nhs.uk/CodeSystem/dispensing-site-preference',
  endorsement: 'https://fhir.nhs.uk/CodeSystem/medicationrequest-endorsement',
  category: 'http://terminology.hl7.org/CodeSystem/medicationrequest-category',
  lineStatus: 'https://fhir.nhs.uk/CodeSystem/medicationdispense-type',
  issue: 'https://fhir.nhs.uk/CodeSystem/EPS-IssueCode',
  spineIssue: 'https://fhir.nhs.uk/CodeSystem/Spine-ErrorOrWarningCode',
} as const;

export const EXTENSION = {
  prescriptionType: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionType',
  prescriptionGuid: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionId',
  responsible: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-ResponsiblePractitioner',
  endorsement: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-PrescriptionEndorsement',
  controlledDrug: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-ControlledDrug',
  site: 'https://fhir.nhs.uk/StructureDefinition/Extension-DM-PerformerSiteType',
  repeatInformation: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationRepeatInformation',
  issueOfRepeat: 'https://fhir.nhs.uk/StructureDefinition/Extension-EPS-RepeatInformation',
  dispensing: 'https://fhir.nhs.uk/StructureDefinition/Extension-EPS-DispensingInformation',
  businessStatus: 'https://fhir.nhs.uk/StructureDefinition/Extension-EPS-TaskBusinessStatus',
  replaces: 'https://fhir.nhs.uk/StructureDefinition/Extension-replacementOf',
} as const;

/** `courseOfTherapyType` for each treatment type; the last has a system of its own. */
export const COURSES = {
  '0001': { code: 'acute', display: 'Short course (acute) therapy', own: false },
  '0002': { code: 'continuous', display: 'Continuous long term therapy', own: false },
  '0003': { code: 'continuous-repeat-dispensing', display: 'Continuous long term (repeat dispensing)', own: true },
} as const;
export const courseSystem = (own: boolean): string =>
  `${own ? 'https://fhir.nhs.uk' : 'http://terminology.hl7.org'}/CodeSystem/medicationrequest-course-of-therapy`;

export interface Coding {
  readonly system?: string;
  readonly code?: string;
  readonly display?: string;
}
export interface Concept {
  readonly coding?: readonly Coding[];
  readonly text?: string;
}
export interface Identifier {
  readonly system?: string;
  readonly value?: string;
  readonly extension?: readonly Extension[];
}
export interface Reference {
  readonly reference?: string;
  readonly identifier?: Identifier;
  readonly display?: string;
}
export interface Extension {
  readonly url: string;
  readonly extension?: readonly Extension[];
  readonly valueCoding?: Coding;
  readonly valueCodeableConcept?: Concept;
  readonly valueIdentifier?: Identifier;
  readonly valueReference?: Reference;
  readonly valueString?: string;
  readonly valueDateTime?: string;
  readonly valueInteger?: number;
  readonly valueUnsignedInt?: number;
}
export interface FhirQuantity {
  readonly value?: number;
  readonly unit?: string;
  readonly system?: string;
  readonly code?: string;
}
export interface Name {
  readonly prefix?: readonly string[];
  readonly given?: readonly string[];
  readonly family?: string;
  readonly text?: string;
}
export interface FhirAddress {
  readonly line?: readonly string[];
  readonly city?: string;
  readonly district?: string;
  readonly state?: string;
  readonly postalCode?: string;
}
export interface Telecom {
  readonly system?: string;
  readonly value?: string;
}

/**
 * Any resource of a message: the fields that one of them has and this service reads. The schema has checked the form
 * of each; whether it is there is for the reader to ask.
 */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly identifier?: readonly Identifier[] | Identifier;
  readonly extension?: readonly Extension[];
  readonly contained?: readonly Resource[];
  readonly status?: string;
  readonly intent?: string;
  readonly name?: readonly Name[] | string;
  readonly telecom?: readonly Telecom[];
  readonly address?: readonly FhirAddress[] | FhirAddress;
  readonly code?: readonly Concept[] | Concept;
  // MessageHeader
  readonly eventCoding?: Coding;
  readonly sender?: Reference;
  // Patient
  readonly gender?: string;
  readonly birthDate?: string;
  readonly generalPractitioner?: readonly Reference[];
  // PractitionerRole, Organization, HealthcareService
  readonly practitioner?: Reference;
  readonly organization?: Reference;
  readonly healthcareService?: readonly Reference[];
  readonly location?: readonly Reference[];
  readonly providedBy?: Reference;
  readonly partOf?: Reference;
  // MedicationRequest, MedicationDispense
  readonly groupIdentifier?: Identifier;
  readonly medicationCodeableConcept?: Concept;
  readonly medicationReference?: Reference;
  readonly subject?: Reference;
  readonly requester?: Reference;
  readonly authoredOn?: string;
  readonly category?: readonly Concept[];
  readonly courseOfTherapyType?: Concept;
  readonly note?: readonly { readonly text?: string }[];
  readonly dosageInstruction?: readonly { readonly sequence?: number; readonly text?: string }[];
  readonly dispenseRequest?: {
    readonly extension?: readonly Extension[];
    readonly numberOfRepeatsAllowed?: number;
    readonly validityPeriod?: { readonly start?: string; readonly end?: string };
    readonly expectedSupplyDuration?: FhirQuantity;
    readonly performer?: Reference;
    readonly quantity?: FhirQuantity;
  };
  readonly authorizingPrescription?: readonly Reference[];
  readonly type?: Concept | readonly Concept[] | string;
  readonly quantity?: FhirQuantity;
  readonly statusReasonCodeableConcept?: Concept;
  // CommunicationRequest, List, Provenance, Bundle, Parameters
  readonly payload?: readonly { readonly contentString?: string; readonly contentReference?: Reference }[];
  readonly entry?: readonly Entry[];
  readonly signature?: readonly { readonly when?: string; readonly data?: string }[];
  readonly parameter?: readonly {
    readonly name: string;
    readonly resource?: Resource;
    readonly valueIdentifier?: Identifier;
    readonly valueCode?: string;
  }[];
}
export interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly item?: Reference;
}

/** What an outcome of no failure says, as the owner says it; `coding` where there is more to tell. */
export function informed(coding?: Coding): Answer {
  const issue = {
    code: 'informational',
    severity: 'information',
    ...(coding && { details: { coding: [coding] } }),
  };
  return fhirDocument({ resourceType: 'OperationOutcome', issue: [issue] });
}

export function fhirDocument(resource: object): Answer {
  return { kind: 'document', status: 200, contentType: FHIR_JSON, body: JSON.stringify(resource) };
}

/** There is nothing to release: information of the dispense list, code 0006, and HTTP 200. */
export const NO_MORE_PRESCRIPTIONS: Coding = {
  system: SYSTEM.issue,
  code: 'NO_MORE_PRESCRIPTIONS',
  display: 'No more prescriptions available',
};
