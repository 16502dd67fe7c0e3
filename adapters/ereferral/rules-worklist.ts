/** The rules of worklists: what each side has to act on, filtered as asked, whole or refused but never cut short. */
import type { AuditEvent, Decision } from '../../core/decision.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { Context } from '../adapter.ts';
import { documentAnswer } from './fhir-answers.ts';
import { type WorklistEntry, worklistResource } from './fhir-lists.ts';
import type { FetchWorklist } from './fhir-requests.ts';
import type { Referral } from './model.ts';
import { REFERRAL, worklistOf } from './records.ts';
import { success } from './rules.ts';
import { isReferrer, openSession, refuse, unprocessable } from './session.ts';
import { WORKLISTS } from './states.ts';

/** A row is about 2.5 KB, and the service refuses an answer above 10 MB. A read leaves a line in the trail for each row. */
export const WORKLIST_MAX = 4_000;
const PAGE = 500;

/** Source: A008. */
export async function fetchWorklist(message: FetchWorklist, context: Context): Promise<Decision> {
  const action = 'read-worklist';
  const opened = openSession(action, context);
  if (opened.kind === 'refused') return opened.decision;
  const { session } = opened;
  const { side } = WORKLISTS[message.name];
  if (isReferrer(session.businessFunction) !== (side === 'referrer'))
    return refuse({ action, code: 'ROLE_NOT_PERMITTED', serviceCode: 'FORBIDDEN' });
  if (side === 'referrer' && message.filters.length > 0)
    return unprocessable({ action, serviceCode: 'FIELD_NOT_PERMITTED', text: 'Only provider worklists are filtered.' });
  const key = worklistOf(session.ods, message.name);
  const found = await whole(key, context);
  if (!found)
    return unprocessable({ action, serviceCode: 'TOO_MANY_ITEMS', text: 'The worklist is too long: ask by service.' });
  const entries = found
    .map(({ value: referral, version }) => ({ referral, version }))
    .filter(({ referral }) => wanted(referral, message))
    .sort((a, b) => a.referral.changedAt - b.referral.changedAt);
  return {
    answer: documentAnswer(worklistResource(message.name, entries), {}),
    events: seen(`worklist ${message.name}`, entries, { action, outcome: 'success', entity: `worklist/${key}` }),
  };
}

/** Nobody reads a record without a line: one for each referral shown, and one where none is. */
function seen(reason: string, entries: readonly WorklistEntry[], empty: AuditEvent): Decision['events'] {
  const [first, ...rest] = entries.map(({ referral }) => success(empty.action, referral, reason));
  return first ? [first, ...rest] : [{ ...empty, reason: 'no referrals' }];
}

function wanted(referral: Referral, { service, specialty, clinician }: FetchWorklist): boolean {
  return (
    (service === undefined || referral.appointment?.service === service) &&
    (specialty === undefined || referral.specialty?.code === specialty) &&
    (clinician === undefined || referral.appointment?.clinician === clinician)
  );
}

/** Every referral of a worklist, or undefined where it is longer than an answer may be. */
async function whole(key: string, context: Context): Promise<StoredRecord<Referral>[] | undefined> {
  const all: StoredRecord<Referral>[] = [];
  for (;;) {
    const after = all.at(-1)?.key;
    const page = await context.records.find<Referral>(REFERRAL, 'worklist', key, {
      limit: PAGE,
      ...(after !== undefined && { after }),
    });
    all.push(...page);
    if (all.length > WORKLIST_MAX) return undefined;
    if (page.length < PAGE) return all;
  }
}
