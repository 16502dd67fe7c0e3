/** What an order, a release and a dispense notification do to a prescription: pure, from record to record or refusal. */
import type { Instant } from '../../core/clock.ts';
import { isPrescriptionId, type OdsCode, type SystemId } from '../../core/identifiers.ts';
import { isHl7Guid } from '../../schemas/hl7v3.ts';
import type { DispensedLine, DispenseNotification, Guid, Order, Prescription } from './model.ts';
import { checkOrder } from './order-checks.ts';
import { contentDigest, currentIssue, type Issue, type PrescriptionRecord, withIssue } from './records.ts';
import { type Refused, refuseDispensing, refusePrescribing } from './refusals.ts';
import {
  DISPENSE_LINE_MOVES,
  DISPENSE_MOVES,
  isLegal,
  type LineStatus,
  type PrescriptionStatus,
  RELEASE_LINE_MOVES,
  RELEASE_REFUSED,
  statusOf,
} from './states.ts';

/** A nominated pull takes at most this many; the rest come with the next. */
export const RELEASE_MAX = 25;
/** Notifications of one issue; a pharmacy that sends more is stuck in a loop. */
export const DISPENSES_MAX = 100;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Who acts, when. */
export interface Acting {
  readonly now: Instant;
  readonly systemId: SystemId;
  readonly ods: OdsCode;
}

export type Ruling =
  | { readonly kind: 'changed'; readonly record: PrescriptionRecord }
  | { readonly kind: 'repeated' }
  | Refused;

/** Keeps a prescription once: the same message again changes nothing, another under the same id is refused. */
export function order(
  { messageId, prescription }: Order,
  existing: PrescriptionRecord | undefined,
  { now, systemId }: Acting,
): Ruling {
  const digest = contentDigest(prescription);
  if (existing) {
    const first = existing.changes[0];
    const repeated = first?.messageId === messageId && first.digest === digest && first.by === systemId;
    return repeated ? { kind: 'repeated' } : refusePrescribing('0002');
  }
  if (!isHl7Guid(messageId)) return refusePrescribing('0007', 'message GUID');
  const refused = checkOrder(prescription, now);
  if (refused) return refused;
  const issues = openIssues(prescription, now);
  const status = issues[0]?.status ?? '0001';
  return {
    kind: 'changed',
    record: {
      prescription,
      ...(prescription.nominated && { nomination: { ods: prescription.nominated, site: prescription.site } }),
      current: 1,
      issues,
      changes: [{ messageId, event: 'prescription-order', at: now, by: systemId, to: status, digest }],
    },
  };
}

/** From when it may be dispensed: in repeat dispensing not before the period of supply. */
function startsAt({ treatment, prescribedAt, supply }: Prescription): Instant {
  return treatment === '0003' && supply?.from ? Math.max(prescribedAt, Date.parse(supply.from)) : prescribedAt;
}

/** The first issue waits for a dispenser, or for its day; the later ones wait for the first. */
function openIssues(prescription: Prescription, now: Instant): Issue[] {
  const { treatment, repeats, lines } = prescription;
  const count = treatment === '0003' ? (repeats?.high ?? 1) : 1;
  const first = startsAt(prescription) > now + DAY_MS ? '9001' : '0001';
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    status: index > 0 ? '9000' : first,
    lines: lines.map((line) => ({
      id: line.id,
      status: treatment === '0003' && (line.repeats?.high ?? count) < index + 1 ? '0006' : '0007',
    })),
    dispenses: [],
  }));
}

/** The state as of now: a future-dated issue becomes available a day before it starts, as if it had come in then. */
export function statusAt(record: PrescriptionRecord, now: Instant): PrescriptionStatus {
  const { status } = currentIssue(record);
  return status === '9001' && startsAt(record.prescription) <= now + DAY_MS ? '0001' : status;
}

