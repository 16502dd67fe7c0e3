/** The example prescription as the HL7v3 message that a prescribing system sends in an ebXML envelope. */
import type { SystemId } from '../../core/identifiers.ts';
import { writeWrapper } from '../../schemas/hl7v3.ts';
import { formatHl7Time } from '../../schemas/hl7v3-time.ts';
import { escapeXml } from '../../schemas/xml-read.ts';
import {
  DAY_MS,
  EXAMPLE_SIGNATURE,
  EXAMPLE_SUPPLY_DAYS,
  type ExampleItem,
  type ExamplePrescription,
} from './prescription.ts';

const SNOMED = '2.16.840.1.113883.2.1.3.2.4.15';
const VOCABULARY = '2.16.840.1.113883.2.1.3.2.4';
const ODS = '1.2.826.0.1285.0.1.10';

export interface Hl7Parts {
  /** System numbers of the sender and of the hub. */
  readonly from: SystemId;
  readonly to: SystemId;
  /** UK31 of prescribing systems, or SM31 of the EPS FHIR API; UK31 where nothing is said. */
  readonly interaction?: 'PORX_IN020101UK31' | 'PORX_IN020101SM31';
  /** Leaves out attributes and elements whose value is fixed: a quarter smaller, the same meaning. */
  readonly brief?: boolean;
}

const FIXED =
  / (?:classCode|moodCode|typeCode|determinerCode|contextControlCode|contextConductionInd|inversionInd|negationInd)="[^"]*"|<seperatableInd value="\w+"\/>/g;

const information = (number: string, name: string, content: string): string =>
  `<pertinentInformation${number} typeCode="PERT" contextConductionInd="true"><seperatableInd value="false"/>` +
  `<pertinent${name} classCode="OBS" moodCode="EVN">${content}</pertinent${name}></pertinentInformation${number}>`;

const kind = (code: string): string => `<code code="${code}" codeSystem="${VOCABULARY}.17.30"/>`;

/** The payload: 10 KB with two items; 6.5 KB with one, if brief. */
export function prescriptionOrderHl7(prescription: ExamplePrescription, parts: Hl7Parts): string {
  const message = wholeMessage(prescription, parts);
  return parts.brief ? message.replace(FIXED, '') : message;
}

function wholeMessage(prescription: ExamplePrescription, { from, to, interaction }: Hl7Parts): string {
  const { messageId, at, items, patient, ods } = prescription;
  return writeWrapper({
    id: messageId,
    interaction: interaction ?? 'PORX_IN020101UK31',
    creationTime: at,
    fromAsid: from,
    toAsid: to,
    author: { roleProfile: '555254240100', userId: '555254239107', jobRole: 'S8000:G8000:R8000' },
    content:
      '<subject><ParentPrescription classCode="INFO" moodCode="EVN">' +
      `<id root="${messageId}"/><code code="163501000000109" codeSystem="${SNOMED}"/>` +
      `<effectiveTime value="${formatHl7Time(at)}"/>` +
      `<recordTarget typeCode="RCT"><Patient classCode="PAT"><id root="${VOCABULARY.replace(/3\.2\.4$/, '4')}.1" ` +
      `extension="${escapeXml(patient.nhsNumber)}"/>` +
      '<addr use="H"><streetAddressLine>1 Example Lane</streetAddressLine><streetAddressLine>Nowhere</streetAddressLine>' +
      '<postalCode>ZZ99 3VZ</postalCode></addr><patientPerson classCode="PSN" determinerCode="INSTANCE">' +
      `<name use="L"><prefix>${patient.prefix}</prefix><given>${escapeXml(patient.given)}</given>` +
      `<family>${escapeXml(patient.family)}</family></name>` +
      `<administrativeGenderCode code="${patient.gender === 'male' ? '1' : '2'}" codeSystem="${VOCABULARY}.16.25"/>` +
      `<birthTime value="${patient.birthDate.replaceAll('-', '')}"/>` +
      '<playedProviderPatient classCode="PAT"><subjectOf typeCode="SBJ"><patientCareProvision classCode="PCPR" moodCode="EVN">' +
      `<code code="1" codeSystem="${VOCABULARY}.17.37"/><responsibleParty typeCode="RESP"><healthCareProvider classCode="PROV">` +
      `<id root="${ODS}" extension="${ods}"/></healthCareProvider></responsibleParty></patientCareProvision></subjectOf>` +
      '</playedProviderPatient></patientPerson></Patient></recordTarget>' +
      '<pertinentInformation1 typeCode="PERT" contextConductionInd="true">' +
      `${pertinentPrescription(prescription)}</pertinentInformation1>` +
      '<pertinentInformation2 typeCode="PERT"><pertinentCareRecordElementCategory classCode="CATEGORY" moodCode="EVN">' +
      `<code code="185361000000102" codeSystem="${SNOMED}"/>` +
      items
        .map(
          ({ id }) =>
            `<component typeCode="COMP"><actRef classCode="SBADM" moodCode="RQO"><id root="${id}"/></actRef></component>`,
        )
        .join('') +
      '</pertinentCareRecordElementCategory></pertinentInformation2></ParentPrescription></subject>',
  });
}

