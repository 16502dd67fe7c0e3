/**
 * The HL7 v3 transmission wrapper and control act of Spine messages: read, written, and acknowledged with
 * MCCI_IN010000UK13. Source: Message Implementation Manual, MCCI_MT010101UK12 and MCAI_MT040101UK03.
 */
import type { Instant } from '../core/clock.ts';
import type { XmlElement } from '../core/document.ts';
import { HubError } from '../core/errors.ts';
import { formatHl7Time, parseHl7Time } from './hl7v3-time.ts';
import { at, attribute, child, children, escapeXml } from './xml-read.ts';

export const HL7_NAMESPACE = 'urn:hl7-org:v3';

/** Object identifiers of the wrapper. */
export const OID = {
  asid: '1.2.826.0.1285.0.2.0.107',
  sdsUser: '1.2.826.0.1285.0.2.0.65',
  roleProfile: '1.2.826.0.1285.0.2.0.67',
  jobRole: '1.2.826.0.1285.0.2.1.104',
  interaction: '2.16.840.1.113883.2.1.3.2.4.12',
} as const;

/** The person in the control act, as claimed by the sender; what a token proves is elsewhere. */
export interface Hl7Author {
  readonly roleProfile: string;
  readonly userId: string;
  readonly jobRole?: string;
}

export interface Hl7Wrapper {
  /** GUID in capitals: the payload's own id, another one than the ebXML message id. */
  readonly id: string;
  /** Name of the root element, such as PORX_IN020101UK31. */
  readonly interaction: string;
  readonly creationTime: Instant;
  readonly fromAsid: string;
  readonly toAsid: string;
  readonly author?: Hl7Author;
  readonly controlAct: XmlElement;
  readonly subject: XmlElement | undefined;
}

const GUID = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/;

/** True for a GUID in capitals, the only form in HL7 v3 and ebXML on Spine. */
export const isHl7Guid = (value: string): boolean => GUID.test(value);

/**
 * Reads the wrapper. Throws HubError XML_INVALID where a part of it is not there, and VALUE_INVALID where the id is not a
 * GUID in capitals, the time is none, or interactionId contradicts the root element.
 */
export function readWrapper(root: XmlElement): Hl7Wrapper {
  const id = needed(root, 'id', attribute(child(root, 'id'), 'root'));
  if (!isHl7Guid(id)) throw wrongValue(root, 'id', 'is not a GUID in capitals');
  const interaction = needed(root, 'interactionId', attribute(child(root, 'interactionId'), 'extension'));
  if (interaction !== root.name) throw wrongValue(root, 'interactionId', 'is not the name of the root element');
  const creationTime = parseHl7Time(needed(root, 'creationTime', attribute(child(root, 'creationTime'), 'value')));
  if (creationTime === undefined) throw wrongValue(root, 'creationTime', 'is not a time of 14 digits in UTC');
  const controlAct = child(root, 'ControlActEvent');
  if (!controlAct) throw missing(root, 'ControlActEvent');
  const author = readAuthor(controlAct);
  return {
    id,
    interaction,
    creationTime,
    fromAsid: needed(root, 'communicationFunctionSnd/device/id', asidOf(root, 'communicationFunctionSnd')),
    toAsid: needed(root, 'communicationFunctionRcv/device/id', asidOf(root, 'communicationFunctionRcv')),
    ...(author && { author }),
    controlAct,
    subject: child(controlAct, 'subject'),
  };
}

function asidOf(root: XmlElement, name: string): string | undefined {
  return extensionOf(at(root, `${name}/device`), OID.asid);
}

function readAuthor(controlAct: XmlElement): Hl7Author | undefined {
  const agent = at(controlAct, 'author/AgentPersonSDS');
  const roleProfile = extensionOf(agent, OID.roleProfile);
  const userId = extensionOf(child(agent, 'agentPersonSDS'), OID.sdsUser);
  if (roleProfile === undefined || userId === undefined) return undefined;
  const jobRole = extensionOf(at(agent, 'part/partSDSRole'), OID.jobRole);
  return { roleProfile, userId, ...(jobRole !== undefined && { jobRole }) };
}

/** `id/@extension` of the id that has this root. */
function extensionOf(element: XmlElement | undefined, root: string): string | undefined {
  return attribute(
    children(element, 'id').find((id) => attribute(id, 'root') === root),
    'extension',
  );
}

function needed(root: XmlElement, path: string, value: string | undefined): string {
  if (value === undefined || value === '') throw missing(root, path);
  return value;
}

const missing = (root: XmlElement, path: string): HubError =>
  new HubError('XML_INVALID', { faults: [{ path: `/${root.name}/${path}`, what: 'is missing from the wrapper' }] });

const wrongValue = (root: XmlElement, path: string, what: string): HubError =>
  new HubError('VALUE_INVALID', { faults: [{ path: `/${root.name}/${path}`, what }] });

export interface WrapperDraft {
  /** GUID in capitals. */
  readonly id: string;
  readonly interaction: string;
  readonly creationTime: Instant;
  readonly fromAsid: string;
  readonly toAsid: string;
  readonly author?: Hl7Author;
  /** XML that follows author1 in the control act, in the namespace `urn:hl7-org:v3`: `<subject>...</subject>`. */
  readonly content?: string;
}

