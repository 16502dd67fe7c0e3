/** The services' own promises: one record for one order, one pharmacy for one prescription, one visit for one opening. */
import type { PrescriptionRecord } from '../../adapters/eps/records.ts';
import type { Ended, Evidence } from './verdict.ts';

export function judgeRecords(evidence: Evidence): void {
  const decided = evidence.letters.filter(({ track }) => track?.stage === 'decided');
  const accepted = decided.filter(({ track }) => track?.answer?.kind !== 'refused');
  const records = evidence.prescriptions.map(({ value }) => value as PrescriptionRecord);
  judgeOrders(accepted, records, evidence);
  judgeReleases(accepted, records, evidence);
  judgeDispensing(accepted, records, evidence);
  judgeVisits(accepted, evidence);
  judgeFacts(accepted, records, evidence);
}

const changesOf = ({ changes }: PrescriptionRecord, event: PrescriptionRecord['changes'][number]['event']) =>
  changes.filter((change) => change.event === event);

function judgeOrders(accepted: readonly Ended[], records: readonly PrescriptionRecord[], { find }: Evidence): void {
  const ordered = new Set<string>();
  for (const { name, kept } of accepted) {
    if (kept?.wish.kind !== 'order') continue;
    const { prescriptionId } = kept.wish.prescription;
    ordered.add(prescriptionId);
    const record = records.find(({ prescription }) => prescription.id === prescriptionId);
    const count = record ? changesOf(record, 'prescription-order').length : 0;
    if (count === 0) find('lost', `${name} ordered a prescription that is not there`);
    if (count > 1) find('doubled', `${name} is in its prescription ${count} times`);
  }
  for (const { prescription } of records) {
    if (!ordered.has(prescription.id)) find('unexpected', `${prescription.id} is there, and nobody ordered it`);
  }
}

/** Held against the answers that were given, for those are what a pharmacy acts on. */
function judgeReleases(accepted: readonly Ended[], records: readonly PrescriptionRecord[], { find }: Evidence): void {
  const releases = accepted.filter(({ kept }) => kept?.wish.kind === 'release');
  for (const record of records) {
    const { id } = record.prescription;
    const changes = changesOf(record, 'release');
    const givenTo = releases.filter(
      ({ track }) => track?.answer?.kind === 'document' && track.answer.body.includes(id),
    );
    const [first] = givenTo;
    if (givenTo.length > 1) find('doubled', `${givenTo.map(({ name }) => name).join(' and ')} were both given ${id}`);
    if (changes.length > 1) find('doubled', `${id} was released ${changes.length} times`);
    if (changes.length === 1 && !first) find('lost', `${id} was released, and no answer carries it`);
    if (changes.length === 0 && first) find('lost', `${first.name} was given ${id}, and its record does not say so`);
    if (first && changes.length === 1 && changes[0]?.by !== first.told.letter.from.systemId) {
      find('unexpected', `${first.name} was given ${id}, which is released to somebody else`);
    }
    const { nomination } = record;
    if (nomination && changes.length === 0) find('lost', `${id} still waits, though its pharmacy asked last of all`);
  }
}

function judgeDispensing(accepted: readonly Ended[], records: readonly PrescriptionRecord[], { find }: Evidence): void {
  const told = new Set<string>();
  for (const { name, kept } of accepted) {
    if (kept?.wish.kind !== 'dispense') continue;
    const { notification } = kept.wish;
    told.add(notification);
    const changes = records.flatMap((record) => record.changes.filter(({ messageId }) => messageId === notification));
    if (changes.length === 0) find('lost', `${name} was accepted, and its prescription does not say so`);
    if (changes.length > 1) find('doubled', `${name} is in its prescription ${changes.length} times`);
  }
  for (const change of records.flatMap((record) => changesOf(record, 'dispense-notification'))) {
    if (!told.has(change.messageId)) find('unexpected', `${change.messageId} is kept, and nobody told of it`);
  }
}

/** One visit for each opening that showed a plan to somebody whose view is told; none for any other. */
function judgeVisits(accepted: readonly Ended[], { ledger, visits, find }: Evidence): void {
  const explained = new Set<string>();
  for (const { name, kept, track } of accepted) {
    if (kept?.wish.kind !== 'view') continue;
    const shown = track?.answer?.kind === 'document' && track.answer.body.includes('"CareTeam"');
    const due = kept.wish.told && shown ? 1 : 0;
    const ids = new Set(
      (ledger.commits.get(name) ?? []).flatMap(({ decision }) =>
        (decision.records ?? []).map(({ value }) => (value as { id?: string } | null)?.id),
      ),
    );
    const found = visits.filter(({ value }) => ids.has((value as { id: string }).id));
    for (const { key } of found) explained.add(key);
    if (found.length < due) find('lost', `${name} left no visit`);
    if (found.length > due) find('doubled', `${name} left ${found.length} visits, and ${due} is due`);
  }
  for (const { key } of visits) if (!explained.has(key)) find('unexpected', `a visit ${key} that no opening explains`);
}

/** What study may learn is told once for each thing that happened. */
function judgeFacts(
  accepted: readonly Ended[],
  records: readonly PrescriptionRecord[],
  { facts, find }: Evidence,
): void {
  const count = (event: PrescriptionRecord['changes'][number]['event']): number =>
    records.reduce((sum, record) => sum + changesOf(record, event).length, 0);
  const due: Readonly<Record<string, number>> = {
    'prescription-ordered': count('prescription-order'),
    'prescription-released': count('release'),
    'prescription-dispensed': count('dispense-notification'),
    'child-protection-viewed': accepted.filter(({ kept }) => kept?.wish.kind === 'view').length,
  };
  for (const [kind, expected] of Object.entries(due)) {
    const told = facts.filter((fact) => fact.kind === kind).length;
    if (told < expected) find('lost', `${kind}: ${told} facts of ${expected}`);
    if (told > expected) find('doubled', `${kind}: ${told} facts of ${expected}`);
  }
  facts.forEach(({ seq }, index) => {
    if (seq !== index + 1) find('broken', `fact ${seq} stands where ${index + 1} should`);
  });
}
