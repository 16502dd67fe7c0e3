/** Reads an HL7v3 prescription order (PORX_IN020101UK31 and SM31, ParentPrescription) into the domain's order. */
import type { XmlElement } from '../../core/document.ts';
import { at, attribute, child, children, textOf } from '../../schemas/xml-read.ts';
import { readAgentPerson, readPatient } from './hl7v3-people.ts';
import { dayOf, instantOf, signatureText } from './hl7v3-values.ts';
import type {
  Code,
  Order,
  Prescription,
  PrescriptionLine,
  Reading,
  Repeats,
  SitePreference,
  TreatmentType,
} from './model.ts';
import { reading, required, unreadable } from './reading.ts';

const ODS = '1.2.826.0.1285.0.1.10';
const SHORT_ID = '2.16.840.1.113883.2.1.3.2.4.18.8';
const TREATMENTS: ReadonlySet<string> = new Set(['0001', '0002', '0003'] satisfies TreatmentType[]);
const SITES: ReadonlySet<string> = new Set(['P1', 'P2', 'P3', '0004'] satisfies SitePreference[]);

/** `root` has passed its schema. */
export function readHl7Order(root: XmlElement): Reading<Order> {
  return reading(() => {
    const interaction = attribute(child(root, 'interactionId'), 'extension');
    if (interaction !== root.name) unreadable('0009', 'interactionId');
    const systemId = attribute(at(root, 'communicationFunctionSnd/device/id'), 'extension');
    return {
      messageId: required(attribute(child(root, 'id'), 'root'), 'id'),
      claimed: systemId === undefined ? {} : { systemId },
      prescription: readPrescription(
        required(at(root, 'ControlActEvent/subject/ParentPrescription'), 'ParentPrescription'),
      ),
    };
  });
}

function readPrescription(parent: XmlElement): Prescription {
  const prescription = required(at(parent, 'pertinentInformation1/pertinentPrescription'), 'pertinentPrescription');
  const ids = children(prescription, 'id');
  const shortId = ids.find((id) => attribute(id, 'root') === SHORT_ID);
  const longId = ids.find((id) => attribute(id, 'extension') === undefined);
  const treatment = required(
    pertinent(prescription, '5', 'PrescriptionTreatmentType'),
    'pertinentPrescriptionTreatmentType',
  );
  if (!TREATMENTS.has(treatment)) unreadable('0009', 'pertinentPrescriptionTreatmentType');
  const site = required(pertinent(prescription, '1', 'DispensingSitePreference'), 'pertinentDispensingSitePreference');
  if (!SITES.has(site)) unreadable('0009', 'pertinentDispensingSitePreference');
  const performer = at(prescription, 'performer/AgentOrgSDS/agentOrganizationSDS/id');
  const nominated = attribute(performer, 'root') === ODS ? attribute(performer, 'extension') : undefined;
  const review = attribute(at(prescription, 'pertinentInformation7/pertinentReviewDate/value'), 'value');
  const repeats = readRepeats(prescription);
  const supply = readSupply(prescription);
  const author = required(child(prescription, 'author'), 'author');
  const signature = at(author, 'signatureText/Signature');
  const signedAt = attribute(child(author, 'time'), 'value');
  const items = children(prescription, 'pertinentInformation2').map((information) =>
    child(information, 'pertinentLineItem'),
  );
  const lines = items.map((item) => readLine(required(item, 'pertinentLineItem')));
  const prescriber = readAgentPerson(required(child(author, 'AgentPerson'), 'author'));
  const party = at(prescription, 'responsibleParty/AgentPerson');
  const responsible = party && readAgentPerson(party);
  // One person in both places carries one of their numbers in each.
  const same = responsible?.roleProfileId !== undefined && responsible.roleProfileId === prescriber.roleProfileId;
  const numbers = [...prescriber.numbers, ...(responsible?.numbers ?? [])];
  return {
    id: required(attribute(shortId, 'extension'), 'pertinentPrescription.id'),
    guid: required(attribute(longId, 'root'), 'pertinentPrescription.id'),
    eventId: required(attribute(child(parent, 'id'), 'root'), 'ParentPrescription.id'),
    prescribedAt: instantOf(
      required(attribute(child(parent, 'effectiveTime'), 'value'), 'effectiveTime'),
      'effectiveTime',
    ),
    patient: readPatient(required(at(parent, 'recordTarget/Patient'), 'Patient')),
    author: same ? { ...prescriber, numbers: distinct(numbers) } : prescriber,
    ...(responsible && !same && { responsible }),
    type: required(pertinent(prescription, '4', 'PrescriptionType'), 'pertinentPrescriptionType'),
    treatment: treatment as TreatmentType,
    site: site as SitePreference,
    ...(nominated !== undefined && { nominated }),
    ...(repeats && { repeats }),
    ...(supply && { supply }),
    ...(review !== undefined && { reviewDate: dayOf(review, 'pertinentReviewDate') }),
    lines: lines.map(({ instructions, ...line }) => ({
      ...line,
      ...(instructions.note && { note: instructions.note }),
    })),
    otherMedication: lines.flatMap(({ instructions }) => instructions.medication),
    patientInformation: lines.flatMap(({ instructions }) => instructions.patientInformation),
    ...(signature && {
      signature: {
        form: 'xml',
        text: signatureText(signature),
        ...(signedAt !== undefined && { signedAt: instantOf(signedAt, 'author.time') }),
      },
    }),
  };
}