/** Hands a prescription to a dispenser. */
export function release(record: PrescriptionRecord, releaseId: Guid, { now, systemId, ods }: Acting): Ruling {
  const issue = currentIssue(record);
  const status = statusAt(record, now);
  const refused = RELEASE_REFUSED[status];
  if (refused) return refuseDispensing(refused, refused === '0004' ? issue.dispenser : undefined);
  const released: Issue = {
    ...issue,
    status: '0002',
    lines: issue.lines.map((line) => ({ ...line, status: RELEASE_LINE_MOVES[line.status] ?? line.status })),
    dispenser: ods,
    release: { id: releaseId, at: now },
  };
  return {
    kind: 'changed',
    record: withIssue(record, released, {
      messageId: releaseId,
      event: 'release',
      at: now,
      by: systemId,
      from: issue.status,
      to: '0002',
      digest: '',
    }),
  };
}

/** Takes in what the dispenser did; only the dispenser who has it, and only for all of its lines at once. */
export function dispense(
  notification: DispenseNotification,
  record: PrescriptionRecord | undefined,
  { now, systemId, ods }: Acting,
): Ruling {
  const { messageId, prescriptionId, lines } = notification;
  if (!isPrescriptionId(prescriptionId)) return refusePrescribing('5009', 'prescription id');
  if (!record) return refusePrescribing('0005');
  const digest = contentDigest(notification);
  const before = record.changes.find((change) => change.messageId === messageId);
  if (before) return before.digest === digest ? { kind: 'repeated' } : refusePrescribing('0002', 'message id');
  if (notification.nhsNumber !== record.prescription.patient.nhsNumber) {
    return refusePrescribing('0009', 'patient', 'PATIENT_MISMATCH');
  }
  if (notification.amends) return refusePrescribing('9999', 'amendments are not taken');
  const issue = currentIssue(record);
  if (issue.dispenser !== ods)
    return issue.dispenser ? refuseDispensing('0004', issue.dispenser) : refusePrescribing('0012');
  const refused = checkDispensedLines(record, issue, lines);
  if (refused) return refused;
  if (issue.dispenses.length >= DISPENSES_MAX) return refusePrescribing('9999', 'notifications');

  const told = new Map(lines.map((line) => [line.lineId, line.status]));
  const moved = issue.lines.map((line) => ({ ...line, status: told.get(line.id) ?? line.status }));
  const statuses = moved.map((line) => line.status);
  const status = notification.status ?? statusOf(statuses);
  if (!DISPENSE_MOVES[issue.status]?.includes(status) || !isLegal(status, statuses)) return refusePrescribing('0012');
  return {
    kind: 'changed',
    record: withIssue(
      record,
      { ...issue, status, lines: moved, dispenses: [...issue.dispenses, { messageId, at: now, lines }] },
      { messageId, event: 'dispense-notification', at: now, by: systemId, from: issue.status, to: status, digest },
    ),
  };
}

/**
 * All the stored lines, each moved as it may be, each with the repeats it was ordered with. A line may be told of more
 * than once, where it was made up of several products; then it must be told the same of it.
 */
function checkDispensedLines(
  record: PrescriptionRecord,
  issue: Issue,
  lines: readonly DispensedLine[],
): Refused | undefined {
  const stored = new Map<Guid, LineStatus>(issue.lines.map((line) => [line.id, line.status]));
  const told = new Map<Guid, LineStatus>(lines.map((line) => [line.lineId, line.status]));
  if (told.size !== stored.size || lines.some((line) => !stored.has(line.lineId))) return refusePrescribing('0014');
  const illegal = lines.some(({ lineId, status }) => {
    const from = stored.get(lineId);
    return !from || !DISPENSE_LINE_MOVES[from].includes(status) || told.get(lineId) !== status;
  });
  if (illegal) return refusePrescribing('0013');
  const { treatment, repeats, lines: ordered } = record.prescription;
  if (treatment !== '0003') return undefined;
  // The prescription's own number is taken for a line's: normal where the line ends sooner than the prescription.
  const disagree = lines.some(({ lineId, maxRepeats }) => {
    const authorised = ordered.find((line) => line.id === lineId)?.repeats?.high ?? repeats?.high;
    return maxRepeats !== undefined && maxRepeats !== authorised && maxRepeats !== repeats?.high;
  });
  return disagree ? refusePrescribing('0018') : undefined;
}
