/** The prescription in the service's own terms: one model, whichever wire it came by and whichever it leaves by. */
import type { Instant } from '../../core/clock.ts';
import type { NhsNumber, OdsCode } from '../../core/identifiers.ts';
import type { Refused } from './refusals.ts';
import type { LineStatus, PrescriptionStatus } from './states.ts';

/** 8-4-4-4-12 in capitals, as HL7v3 writes it; FHIR writes the same in lower case. */
export type Guid = string;
/** Short prescription id with its check character, such as FF33AE-A83008-4DDAA4. */
export type PrescriptionId = string;
/** `YYYY-MM-DD`. */
export type DateText = string;

/** 0001 acute, 0002 repeat prescribing, 0003 repeat dispensing (EPS prescription treatment type). */
export type TreatmentType = '0001' | '0002' | '0003';
/** Where it may be dispensed: a nominated pharmacy, appliance contractor or dispensing doctor, or 0004 anywhere. */
export type SitePreference = 'P1' | 'P2' | 'P3' | '0004';

export interface Code {
  readonly code: string;
  readonly display?: string;
}

export interface PersonName {
  readonly prefix?: readonly string[];
  readonly given?: readonly string[];
  readonly family?: string;
  /** The whole name where the parts are not told apart. */
  readonly text?: string;
}

export interface Address {
  readonly lines: readonly string[];
  readonly postcode?: string;
}

export interface Patient {
  readonly nhsNumber: NhsNumber;
  readonly name: PersonName;
  readonly gender: 'male' | 'female' | 'other' | 'unknown';
  readonly birthDate: DateText;
  readonly address?: Address;
  /** The practice the patient is registered with. */
  readonly practice?: OdsCode;
}

export interface PrescribingOrganisation {
  readonly ods: OdsCode;
  readonly name?: string;
  readonly phone?: string;
  readonly address?: Address;
  /** The commissioner or trust it belongs to. */
  readonly partOf?: { readonly ods: OdsCode; readonly name?: string };
}

/** A number of a professional register: gmc-number, nmc-number, din-number, nhsbsa-spurious-code, professional-code ... */
export interface ProfessionalNumber {
  readonly register: string;
  readonly value: string;
}

/** Who signed, or who is responsible for it; as the message claims. */
export interface Prescriber {
  readonly roleProfileId?: string;
  readonly userId?: string;
  readonly role?: Code;
  readonly phone?: string;
  readonly name: PersonName;
  readonly numbers: readonly ProfessionalNumber[];
  readonly organisation: PrescribingOrganisation;
}

/** An authorised number of issues; `low` is 1 when it is ordered. */
export interface Repeats {
  readonly low: number;
  readonly high: number;
}

export interface Quantity {
  readonly value: number;
  readonly unit?: Code;
}

/** One medicine asked for. */
export interface PrescriptionLine {
  readonly id: Guid;
  /** dm+d code. */
  readonly medication: Code;
  readonly quantity: Quantity;
  readonly dosage: string;
  readonly repeats?: Repeats;
  /** Codes such as CC (contraceptive), SLS. */
  readonly endorsements: readonly Code[];
  /** Quantity in words, for controlled drugs. */
  readonly quantityWords?: string;
  readonly note?: string;
}

/** The prescriber's signature exactly as it came: XML text, or the base64 of it. */
export interface Signature {
  readonly form: 'xml' | 'base64';
  readonly text: string;
  readonly signedAt?: Instant;
}

export interface Prescription {
  readonly id: PrescriptionId;
  /** The long id. */
  readonly guid: Guid;
  /** Of the document: HL7v3 ParentPrescription, FHIR Bundle.identifier. */
  readonly eventId: Guid;
  /** When it may first be used; midnight UTC where only a date is given. */
  readonly prescribedAt: Instant;
  readonly patient: Patient;
  readonly author: Prescriber;
  readonly responsible?: Prescriber;
  /** Four digits: 0101 is a general practitioner's. */
  readonly type: string;
  readonly treatment: TreatmentType;
  readonly site: SitePreference;
  readonly nominated?: OdsCode;
  readonly repeats?: Repeats;
  readonly supply?: { readonly from?: DateText; readonly to?: DateText; readonly days?: number };
  readonly reviewDate?: DateText;
  readonly lines: readonly PrescriptionLine[];
  /** What else the patient takes, and what the practice wants to tell the patient. */
  readonly otherMedication: readonly string[];
  readonly patientInformation: readonly string[];
  readonly signature?: Signature;
}

/** A prescription sent for keeping. */
export interface Order {
  /** Business replay key: HL7v3 root id, FHIR Bundle.identifier. */
  readonly messageId: Guid;
  /** Whom the document names as its sender; a claim, held against the certificate. */
  readonly claimed: { readonly ods?: OdsCode; readonly systemId?: string };
  readonly prescription: Prescription;
}

/** A request for prescriptions: all that are nominated, or one by its id. */
export interface ReleaseRequest {
  readonly claimed: { readonly ods?: OdsCode };
  readonly prescriptionId?: PrescriptionId;
}

export interface DispensedLine {
  readonly lineId: Guid;
  /** Of this supply of it. */
  readonly dispenseId?: Guid;
  readonly status: LineStatus;
  readonly supplied?: Code;
  readonly quantity?: Quantity;
  /** Why not, or not all: code of medicationdispense-status-reason. */
  readonly reason?: string;
  /** Authorised issues as the dispenser knows them. */
  readonly maxRepeats?: number;
}

/** What a pharmacy did with a prescription. */
export interface DispenseNotification {
  readonly messageId: Guid;
  readonly claimed: { readonly ods?: OdsCode };
  readonly prescriptionId: PrescriptionId;
  readonly nhsNumber?: NhsNumber;
  /** The status the dispenser says the prescription has now. */
  readonly status?: PrescriptionStatus;
  readonly amends?: Guid;
  readonly lines: readonly DispensedLine[];
}

/** A document that was read, or why it could not be: the rules answer both in the service's words. */
export type Reading<Message> =
  | { readonly kind: 'read'; readonly message: Message }
  | { readonly kind: 'unreadable'; readonly refused: Refused };
