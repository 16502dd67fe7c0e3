/** The rules of the Summary Care Record: each reads what it needs and says what should happen. */
import type { AuditEvent, Decision, Fact, RecordWrite } from '../../core/decision.ts';
import { ERRORS, type ErrorCode, HubError } from '../../core/errors.ts';
import type { NhsNumber, OdsCode } from '../../core/identifiers.ts';
import type { Person } from '../../core/party.ts';
import type { Context } from '../adapter.ts';
import type { Get, PermissionChange, Upload } from './fhir.ts';
import { createdAnswer, documentAnswer, emptyBundle, listBundle, summaryBundle } from './fhir-answers.ts';
import type { Access, Basis, Override, PatientConsent, Summary } from './model.ts';
import {
  CONSENT,
  consentOf,
  OVERRIDE,
  overrideKey,
  SUMMARY,
  writeAccess,
  writeConsent,
  writeSummary,
} from './records.ts';

/** PSIS-30418: access control does not permit access to the resource; said with 403. */
const CONSENT_DENIES = '30418';
/** PSIS-30134: an event with this id is already there; said with 400. */
const DUPLICATE_EVENT = '30134';

/** The person who acts, in the organisation whose system speaks; a national system speaks for many organisations. */
export function actorOf(context: Context): Person {
  const { person, party } = context;
  if (!person) throw new HubError('PERSON_REQUIRED');
  if (person.ods !== party.ods && party.kind !== 'national-service') throw new HubError('PARTY_MISMATCH');
  return person;
}

export interface Refusal {
  readonly action: string;
  readonly patient: NhsNumber;
  readonly code: ErrorCode;
  readonly serviceCode?: string;
  readonly text?: string;
}

/** A refusal by rule is a decision: answered, audited, and the same for a repeat. */
export function refuse({ action, patient, code, serviceCode, text }: Refusal): Decision {
  return {
    answer: {
      kind: 'refused',
      code,
      ...(serviceCode !== undefined && { serviceCode }),
      text: text ?? ERRORS[code].text,
    },
    events: [
      {
        action,
        outcome: 'refused',
        code,
        patient,
        ...(serviceCode !== undefined && { reason: `PSIS-${serviceCode}` }),
      },
    ],
  };
}

/** A practice uploads: the summary replaces exactly the latest one, or it is the first. */
export async function upload(message: Upload, context: Context): Promise<Decision> {
  const person = actorOf(context);
  const { nhsNumber: patient, summaryId } = message;
  const no = (code: ErrorCode, more: { serviceCode?: string; text?: string } = {}) =>
    refuse({ action: 'upload-summary', patient, code, ...more });
  if (message.authorOds !== undefined && message.authorOds !== person.ods) return no('PARTY_MISMATCH');
  const consent = await consentOf(context.records, patient);
  if (consent.value.store === 'No')
    return no('PERMISSION_REQUIRED', {
      serviceCode: CONSENT_DENIES,
      text: 'The patient does not consent to a summary.',
    });
  if (await context.records.get(SUMMARY, summaryId)) return no('RULE_REFUSED', { serviceCode: DUPLICATE_EVENT });
  if (message.replaces !== consent.value.latest?.id)
    return no('RULE_REFUSED', {
      text: 'The summary must replace the latest one: list it, and name its id in relatesTo.',
    });
  const { authorOds: _, ...kept } = message;
  const { summaryId: id, ...content } = kept;
  const practice = person.ods;
  const summary: Summary = { ...content, id, practice, uploadedBy: person.userId, uploadedAt: context.now };
  const latest = { id, practice, uploadedAt: context.now };
  return {
    answer: createdAnswer({ Location: `Bundle?composition.identifier=${id}` }),
    records: [writeSummary(summary), writeConsent(consent, { ...consent.value, latest })],
    events: [{ action: 'upload-summary', outcome: 'success', patient, entity: `${SUMMARY}/${id}` }],
    facts: [
      {
        kind: 'summary-uploaded',
        patient,
        attributes: { practice, replaced: message.replaces !== undefined, sections: message.sections },
      },
    ],
  };
}

