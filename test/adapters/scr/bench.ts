/** A practice, a pharmacy and their people on a rule bench, with the calls of the Summary Care Record in short. */
import { createHash } from 'node:crypto';
import {
  getSummary,
  listAccess,
  listSummary,
  raiseAlert,
  setPermissionToView,
  uploadSummary,
} from '../../../adapters/scr/adapter.ts';
import { PRIVACY_ALERT } from '../../../adapters/scr/rules-alert.ts';
import type { Answer, Decision } from '../../../core/decision.ts';
import type { ConnectedSystem } from '../../../core/directory.ts';
import type { Person } from '../../../core/party.ts';
import { type AlertIds, alert, PATIENTS, permission, summary } from '../../../examples/scr/examples.ts';
import { RuleBench, testPerson, testSystem } from '../../support/rule-bench.ts';

export const NHS = 'https://fhir.nhs.uk/Id/nhs-number|';
export const uuid = (name: string): string =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .toUpperCase()
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5');

export const practice = testSystem('general-practice', 'A83008', { receives: [PRIVACY_ALERT] });
export const otherPractice = testSystem('general-practice', 'B86010');
export const pharmacy = testSystem('pharmacy', 'FA565');
export const otherPharmacy = testSystem('pharmacy', 'FQ111');
export const doctor = testPerson('A83008', ['B0380', 'B8028', 'B0370', 'B0020', 'B0015'], { userId: '100000000001' });
export const otherDoctor = testPerson('B86010', ['B0380', 'B0370', 'B0020', 'B0015'], { userId: '100000000002' });
export const pharmacist = testPerson('FA565', ['B0370', 'B0020', 'B0168'], { userId: '100000000003' });
export const secondPharmacist = testPerson('FA565', ['B0370', 'B0168'], { userId: '100000000004' });
export const awayPharmacist = testPerson('FQ111', ['B0370'], { userId: '100000000003' });

export const json = (value: unknown) => ({ kind: 'json', value }) as const;

export class ScrBench extends RuleBench {
  readonly patient = PATIENTS.ada;

  constructor(systems: readonly ConnectedSystem[] = [practice, otherPractice, pharmacy, otherPharmacy]) {
    super(systems);
  }

  upload(name: string, replaces?: string, from = practice, person = doctor): Promise<Decision> {
    const ids = {
      nhsNumber: this.patient,
      summaryId: uuid(name),
      bundleId: uuid(`bundle ${name}`),
      ods: person.ods,
      ...(replaces !== undefined && { replaces: uuid(replaces) }),
    };
    return this.ask(uploadSummary, { from, person, document: json(summary(ids)) });
  }

  list(from = pharmacy, person = pharmacist): Promise<Decision> {
    return this.ask(listSummary, { from, person, parameters: { patient: `${NHS}${this.patient}` } });
  }

  get(name: string, from = pharmacy, person: Person = pharmacist): Promise<Decision> {
    const parameters = {
      'composition.identifier': uuid(name),
      'composition.subject:Patient.identifier': `${NHS}${this.patient}`,
    };
    return this.ask(getSummary, { from, person, parameters });
  }

  answer(view: 'Yes' | 'No' | 'Ask', store?: 'Yes' | 'No', from = practice, person = doctor): Promise<Decision> {
    return this.ask(setPermissionToView, { from, person, document: json(permission(this.patient, view, store)) });
  }

  override(more: Partial<AlertIds> = {}, from = pharmacy, person: Person = pharmacist): Promise<Decision> {
    const body = alert({
      alertId: uuid('alert'),
      nhsNumber: this.patient,
      ods: person.ods,
      userId: person.userId,
      systemId: from.systemId,
      ...more,
    });
    return this.ask(raiseAlert, { from, person, document: json(body) });
  }

  accessList(more: Record<string, string> = {}, from = practice, person = doctor): Promise<Decision> {
    return this.ask(listAccess, { from, person, parameters: { patient: `${NHS}${this.patient}`, ...more } });
  }
}

/** `200`, `403 PERMISSION_REQUIRED` and the like, in words: the status of a document, the code of a refusal. */
export const outcome = ({ answer }: Decision): string | number =>
  answer.kind === 'document' ? answer.status : answer.kind === 'refused' ? answer.code : 'accepted';

export const bodyOf = (answer: Answer): Record<string, unknown> =>
  answer.kind === 'document' ? JSON.parse(answer.body) : {};
