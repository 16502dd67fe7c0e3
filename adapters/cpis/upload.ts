/** Decides on an authority's file: each record that matches is in, each other one goes back with its reason. */
import type { AuditEvent, Decision, Fact, RecordWrite } from '../../core/decision.ts';
import { isNhsNumber } from '../../core/identifiers.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { Context } from '../adapter.ts';
import { acknowledgement, type Judged } from './hl7v3.ts';
import type { KnownPerson, Plan, Upload, UploadRecord } from './model.ts';
import { authorityOf, authorityWrite, peopleByNumber, planKey, plansByKey, planWrite } from './records.ts';
import { fileFault, mismatch, planAfter } from './rules.ts';
import type { FileFault, FileResult } from './tables.ts';

type Held<Value> = ReadonlyMap<string, StoredRecord<Value>>;

/** Never all or nothing. A child who is not in the file is left alone: absent is not ended. */
export async function decideUpload(upload: Upload, context: Context): Promise<Decision> {
  const held = await authorityOf(context.records, upload.authority.ods);
  const fault = fileFault(upload, held?.value.lastSequence);
  if (fault || upload.sequence === undefined) return refuseFile(upload, fault ?? 'SEQUENCE_UNREADABLE', context);

  const numbers = upload.records.map((record) => record.subject.nhsNumber).filter(isNhsNumber);
  const people = await peopleByNumber(context.records, numbers);
  const keys = upload.records.map((record) => keyOf(upload, record)).filter((key) => key !== undefined);
  const plans = await plansByKey(context.records, keys);
  const judged = judgeAll(upload, people, plans, context);

  const result = fileResult(judged);
  const authority = { ...upload.authority, lastSequence: upload.sequence, lastFileAt: context.now };
  return {
    answer: answer(upload, result, judged, context),
    records: [authorityWrite(authority, held?.version ?? 0), ...planWrites(judged, plans)],
    events: [
      { action: 'upload-plans', outcome: 'success', code: result, entity: `cpis.authority/${authority.ods}` },
      ...judged.map(recordEvent),
    ],
    facts: [uploadFact(judged)],
  };
}

/** A refused file changes nothing, not even the sequence number that the next one must pass. */
function refuseFile(upload: Upload, fault: FileFault, context: Context): Decision {
  const entity = `cpis.authority/${upload.authority.ods}`;
  return {
    answer: answer(upload, 'CPF01', [], context, fault),
    events: [{ action: 'upload-plans', outcome: 'refused', code: 'CPF01', reason: fault, entity }],
  };
}

const answer = (
  upload: Upload,
  result: FileResult,
  judged: readonly Judged[],
  context: Context,
  fault?: FileFault,
): Decision['answer'] => ({
  kind: 'document',
  status: 200,
  contentType: 'application/xml; charset=utf-8',
  body: acknowledgement({ id: context.id(0), at: context.now, upload, result, judged, ...(fault && { fault }) }),
});

/** Undefined where the record names no plan that could be held. */
function keyOf(upload: Upload, { subject, plan }: UploadRecord): string | undefined {
  if (plan.start === undefined || plan.start === 'unreadable' || !isNhsNumber(subject.nhsNumber)) return undefined;
  return planKey(subject.nhsNumber, upload.authority.ods, plan.kind, plan.start);
}

/** In the order of the file: a second record of one plan builds on the first. */
function judgeAll(upload: Upload, people: Held<KnownPerson>, plans: Held<Plan>, context: Context): Judged[] {
  const standing = new Map([...plans].map(([key, record]) => [key, record.value]));
  return upload.records.map((record, index) => {
    const unmatched = mismatch(record.subject, people.get(record.subject.nhsNumber)?.value);
    if (unmatched) return { record, result: unmatched };
    const key = keyOf(upload, record);
    const before = key === undefined ? undefined : standing.get(key);
    const content = planAfter(record, before);
    if (typeof content === 'string') return { record, result: 'CPR07', detail: content };
    const plan: Plan = {
      ...content,
      id: before?.id ?? context.id(index + 1),
      authority: upload.authority.ods,
      system: context.party.systemId,
      updatedAt: context.now,
    };
    if (key !== undefined) standing.set(key, plan);
    return { record, result: 'CPR06', plan };
  });
}

function fileResult(judged: readonly Judged[]): FileResult {
  const accepted = judged.filter((one) => one.plan).length;
  if (accepted === judged.length) return 'CPF02';
  return accepted > 0 ? 'CPF03' : 'CPF04';
}

/** One write for each plan, however many records of the file spoke of it. */
function planWrites(judged: readonly Judged[], plans: Held<Plan>): RecordWrite[] {
  const writes = new Map<string, RecordWrite>();
  for (const { plan } of judged) {
    if (!plan) continue;
    const key = planKey(plan.nhsNumber, plan.authority, plan.kind, plan.start);
    writes.set(key, planWrite(plan, plans.get(key)?.version ?? 0));
  }
  return [...writes.values()];
}

/** A refused record names no patient: its number was not shown to be anybody's, or is one that must not be spread. */
function recordEvent({ plan, result, detail }: Judged): AuditEvent {
  const event = { action: 'upload-plan', code: result };
  if (plan) return { ...event, outcome: 'success', patient: plan.nhsNumber, entity: `cpis.plan/${plan.id}` };
  return { ...event, outcome: 'refused', ...(detail && { reason: detail }) };
}

function uploadFact(judged: readonly Judged[]): Fact {
  const counts = { LAC: 0, CPP: 0, UCP: 0, deleted: 0, refused: 0 };
  for (const { plan } of judged) {
    if (!plan) counts.refused++;
    else if (plan.deleted !== undefined) counts.deleted++;
    else counts[plan.kind]++;
  }
  return { kind: 'plan-uploaded', attributes: { records: judged.length, ...counts } };
}
