/** Turns what the rules say into decisions: the records to write, the audit trail's lines, the facts, the refusal. */

import type { Answer, AuditEvent, Decision, Fact, RecordWrite } from '../../core/decision.ts';
import { isNhsNumber, isPrescriptionId } from '../../core/identifiers.ts';
import type { Context } from '../adapter.ts';
import type { DispenseNotification, Order, Prescription, PrescriptionId, Reading, ReleaseRequest } from './model.ts';
import {
  currentIssue,
  nominatedIndex,
  PRESCRIPTION,
  type PrescriptionRecord,
  prescriptionKey,
  type StoredPrescription,
  writePrescription,
} from './records.ts';
import { type Refused, refuseDispensing, refusedAnswer } from './refusals.ts';
import { type Acting, dispense, order, RELEASE_MAX, type Ruling, release, statusAt } from './rules.ts';

/** Activities that let a person release and dispense. Source: national RBAC, as the EPS services ask for them. */
export const DISPENSING_ACTIVITIES = ['B0570', 'B0572', 'B0401', 'B0068'] as const;
/** Future-dated prescriptions looked at in one pull for those whose day has come. */
const FUTURE_MAX = 100;

type Refusal = Answer & { readonly kind: 'refused' };
type Events = Decision['events'];

/** A decision but for its answer, which each wire words for itself; `refusal` says no. */
export interface Outcome {
  readonly refusal?: Refusal;
  /** The same message had been decided before. */
  readonly repeated?: true;
  readonly released?: readonly PrescriptionRecord[];
  readonly records: readonly RecordWrite[];
  readonly events: Events;
  readonly facts: readonly Fact[];
}

const actingIn = ({ now, party }: Context): Acting => ({ now, systemId: party.systemId, ods: party.ods });

/** What of a message the trail may name: only identifiers that are of their form. */
const about = (prescriptionId: PrescriptionId | undefined, nhsNumber: string | undefined): Partial<AuditEvent> => ({
  ...(nhsNumber !== undefined && isNhsNumber(nhsNumber) && { patient: nhsNumber }),
  ...(prescriptionId !== undefined &&
    isPrescriptionId(prescriptionId) && { entity: `${PRESCRIPTION}/${prescriptionKey(prescriptionId)}` }),
});

function refuse(action: string, refusal: Refusal, subject: Partial<AuditEvent> = {}): Outcome {
  const event: AuditEvent = { ...subject, action, outcome: 'refused', code: refusal.serviceCode ?? refusal.code };
  return { refusal, records: [], events: [event], facts: [] };
}

const refuseByRule = (action: string, refused: Refused, subject?: Partial<AuditEvent>): Outcome =>
  refuse(action, refusedAnswer(refused), subject);

/** The certificate speaks for the sender; what the document says of itself is only a claim (promise P3). */
function claimsAnother(claimed: { readonly ods?: string; readonly systemId?: string }, { party }: Context): boolean {
  return (
    (claimed.ods !== undefined && claimed.ods !== party.ods) ||
    (claimed.systemId !== undefined && claimed.systemId !== party.systemId)
  );
}

const refuseClaim = (action: string, subject: Partial<AuditEvent>): Outcome =>
  refuse(
    action,
    { kind: 'refused', code: 'PARTY_MISMATCH', text: 'The message names another sender than the certificate proves' },
    subject,
  );

async function find({ records }: Context, id: PrescriptionId): Promise<StoredPrescription | undefined> {
  return isPrescriptionId(id) ? records.get<PrescriptionRecord>(PRESCRIPTION, prescriptionKey(id)) : undefined;
}

/** What a ruling on one record comes to. */
function outcomeOf(
  action: string,
  ruling: Ruling,
  subject: Partial<AuditEvent>,
  parts: { readonly version: number; readonly fact: (record: PrescriptionRecord) => Fact },
): Outcome {
  switch (ruling.kind) {
    case 'refused':
      return refuseByRule(action, ruling, subject);
    case 'repeated':
      return {
        repeated: true,
        records: [],
        events: [{ ...subject, action, outcome: 'success', reason: 'repeated' }],
        facts: [],
      };
    case 'changed':
      return {
        records: [writePrescription(ruling.record, parts.version)],
        events: [{ ...subject, action, outcome: 'success' }],
        facts: [parts.fact(ruling.record)],
      };
  }
}

export async function decideOrder(read: Reading<Order>, context: Context): Promise<Outcome> {
  const action = 'prescription-order';
  if (read.kind === 'unreadable') return refuseByRule(action, read.refused);
  const { prescription, claimed } = read.message;
  const subject = about(prescription.id, prescription.patient.nhsNumber);
  if (claimsAnother(claimed, context)) return refuseClaim(action, subject);
  const existing = await find(context, prescription.id);
  return outcomeOf(action, order(read.message, existing?.value, actingIn(context)), subject, {
    version: existing?.version ?? 0,
    fact: (record) => factOf('prescription-ordered', record, context),
  });
}

