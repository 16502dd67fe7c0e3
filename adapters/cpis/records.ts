/** What child protection sharing keeps: the kinds of record, their keys and indexes, and how they are read and written. */
import { iso } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import type { RecordReader, StoredRecord } from '../../core/records.ts';
import type { Authority, KnownPerson, Plan, PlanKind, Visit } from './model.ts';
import { VISITS_SHOWN } from './tables.ts';

const PLAN = 'cpis.plan';
const VISIT = 'cpis.visit';
const AUTHORITY = 'cpis.authority';
const PERSON = 'pds.person';

/** No child has so many plans; a list needs an end. */
const PLANS_MAX = 100;
/** Reads under way at once while a file is judged. */
const READS_AT_ONCE = 64;

/** One plan for each child, authority, kind and start: a later file says more about it, a new start is a new plan. */
export const planKey = (nhsNumber: string, authority: OdsCode, kind: PlanKind, start: string): string =>
  `${nhsNumber}/${authority}/${kind}/${start}`;

export const plansOf = (records: RecordReader, nhsNumber: string): Promise<StoredRecord<Plan>[]> =>
  records.find<Plan>(PLAN, 'child', nhsNumber, { limit: PLANS_MAX });

export const plansByKey = (records: RecordReader, keys: readonly string[]): Promise<Map<string, StoredRecord<Plan>>> =>
  getAll<Plan>(records, PLAN, keys);

export function planWrite(plan: Plan, version: number): RecordWrite {
  return {
    kind: PLAN,
    key: planKey(plan.nhsNumber, plan.authority, plan.kind, plan.start),
    version,
    value: plan,
    indexes: { child: plan.nhsNumber, authority: plan.authority, id: plan.id },
  };
}

/** The latest visits, newest first, wherever they were. */
export async function visitsOf(records: RecordReader, nhsNumber: string, limit = VISITS_SHOWN): Promise<Visit[]> {
  const found = await records.find<Visit>(VISIT, 'child', nhsNumber, { limit, order: 'descending' });
  return found.map((record) => record.value);
}

/** The key begins with the child and the time, so newest first is a walk backwards along it. */
export function visitWrite(visit: Visit): RecordWrite {
  return {
    kind: VISIT,
    key: `${visit.nhsNumber}/${iso(visit.at)}/${visit.id}`,
    version: 0,
    value: visit,
    indexes: { child: visit.nhsNumber },
  };
}

export const authorityOf = (records: RecordReader, ods: OdsCode): Promise<StoredRecord<Authority> | undefined> =>
  records.get<Authority>(AUTHORITY, ods);

export const authorityWrite = (authority: Authority, version: number): RecordWrite => ({
  kind: AUTHORITY,
  key: authority.ods,
  version,
  value: authority,
});

export const personOf = async (records: RecordReader, nhsNumber: string): Promise<KnownPerson | undefined> =>
  (await records.get<KnownPerson>(PERSON, nhsNumber))?.value;

export const peopleByNumber = (
  records: RecordReader,
  nhsNumbers: readonly string[],
): Promise<Map<string, StoredRecord<KnownPerson>>> => getAll<KnownPerson>(records, PERSON, nhsNumbers);

/** Seeds what demographics know of a person, until the demographics service keeps it itself. `version` 0 for a new one. */
export const personRecord = (person: KnownPerson, version = 0): RecordWrite => ({
  kind: PERSON,
  key: person.nhsNumber,
  version,
  value: person,
});

/** Those of the keys that there are, a few at a time: a file may name thousands. */
async function getAll<Value>(
  records: RecordReader,
  kind: string,
  keys: readonly string[],
): Promise<Map<string, StoredRecord<Value>>> {
  const found = new Map<string, StoredRecord<Value>>();
  const wanted = [...new Set(keys)];
  for (let from = 0; from < wanted.length; from += READS_AT_ONCE) {
    const some = await Promise.all(
      wanted.slice(from, from + READS_AT_ONCE).map((key) => records.get<Value>(kind, key)),
    );
    for (const record of some) if (record) found.set(record.key, record);
  }
  return found;
}
