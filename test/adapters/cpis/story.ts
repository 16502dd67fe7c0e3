/** The people and systems of the child protection tests, and the few sentences that their stories are told in. */

import { accessToService, uploadPlans, viewPlans, viewVisits } from '../../../adapters/cpis/adapter.ts';
import type { KnownPerson } from '../../../adapters/cpis/model.ts';
import { personRecord } from '../../../adapters/cpis/records.ts';
import type { Decision } from '../../../core/decision.ts';
import type { CheckedDocument, XmlElement } from '../../../core/document.ts';
import {
  careTeamSearch,
  type ExampleChild,
  type ExampleRecord,
  type ExampleUpload,
  localAuthorityUpload,
} from '../../../examples/cpis/examples.ts';
import { at, attribute, child, children } from '../../../schemas/xml-read.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';
import { RuleBench, testPerson, testSystem } from '../../support/rule-bench.ts';

export const NOTICE = accessToService.id;
export const council = testSystem('local-authority', '301', { name: 'Council', receives: [NOTICE] });
export const otherCouncil = testSystem('local-authority', '302', { name: 'Other council', receives: [NOTICE] });
export const emergency = testSystem('emergency-department', 'RXX01');
export const nurse = testPerson('RXX01', ['B0107']);
export const healthVisitor = testPerson('RXX01', ['B0170'], { userId: '555254239108', roleId: '555254240101' });

export const amy: ExampleChild = { nhsNumber: '9990000018', familyName: 'Quickfall', birthDate: '20180514' };
export const ben: ExampleChild = { nhsNumber: '9990000026', familyName: "O'Hara-Lee", birthDate: '20120229' };
export const mother: ExampleChild = { nhsNumber: '9990000034', familyName: 'Brontë', birthDate: '19950101' };

const day = (hl7: string): string => `${hl7.slice(0, 4)}-${hl7.slice(4, 6)}-${hl7.slice(6, 8)}`;
export const known = (child: ExampleChild, extra: Partial<KnownPerson> = {}): KnownPerson => ({
  nhsNumber: child.nhsNumber,
  familyName: child.familyName,
  birthDate: day(child.birthDate),
  ...extra,
});

export const guid = (number: number): string => `0A0A0A0A-0000-4000-8000-${String(number).padStart(12, '0')}`;

/** A bench on which demographics know Amy, Ben and the mother. */
export function startBench(...people: readonly KnownPerson[]): RuleBench {
  const bench = new RuleBench([council, otherCouncil, emergency]);
  for (const person of [known(amy), known(ben), known(mother), ...people]) seed(bench, person);
  return bench;
}

export function seed(bench: RuleBench, person: KnownPerson): void {
  const { kind, key, value } = personRecord(person);
  const version = (bench.kept.get(`${kind}/${key}`)?.version ?? 0) + 1;
  bench.kept.set(`${kind}/${key}`, { kind, key, version, value, indexes: {} });
}

export const plan = (person: ExampleChild, extra: Partial<ExampleRecord> = {}): ExampleRecord => ({
  id: guid(Number(person.nhsNumber.slice(-4)) || 1),
  kind: 'CPP',
  person,
  start: '20250601',
  ...extra,
});

export const checked = (xml: string): CheckedDocument => ({ kind: 'xml', root: parseCheckedXml(Buffer.from(xml)) });

/** Sends a file from the council; gives the acknowledgement's codes. */
export async function send(
  bench: RuleBench,
  records: readonly ExampleRecord[],
  extra: Partial<ExampleUpload> & { from?: typeof council; messageId?: string } = {},
): Promise<{ file: string; records: string[]; sequence: string; decision: Decision; root: XmlElement }> {
  const { from = council, messageId, ...rest } = extra;
  const xml = localAuthorityUpload({ id: guid(1), ods: from.ods, sequence: 1, records, ...rest });
  const decision = await bench.ask(uploadPlans, { from, document: checked(xml), ...(messageId && { messageId }) });
  const root = parseCheckedXml(Buffer.from(bodyOf(decision)));
  return {
    file: attribute(child(root, 'fileResult'), 'code') ?? '',
    records: children(root, 'recordResult').map((result) => attribute(child(result, 'code'), 'code') ?? ''),
    sequence: attribute(child(root, 'sequenceNumber'), 'extension') ?? '',
    decision,
    root,
  };
}

interface Seen {
  readonly resourceType: string;
  readonly total: number;
  readonly entry?: readonly {
    readonly resource: Record<string, unknown>;
    readonly search: { readonly mode: string };
  }[];
}

export interface ViewOptions {
  readonly flag?: 'true' | 'false';
  readonly person?: typeof nurse;
  readonly traceId?: string;
  readonly messageId?: string;
}

/** Opens the child's plans from the emergency department. */
export async function view(bench: RuleBench, child: ExampleChild, options: ViewOptions = {}) {
  const { flag, person = nurse, traceId, messageId } = options;
  const parameters = { ...careTeamSearch(child.nhsNumber, flag), ...(traceId && { traceid: traceId }) };
  const decision = await bench.ask(viewPlans, { from: emergency, person, parameters, ...(messageId && { messageId }) });
  return { decision, ...parts(decision) };
}

/** Reads the past visits alone. */
export async function visits(bench: RuleBench, child: ExampleChild, options: ViewOptions & { include?: string } = {}) {
  const { traceId, include } = options;
  const parameters = {
    ...careTeamSearch(child.nhsNumber),
    ...(traceId && { traceid: traceId }),
    ...(include && { _include: include }),
  };
  const decision = await bench.ask(viewVisits, { from: emergency, person: options.person ?? nurse, parameters });
  return { decision, ...parts(decision) };
}

function parts(decision: Decision) {
  const bundle = JSON.parse(bodyOf(decision)) as Seen;
  const entries = bundle.entry ?? [];
  const of = (type: string) => entries.map(({ resource }) => resource).filter((one) => one['resourceType'] === type);
  return { bundle, plans: of('CareTeam'), previous: of('AuditEvent'), roles: of('PractitionerRole') };
}

export function bodyOf(decision: Decision): string {
  if (decision.answer.kind !== 'document') throw new Error(`expected a document, got ${decision.answer.kind}`);
  return decision.answer.body;
}

export const keptVisits = (bench: RuleBench) => [...bench.kept.values()].filter(({ kind }) => kind === 'cpis.visit');
export const keptPlans = (bench: RuleBench) => [...bench.kept.values()].filter(({ kind }) => kind === 'cpis.plan');

/** Who a notice names, and of which plans it tells. */
export function noticeOf(body: string) {
  const event = at(parseCheckedXml(Buffer.from(body)), 'accessEvent');
  return {
    patient: attribute(at(event, 'subject/id'), 'extension'),
    user: attribute(at(event, 'performer/person/id'), 'extension'),
    organisation: attribute(at(event, 'performer/organization/id'), 'extension'),
    time: attribute(child(event, 'effectiveTime'), 'value'),
    plans: children(event, 'plan').map((one) => attribute(child(one, 'code'), 'code')),
  };
}

/** The code of the HubError that work ends in; 'none' where it does not. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