function pertinentPrescription(prescription: ExamplePrescription): string {
  const { guid, prescriptionId, at, items, nominated, issues } = prescription;
  const days = (number: number): string => formatHl7Time(at + number * DAY_MS).slice(0, 8);
  return (
    '<pertinentPrescription classCode="SBADM" moodCode="RQO">' +
    `<id root="${guid}"/><id root="${VOCABULARY}.18.8" extension="${prescriptionId}"/>` +
    `<code code="225426007" codeSystem="${SNOMED}"/><effectiveTime nullFlavor="NA"/>` +
    (issues === undefined ? '' : repeatNumber(issues)) +
    (nominated === undefined
      ? ''
      : '<performer typeCode="PRF" contextControlCode="OP"><AgentOrgSDS classCode="AGNT">' +
        `<agentOrganizationSDS classCode="ORG" determinerCode="INSTANCE"><id root="${ODS}" extension="${nominated}"/>` +
        '</agentOrganizationSDS></AgentOrgSDS></performer>') +
    `<author typeCode="AUT" contextControlCode="OP"><time value="${formatHl7Time(at)}"/>` +
    `<signatureText>${EXAMPLE_SIGNATURE}</signatureText>${agentPerson(prescription)}</author>` +
    (issues === undefined
      ? ''
      : '<component1 typeCode="COMP"><seperatableInd value="true"/><daysSupply classCode="SPLY" moodCode="RQO">' +
        `<code code="373784005" codeSystem="${SNOMED}"/><effectiveTime><low value="${days(0)}"/>` +
        `<high value="${days(EXAMPLE_SUPPLY_DAYS * issues)}"/></effectiveTime>` +
        `<expectedUseTime><width value="${EXAMPLE_SUPPLY_DAYS}" unit="d"/></expectedUseTime></daysSupply></component1>`) +
    information(
      '5',
      'PrescriptionTreatmentType',
      `${kind('PTT')}<value code="${issues === undefined ? '0001' : '0003'}" codeSystem="${VOCABULARY}.16.36"/>`,
    ) +
    information(
      '1',
      'DispensingSitePreference',
      `${kind('DSP')}<value code="${nominated === undefined ? '0004' : 'P1'}" codeSystem="${VOCABULARY}.17.21"/>`,
    ) +
    items.map((item) => lineItem(item, issues)).join('') +
    information('8', 'TokenIssued', `${kind('TI')}<value value="false"/>`) +
    information('4', 'PrescriptionType', `${kind('PT')}<value code="0101" codeSystem="${VOCABULARY}.17.25"/>`) +
    '</pertinentPrescription>'
  );
}

const repeatNumber = (high: number): string => `<repeatNumber><low value="1"/><high value="${high}"/></repeatNumber>`;

const agentPerson = ({ ods }: ExamplePrescription): string =>
  '<AgentPerson classCode="AGNT"><id root="1.2.826.0.1285.0.2.0.67" extension="555254240100"/>' +
  '<code code="S8000:G8000:R8000" codeSystem="1.2.826.0.1285.0.2.1.104"/><telecom use="WP" value="tel:01234567890"/>' +
  '<agentPerson classCode="PSN" determinerCode="INSTANCE"><id root="1.2.826.0.1285.0.2.1.54" extension="C1234567"/>' +
  '<name><prefix>DR</prefix><given>Rowan</given><family>Quill</family></name></agentPerson>' +
  `<representedOrganization classCode="ORG" determinerCode="INSTANCE"><id root="${ODS}" extension="${ods}"/>` +
  `<code code="999" codeSystem="${VOCABULARY}.17.94"/><name>EXAMPLE SURGERY</name><telecom use="WP" value="tel:01234567891"/>` +
  '<addr use="WP"><streetAddressLine>2 Example Lane</streetAddressLine><streetAddressLine>Nowhere</streetAddressLine>' +
  '<postalCode>ZZ99 3VZ</postalCode></addr><healthCareProviderLicense classCode="PROV">' +
  `<Organization classCode="ORG" determinerCode="INSTANCE"><id root="${ODS}" extension="84H"/>` +
  '<name>EXAMPLE COMMISSIONER</name></Organization></healthCareProviderLicense></representedOrganization></AgentPerson>';

function lineItem({ id, code, medicine, quantity, unit, dosage }: ExampleItem, issues: number | undefined): string {
  return (
    '<pertinentInformation2 typeCode="PERT" contextConductionInd="true" inversionInd="false" negationInd="false">' +
    '<seperatableInd value="true"/><pertinentLineItem classCode="SBADM" moodCode="RQO">' +
    `<id root="${id}"/><code code="225426007" codeSystem="${SNOMED}"/><effectiveTime nullFlavor="NA"/>` +
    (issues === undefined ? '' : repeatNumber(issues)) +
    '<product typeCode="PRD" contextControlCode="OP"><manufacturedProduct classCode="MANU">' +
    '<manufacturedRequestedMaterial classCode="MMAT" determinerCode="KIND">' +
    `<code code="${code}" codeSystem="${SNOMED}" displayName="${escapeXml(medicine)}"/></manufacturedRequestedMaterial>` +
    '</manufacturedProduct></product><component typeCode="COMP"><seperatableInd value="false"/>' +
    `<lineItemQuantity classCode="SPLY" moodCode="RQO"><code code="373784005" codeSystem="${SNOMED}"/>` +
    `<quantity value="${quantity}" unit="1"><translation value="${quantity}" code="${unit.code}" codeSystem="${SNOMED}" ` +
    `displayName="${escapeXml(unit.name)}"/></quantity></lineItemQuantity></component>` +
    information('2', 'DosageInstructions', `${kind('DI')}<value>${escapeXml(dosage)}</value>`) +
    '</pertinentLineItem></pertinentInformation2>'
  );
}
