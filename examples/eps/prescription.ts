/** A made-up prescription with everything that its messages need; the same one can be sent on either wire. */
import type { Instant } from '../../core/clock.ts';
import {
  type NhsNumber,
  nhsNumberCheckDigit,
  type OdsCode,
  prescriptionCheckCharacter,
} from '../../core/identifiers.ts';

export interface ExampleItem {
  /** GUID in capitals. */
  readonly id: string;
  readonly code: string;
  readonly medicine: string;
  readonly quantity: number;
  readonly unit: { readonly code: string; readonly name: string };
  readonly dosage: string;
}

export interface ExamplePatient {
  readonly nhsNumber: NhsNumber;
  readonly prefix: string;
  readonly given: string;
  readonly family: string;
  readonly gender: 'male' | 'female';
  /** `YYYY-MM-DD` */
  readonly birthDate: string;
}

export interface ExamplePrescription {
  /** GUIDs in capitals. */
  readonly messageId: string;
  readonly guid: string;
  /** Short id with its check character. */
  readonly prescriptionId: string;
  readonly patient: ExamplePatient;
  readonly ods: OdsCode;
  readonly nominated?: OdsCode;
  readonly at: Instant;
  readonly items: readonly ExampleItem[];
  /** Issues of a repeat dispensing prescription; left out of an acute one. */
  readonly issues?: number;
}

export interface ExamplePrescriptionParts {
  /** A fresh GUID with each call, in either case. */
  readonly id: () => string;
  /** The prescribing organisation. */
  readonly ods: OdsCode;
  readonly at: Instant;
  /** The pharmacy that the patient has nominated, where there is one. */
  readonly nominated?: OdsCode;
  readonly patient?: ExamplePatient;
  /** How many of the medicines below; 2 where nothing is said. */
  readonly items?: number;
  readonly issues?: number;
}

type Medicine = Omit<ExampleItem, 'id'>;
const tablet = { code: '428673006', name: 'tablet' };
const dose = { code: '3317411000001100', name: 'dose' };
const MEDICINES: readonly [Medicine, ...Medicine[]] = [
  {
    code: '322237000',
    medicine: 'Paracetamol 500mg soluble tablets',
    quantity: 60,
    unit: tablet,
    dosage: 'Two, four times a day',
  },
  {
    code: '39113611000001102',
    medicine: 'Salbutamol 100micrograms/dose inhaler CFC free',
    quantity: 200,
    unit: dose,
    dosage: 'Two puffs when needed',
  },
  {
    code: '322341003',
    medicine: 'Co-codamol 30mg/500mg tablets',
    quantity: 30,
    unit: tablet,
    dosage: 'One, three times a day',
  },
  {
    code: '39732311000001104',
    medicine: 'Amoxicillin 250mg capsules',
    quantity: 20,
    unit: { code: '428641000', name: 'capsule' },
    dosage: 'One, twice a day for ten days',
  },
];

export const EXAMPLE_PATIENT: ExamplePatient = examplePatient(1);

/** One of 100,000 people who do not exist; the number is of the range 999, which is kept for tests. */
export function examplePatient(index: number): ExamplePatient {
  const families = ['Fennimore', 'Okafor', 'Pritchard', 'Lindqvist', 'Chaudhry', 'Tregenza', 'Abernathy'];
  const given = ['Ada', 'Bryn', 'Cleo', 'Dara', 'Esme', 'Farid', 'Gwen', 'Hugo', 'Iris'];
  const female = index % 2 === 0;
  return {
    nhsNumber: exampleNhsNumber(index),
    prefix: female ? 'MS' : 'MR',
    given: given[index % given.length] ?? 'Ada',
    family: families[index % families.length] ?? 'Fennimore',
    gender: female ? 'female' : 'male',
    birthDate: new Date(Date.UTC(1930 + (index % 90), index % 12, 1 + (index % 28))).toISOString().slice(0, 10),
  };
}

/** Ten digits with a right check digit, one for each index from 0 to 99,999. Where nine digits can carry none the next do. */
export function exampleNhsNumber(index: number): NhsNumber {
  for (let nine = 999_000_000 + (index % 100_000); nine < 1_000_000_000; nine += 100_000) {
    const check = nhsNumberCheckDigit(String(nine));
    if (check !== undefined) return `${nine}${check}`;
  }
  throw new Error(`no NHS number for example ${index}`);
}

/** A short id made of a GUID and the organisation: six hex digits, the organisation, five hex digits, check character. */
export function examplePrescriptionId(guid: string, ods: OdsCode): string {
  const hex = guid.replaceAll('-', '').toUpperCase();
  const parts = [hex.slice(0, 6), ods.padStart(6, '0').slice(-6), hex.slice(6, 11)];
  return `${parts.join('-')}${prescriptionCheckCharacter(parts.join(''))}`;
}

export function examplePrescription(parts: ExamplePrescriptionParts): ExamplePrescription {
  const id = () => parts.id().toUpperCase();
  const guid = id();
  return {
    messageId: id(),
    guid,
    prescriptionId: examplePrescriptionId(guid, parts.ods),
    patient: parts.patient ?? EXAMPLE_PATIENT,
    ods: parts.ods,
    ...(parts.nominated !== undefined && { nominated: parts.nominated }),
    at: parts.at,
    items: Array.from({ length: parts.items ?? 2 }, (_, index) => ({
      id: id(),
      ...(MEDICINES[index % MEDICINES.length] ?? MEDICINES[0]),
    })),
    ...(parts.issues !== undefined && { issues: parts.issues }),
  };
}

export const DAY_MS = 86_400_000;
/** Days of one issue of repeat dispensing. */
export const EXAMPLE_SUPPLY_DAYS = 28;

/** In the form of a signature, but it signs nothing. */
export const EXAMPLE_SIGNATURE =
  '<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>' +
  '<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></CanonicalizationMethod>' +
  '<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></SignatureMethod>' +
  '<Reference><Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></Transform></Transforms>' +
  '<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></DigestMethod>' +
  '<DigestValue>RXhhbXBsZSBkaWdlc3QsIG9mIG5vdGhpbmcgYXQgYWxsLg==</DigestValue></Reference></SignedInfo>' +
  `<SignatureValue>${'RXhhbXBs'.repeat(20)}</SignatureValue></Signature>`;