const distinct = <Value>(values: readonly Value[]): Value[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

/** The coded value of `pertinentInformation<n>/pertinent<name>`. */
function pertinent(element: XmlElement, information: string, name: string): string | undefined {
  return attribute(at(element, `pertinentInformation${information}/pertinent${name}/value`), 'code');
}

function readRepeats(element: XmlElement): Repeats | undefined {
  const repeatNumber = child(element, 'repeatNumber');
  if (!repeatNumber) return undefined;
  const low = attribute(child(repeatNumber, 'low'), 'value');
  const high = attribute(child(repeatNumber, 'high'), 'value');
  return { low: wholeNumber(low, 'repeatNumber.low'), high: wholeNumber(high, 'repeatNumber.high') };
}

function wholeNumber(text: string | undefined, path: string): number {
  const value = Number(required(text, path));
  return Number.isInteger(value) ? value : unreadable('0009', path);
}

function readSupply(prescription: XmlElement): Prescription['supply'] {
  const supply = at(prescription, 'component1/daysSupply');
  if (!supply) return undefined;
  const from = attribute(at(supply, 'effectiveTime/low'), 'value');
  const to = attribute(at(supply, 'effectiveTime/high'), 'value');
  const days = attribute(at(supply, 'expectedUseTime/width'), 'value');
  return {
    ...(from !== undefined && { from: dayOf(from, 'daysSupply') }),
    ...(to !== undefined && { to: dayOf(to, 'daysSupply') }),
    ...(days !== undefined && { days: wholeNumber(days, 'daysSupply') }),
  };
}

type LineWithInstructions = PrescriptionLine & { readonly instructions: Instructions };

function readLine(item: XmlElement): LineWithInstructions {
  const quantity = required(at(item, 'component/lineItemQuantity/quantity'), 'lineItemQuantity');
  const translation = child(quantity, 'translation') ?? quantity;
  const value = Number(required(attribute(translation, 'value'), 'lineItemQuantity'));
  if (Number.isNaN(value)) unreadable('0009', 'lineItemQuantity');
  const unit = codeOf(child(quantity, 'translation'));
  const repeats = readRepeats(item);
  const medication = codeOf(at(item, 'product/manufacturedProduct/manufacturedRequestedMaterial/code'));
  const instructions = readInstructions(
    textOf(at(item, 'pertinentInformation1/pertinentAdditionalInstructions/value')) ?? '',
  );
  return {
    id: required(attribute(child(item, 'id'), 'root'), 'pertinentLineItem.id'),
    medication: required(medication, 'manufacturedRequestedMaterial'),
    quantity: { value, ...(unit && { unit }) },
    dosage: required(
      textOf(at(item, 'pertinentInformation2/pertinentDosageInstructions/value')),
      'pertinentDosageInstructions',
    ),
    ...(repeats && { repeats }),
    endorsements: children(item, 'pertinentInformation3')
      .map((information) => codeOf(at(information, 'pertinentPrescriberEndorsement/value')))
      .filter((code): code is Code => code !== undefined),
    ...(instructions.quantityWords !== undefined && { quantityWords: instructions.quantityWords }),
    instructions,
  };
}

function codeOf(element: XmlElement | undefined): Code | undefined {
  const code = attribute(element, 'code');
  if (code === undefined) return undefined;
  const display = attribute(element, 'displayName');
  return { code, ...(display !== undefined && { display }) };
}

interface Instructions {
  readonly medication: readonly string[];
  readonly patientInformation: readonly string[];
  readonly quantityWords?: string;
  readonly note: string;
}

const NO_INSTRUCTIONS: Instructions = { medication: [], patientInformation: [], note: '' };
const MEDICATION = /<medication>([^<]*)<\/medication>/g;
const PATIENT_INFORMATION = /<patientInfo>([^<]*)<\/patientInfo>/g;
const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/**
 * Takes apart what prescribing systems put in the one text of a line: `<medication>`s and `<patientInfo>`s, a line
 * `CD: quantity in words`, and what is left for the dispenser. Source: the EPS API's published conversions.
 */
export function readInstructions(text: string): Instructions {
  if (text === '') return NO_INSTRUCTIONS;
  const rest = text.replace(/<(medication|patientInfo)>[^<]*<\/\1>/g, '');
  const words = /^CD: ?(.*)$/m.exec(rest);
  const note = rest.replace(/^CD: ?.*\n?/m, '').trim();
  return {
    medication: matches(text, MEDICATION),
    patientInformation: matches(text, PATIENT_INFORMATION),
    ...(words?.[1] !== undefined && { quantityWords: words[1].trim() }),
    note,
  };
}