export async function decideDispense(read: Reading<DispenseNotification>, context: Context): Promise<Outcome> {
  const action = 'dispense-notify';
  if (read.kind === 'unreadable') return refuseByRule(action, read.refused);
  const { prescriptionId, nhsNumber, claimed } = read.message;
  const subject = about(prescriptionId, nhsNumber);
  if (claimsAnother(claimed, context)) return refuseClaim(action, subject);
  const existing = await find(context, prescriptionId);
  return outcomeOf(action, dispense(read.message, existing?.value, actingIn(context)), subject, {
    version: existing?.version ?? 0,
    fact: (record) => {
      const { lines, status } = currentIssue(record);
      const fact = factOf('prescription-dispensed', record, context);
      const dispensed = lines.filter((line) => line.status === '0001').length;
      return { ...fact, attributes: { ...fact.attributes, status, itemsDispensed: dispensed } };
    },
  });
}

/** A pull by the pharmacy's software, or a request for one prescription by a person there. */
export async function decideRelease(
  read: Reading<ReleaseRequest>,
  releaseId: string,
  context: Context,
): Promise<Outcome> {
  const action = 'prescription-release';
  if (read.kind === 'unreadable') return refuseByRule(action, read.refused);
  const { prescriptionId, claimed } = read.message;
  if (claimsAnother(claimed, context)) return refuseClaim(action, about(prescriptionId, undefined));
  if (prescriptionId === undefined) return releaseNominated(releaseId, context);
  return releaseOne(prescriptionId, releaseId, context);
}

async function releaseNominated(releaseId: string, context: Context): Promise<Outcome> {
  const released: PrescriptionRecord[] = [];
  const records: RecordWrite[] = [];
  for (const { value, version } of await nominatedTo(context)) {
    const ruling = release(value, releaseId, actingIn(context));
    if (ruling.kind !== 'changed') continue;
    released.push(ruling.record);
    records.push(writePrescription(ruling.record, version));
  }
  const [first, ...rest] = released.map((record) => releaseEvent(record));
  const nothing: AuditEvent = { action: 'prescription-release', outcome: 'success', code: '0006' };
  return {
    released,
    records,
    events: [first ?? nothing, ...rest],
    facts: released.map((record) => factOf('prescription-released', record, context)),
  };
}

/** Those to be dispensed, then those whose day has come; at most as many as one pull takes. */
async function nominatedTo({ records, party, now }: Context): Promise<StoredPrescription[]> {
  const inState = (status: '0001' | '9001', limit: number) =>
    records.find<PrescriptionRecord>(PRESCRIPTION, 'nominated', nominatedIndex(party.ods, status), { limit });
  const waiting = await inState('0001', RELEASE_MAX);
  if (waiting.length >= RELEASE_MAX) return waiting;
  const future = await inState('9001', FUTURE_MAX);
  const due = future.filter(({ value }) => statusAt(value, now) === '0001');
  return [...waiting, ...due].slice(0, RELEASE_MAX);
}

async function releaseOne(prescriptionId: PrescriptionId, releaseId: string, context: Context): Promise<Outcome> {
  const action = 'prescription-release';
  const subject = about(prescriptionId, undefined);
  const { person } = context;
  if (!person) {
    const text = 'Only a person may ask for one prescription: send a signed token';
    return refuse(action, { kind: 'refused', code: 'PERSON_REQUIRED', text }, subject);
  }
  if (!DISPENSING_ACTIVITIES.some((activity) => person.activities.has(activity))) {
    const text = 'The role chosen for this call does not permit dispensing';
    return refuse(action, { kind: 'refused', code: 'ROLE_NOT_PERMITTED', text }, subject);
  }
  if (!isPrescriptionId(prescriptionId)) return refuseByRule(action, refuseDispensing('5888', 'group-identifier'));
  const existing = await find(context, prescriptionId);
  if (!existing) return refuseByRule(action, refuseDispensing('0003'), subject);
  const named = about(prescriptionId, existing.value.prescription.patient.nhsNumber);
  const ruling = release(existing.value, releaseId, actingIn(context));
  const outcome = outcomeOf(action, ruling, named, {
    version: existing.version,
    fact: (record) => factOf('prescription-released', record, context),
  });
  return ruling.kind === 'changed' ? { ...outcome, released: [ruling.record] } : outcome;
}

const releaseEvent = ({ prescription }: PrescriptionRecord): AuditEvent => ({
  ...about(prescription.id, prescription.patient.nhsNumber),
  action: 'prescription-release',
  outcome: 'success',
});

/** Codes and counts of a prescription: nothing that was written by hand. */
function factOf(kind: string, { prescription }: PrescriptionRecord, { party }: Context): Fact {
  const { treatment, type, lines, patient } = prescription;
  return {
    kind,
    patient: patient.nhsNumber,
    attributes: {
      organisation: party.ods,
      treatmentType: treatment,
      prescriptionType: type,
      items: lines.length,
      medications: medicationsOf(prescription),
    },
  };
}

/** The dm+d codes, a space between them; what could be read as a patient's number is left out. */
const medicationsOf = ({ lines }: Prescription): string =>
  lines
    .map((line) => line.medication.code)
    .filter((code) => /^\d{6,18}$/.test(code) && !isNhsNumber(code))
    .join(' ');
