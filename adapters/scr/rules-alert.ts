/** The rules of looking without permission: the override with its privacy alert, and the list of who looked. */
import type { Decision, Outgoing } from '../../core/decision.ts';
import { type ErrorCode, HubError } from '../../core/errors.ts';
import type { NhsNumber } from '../../core/identifiers.ts';
import type { Person } from '../../core/party.ts';
import type { Context } from '../adapter.ts';
import type { AlertRequest } from './fhir-alert.ts';
import { accessBundle, alertEvent, createdAnswer, documentAnswer, FHIR_JSON } from './fhir-answers.ts';
import { type Access, ALERT_REASONS, type Alert, OVERRIDE_LASTS_MS, type Override, REFUSED_PAIRS } from './model.ts';
import { ACCESS, ALERT, consentOf, OVERRIDE, overrideKey, writeAlert, writeOverride } from './records.ts';
import { actorOf, holds, refuse } from './rules.ts';

/** What tells the practice that holds a record that somebody overrode the patient's permission. */
export const PRIVACY_ALERT = 'fhir:scr:privacy-alert';

/**
 * Lets this person look for eight hours, and tells the practice that holds the record in the same decision. Said twice,
 * it is told twice: each is an assertion of its own. Where the practice's system takes no alerts, the alert is kept for it.
 */
export async function alert(message: AlertRequest, context: Context): Promise<Decision> {
  const person = actorOf(context);
  const { nhsNumber: patient, type, reason } = message;
  const no = (code: ErrorCode, text?: string) =>
    refuse({ action: 'override', patient, code, ...(text !== undefined && { text }) });
  if (!speaksForItself(message, person, context)) return no('PARTY_MISMATCH');
  if (REFUSED_PAIRS.has(`${type}/${reason}`))
    return no('RULE_REFUSED', 'This type and this reason do not go together.');
  if (!ALERT_REASONS[reason].activities.some((activity) => person.activities.has(activity)))
    return no('ROLE_NOT_PERMITTED', 'The role does not permit an override for this reason.');
  const { value: consent } = await consentOf(context.records, patient);
  if (!consent.latest) return no('NOT_FOUND');

  const raised: Alert = {
    id: context.id(1),
    at: context.now,
    nhsNumber: patient,
    practice: consent.latest.practice,
    summary: consent.latest.id,
    ods: person.ods,
    systemId: context.party.systemId,
    userId: person.userId,
    role: person.role,
    type,
    reason,
    ...(message.words !== undefined && { words: message.words }),
  };
  const before = await context.records.get<Override>(OVERRIDE, overrideKey(patient, person.ods, person.userId));
  const override: Override = {
    nhsNumber: patient,
    ods: person.ods,
    userId: person.userId,
    alertId: raised.id,
    reason,
    at: context.now,
    until: context.now + OVERRIDE_LASTS_MS,
  };
  return {
    answer: createdAnswer(),
    records: [writeOverride(before, override), writeAlert(raised)],
    send: privacyAlert(raised, context),
    events: [
      {
        action: 'override',
        outcome: 'success',
        patient,
        reason: `${type}/${reason} ${ALERT_REASONS[reason].display}`,
        entity: `${ALERT}/${raised.id}`,
      },
    ],
    facts: [
      {
        kind: 'summary-override',
        patient,
        attributes: { organisation: person.ods, setting: context.party.kind, type, reason },
      },
    ],
  };
}

/** The certificate and the token speak for the sender; names in the body are only claims. */
function speaksForItself({ claimed }: AlertRequest, person: Person, context: Context): boolean {
  const system = claimed.systemId === undefined || claimed.systemId === context.party.systemId;
  return system && claimed.ods === person.ods && claimed.userId === person.userId;
}

function privacyAlert(raised: Alert, context: Context): Outgoing[] {
  const receiver = context.directory.receiver(raised.practice, PRIVACY_ALERT);
  if (!receiver) return [];
  return [
    {
      to: receiver.systemId,
      interaction: PRIVACY_ALERT,
      contentType: FHIR_JSON,
      body: JSON.stringify(alertEvent(raised)),
      conversationId: context.cause.conversationId,
      refToMessageId: context.cause.messageId,
      subject: 'Privacy alert: a summary may be viewed without permission',
    },
  ];
}

/** At most this many lines a page. */
const ACCESS_PAGE_MAX = 50;

export interface AccessQuery {
  readonly nhsNumber: NhsNumber;
  readonly count: number;
  readonly after?: string;
}

/** `_count` of at most 50, and `_after` as the last page's link gave it. */
export function readAccessPage(parameters: Readonly<Record<string, string>>): Omit<AccessQuery, 'nhsNumber'> {
  const asked = parameters['_count'] ?? String(ACCESS_PAGE_MAX);
  const count = /^\d{1,2}$/.test(asked) ? Number(asked) : 0;
  if (count < 1 || count > ACCESS_PAGE_MAX)
    throw new HubError('PARAMETER_INVALID', {
      faults: [{ path: '_count', what: `1 to ${ACCESS_PAGE_MAX} is expected` }],
    });
  const after = parameters['_after'];
  if (after !== undefined && !/^[0-9TZ:.-]{24}-[0-9A-F-]{36}$/.test(after))
    throw new HubError('PARAMETER_INVALID', { faults: [{ path: '_after', what: 'a place from a page is expected' }] });
  return { count, ...(after !== undefined && { after }) };
}

/** Who looked, when and why, newest first: for the practice that holds the record, and for a national privacy office. */
export async function accessList(query: AccessQuery, context: Context): Promise<Decision> {
  const person = actorOf(context);
  const { nhsNumber: patient, count, after } = query;
  const { value: consent } = await consentOf(context.records, patient);
  if (!holds(consent, person.ods) && context.party.kind !== 'national-service')
    return refuse({ action: 'read-access-list', patient, code: 'NOT_FOUND' });
  const found = await context.records.find<Access>(ACCESS, 'patient', patient, {
    limit: count + 1,
    order: 'descending',
    ...(after !== undefined && { after }),
  });
  const page = found.slice(0, count);
  const last = page.at(-1);
  const more = found.length > count && last !== undefined;
  const bundle = accessBundle(
    { lines: page.map(({ value }) => value), ...(more && { next: { patient, count, after: last.key } }) },
    context.id(1),
  );
  return {
    answer: documentAnswer(bundle),
    events: [{ action: 'read-access-list', outcome: 'success', patient, reason: `${page.length} lines` }],
  };
}