/** Says whether a summary exists, and the patient's standing answer. Nothing clinical is shown. */
export async function list(nhsNumber: NhsNumber, context: Context): Promise<Decision> {
  actorOf(context);
  const { value } = await consentOf(context.records, nhsNumber);
  if (value.store === 'No')
    return refuse({
      action: 'list-summary',
      patient: nhsNumber,
      code: 'PERMISSION_REQUIRED',
      serviceCode: CONSENT_DENIES,
    });
  const ids = { bundle: context.id(1), reference: context.id(2), patient: context.id(3) };
  const found = value.latest;
  return {
    answer: documentAnswer(found ? listBundle(nhsNumber, found, value.view, ids) : emptyBundle(ids.bundle)),
    events: [
      {
        action: 'list-summary',
        outcome: 'success',
        patient: nhsNumber,
        ...(found ? { entity: `${SUMMARY}/${found.id}` } : { reason: 'no summary' }),
      },
    ],
  };
}

interface Ground {
  readonly basis: Basis;
  readonly override?: Override;
}

/** On what ground this person may look: the practice's own record, an override in force, or the patient's Yes. */
async function groundOf(consent: PatientConsent, person: Person, context: Context): Promise<Ground | undefined> {
  if (consent.latest?.practice === person.ods) return { basis: 'holder' };
  if (consent.view === 'Yes') return { basis: 'permission' };
  const key = overrideKey(consent.nhsNumber, person.ods, person.userId);
  const override = (await context.records.get<Override>(OVERRIDE, key))?.value;
  return override && override.until > context.now ? { basis: 'override', override } : undefined;
}

/** Shows the latest summary to one who may look, and writes down that they looked. A stale id finds nothing. */
export async function get({ nhsNumber, summaryId }: Get, context: Context): Promise<Decision> {
  const person = actorOf(context);
  const { value: consent } = await consentOf(context.records, nhsNumber);
  const no = () =>
    refuse({
      action: 'read-summary',
      patient: nhsNumber,
      code: 'PERMISSION_REQUIRED',
      serviceCode: CONSENT_DENIES,
    });
  if (consent.store === 'No') return no();
  const nothing = (reason: string): Decision => ({
    answer: documentAnswer(emptyBundle(context.id(1))),
    events: [{ action: 'read-summary', outcome: 'success', patient: nhsNumber, reason }],
  });
  if (!consent.latest) return nothing('no summary');
  const ground = await groundOf(consent, person, context);
  if (!ground) return no();
  if (summaryId !== consent.latest.id) return nothing('stale id');
  const summary = await context.records.get<Summary>(SUMMARY, summaryId);
  if (!summary) throw new HubError('INTERNAL', { what: 'the latest summary is not kept' });
  const reason = ground.override?.reason;
  const access: Access = {
    id: context.id(2),
    at: context.now,
    nhsNumber,
    summary: summaryId,
    ods: person.ods,
    systemId: context.party.systemId,
    userId: person.userId,
    role: person.role,
    basis: ground.basis,
    ...(reason !== undefined && { reason }),
  };
  return {
    answer: documentAnswer(summaryBundle(summary.value, context.id(1))),
    records: [writeAccess(access)],
    events: [looked(access)],
    facts: [viewed(access, context)],
  };
}

const looked = (access: Access): AuditEvent => ({
  action: 'read-summary',
  outcome: 'success',
  patient: access.nhsNumber,
  reason: access.reason === undefined ? access.basis : `${access.basis} ${access.reason}`,
  entity: `${SUMMARY}/${access.summary}`,
});

const viewed = (access: Access, context: Context): Fact => ({
  kind: 'summary-viewed',
  patient: access.nhsNumber,
  attributes: { organisation: access.ods, setting: context.party.kind, basis: access.basis },
});

/** Records the patient's answer; store consent is the business of a practice alone. */
export async function setPermission(message: PermissionChange, context: Context): Promise<Decision> {
  actorOf(context);
  const { nhsNumber: patient, view } = message;
  if (message.store !== undefined && context.party.kind !== 'general-practice')
    return refuse({ action: 'set-permission', patient, code: 'INTERACTION_NOT_PERMITTED' });
  const consent = await consentOf(context.records, patient);
  const store = message.store ?? consent.value.store;
  const write: RecordWrite = writeConsent(consent, { ...consent.value, view, store });
  return {
    answer: createdAnswer(),
    records: [write],
    events: [
      {
        action: 'set-permission',
        outcome: 'success',
        patient,
        reason: `view ${consent.value.view} to ${view}, store ${consent.value.store} to ${store}`,
        entity: CONSENT,
      },
    ],
  };
}

/** Whether this organisation holds the patient's record. */
export const holds = (consent: PatientConsent, ods: OdsCode): boolean => consent.latest?.practice === ods;