/** The whole message with its XML declaration. `content` is taken as it is; everything else is escaped. */
export function writeWrapper(draft: WrapperDraft): string {
  return write(draft, '');
}

/** A code with the list it comes from: `2.16.840.1.113883.2.1.3.2.4.17.22`, `0002`. */
export interface Hl7Reason {
  readonly codeSystem: string;
  readonly code: string;
  readonly text: string;
}

export interface AcknowledgementDraft extends Omit<WrapperDraft, 'interaction' | 'author' | 'content'> {
  /** The HL7 id of the message that is acknowledged. */
  readonly refersTo: string;
  readonly outcome: /** Done. */
    | { readonly kind: 'AA' }
    /** Understood and refused by a rule: the reasons go into the control act. */
    | { readonly kind: 'AE'; readonly reasons: readonly [Hl7Reason, ...Hl7Reason[]] }
    /** Not processed at all: the reasons go into the acknowledgement. */
    | { readonly kind: 'AR'; readonly reasons: readonly [Hl7Reason, ...Hl7Reason[]] };
}

/** MCCI_IN010000UK13, the application acknowledgement, with its XML declaration. */
export function writeApplicationAcknowledgement(draft: AcknowledgementDraft): string {
  const { outcome } = draft;
  const details = outcome.kind === 'AR' ? outcome.reasons.map(acknowledgementDetail).join('') : '';
  const acknowledgement =
    `<acknowledgement typeCode="${outcome.kind}">${details}` +
    `<messageRef><id root="${escapeXml(draft.refersTo)}"/></messageRef></acknowledgement>`;
  const content = outcome.kind === 'AE' ? outcome.reasons.map(detectedIssue).join('') : '';
  return write({ ...draft, interaction: 'MCCI_IN010000UK13', content }, acknowledgement);
}

const codeAttributes = ({ codeSystem, code, text }: Hl7Reason): string =>
  `codeSystem="${escapeXml(codeSystem)}" code="${escapeXml(code)}" displayName="${escapeXml(text)}"`;

const acknowledgementDetail = (reason: Hl7Reason): string =>
  `<acknowledgementDetail typeCode="ER"><code ${codeAttributes(reason)}/></acknowledgementDetail>`;

const detectedIssue = (reason: Hl7Reason): string =>
  '<reason typeCode="RSON"><justifyingDetectedIssueEvent classCode="ALRT" moodCode="EVN">' +
  `<code ${codeAttributes(reason)}><qualifier code="ER"/></code></justifyingDetectedIssueEvent></reason>`;

const identifier = (root: string, extension: string): string =>
  `<id root="${root}" extension="${escapeXml(extension)}"/>`;

const device = (asid: string): string =>
  `<device classCode="DEV" determinerCode="INSTANCE">${identifier(OID.asid, asid)}</device>`;

const systemAuthor = (asid: string): string =>
  '<author1 typeCode="AUT"><AgentSystemSDS classCode="AGNT"><agentSystemSDS classCode="DEV" determinerCode="INSTANCE">' +
  `${identifier(OID.asid, asid)}</agentSystemSDS></AgentSystemSDS></author1>`;

const personAuthor = ({ roleProfile, userId, jobRole }: Hl7Author): string =>
  `<author typeCode="AUT"><AgentPersonSDS classCode="AGNT">${identifier(OID.roleProfile, roleProfile)}` +
  `<agentPersonSDS classCode="PSN" determinerCode="INSTANCE">${identifier(OID.sdsUser, userId)}</agentPersonSDS>` +
  `<part typeCode="PART"><partSDSRole classCode="ROL">${identifier(OID.jobRole, jobRole ?? 'UNKNOWN')}</partSDSRole></part>` +
  '</AgentPersonSDS></author>';

function write(draft: WrapperDraft, acknowledgement: string): string {
  const name = draft.interaction;
  if (!/^[A-Z]{4}_IN\d{6}[A-Z]{2}\d{2}$/.test(name)) throw new Error(`not the name of an HL7 v3 interaction: ${name}`);
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<${name} xmlns="${HL7_NAMESPACE}"><id root="${escapeXml(draft.id)}"/>` +
    `<creationTime value="${formatHl7Time(draft.creationTime)}"/><versionCode code="V3NPfIT4.2.00"/>` +
    `${identifier(OID.interaction, name).replace('<id ', '<interactionId ')}` +
    '<processingCode code="P"/><processingModeCode code="T"/><acceptAckCode code="NE"/>' +
    `${acknowledgement}<communicationFunctionRcv typeCode="RCV">${device(draft.toAsid)}</communicationFunctionRcv>` +
    `<communicationFunctionSnd typeCode="SND">${device(draft.fromAsid)}</communicationFunctionSnd>` +
    '<ControlActEvent classCode="CACT" moodCode="EVN">' +
    `${draft.author ? personAuthor(draft.author) : ''}${systemAuthor(draft.fromAsid)}${draft.content ?? ''}` +
    `</ControlActEvent></${name}>`
  );
}
