/** A surgery, two clinics and their people on a rule bench, with the calls of the e-Referral service in short. */

import type { Interaction } from '../../../adapters/adapter.ts';
import { accept, book, create, get, publish, reject, slots, worklist } from '../../../adapters/ereferral/adapter.ts';
import type { Referral, Slot } from '../../../adapters/ereferral/model.ts';
import { REFERRAL, SLOT } from '../../../adapters/ereferral/records.ts';
import { REFERRAL_NOTICE } from '../../../adapters/ereferral/rules.ts';
import type { Decision } from '../../../core/decision.ts';
import type { ConnectedSystem } from '../../../core/directory.ts';
import type { Person } from '../../../core/party.ts';
import * as examples from '../../../examples/ereferral/examples.ts';
import { RuleBench, testPerson, testSystem } from '../../support/rule-bench.ts';

export const PATIENT = examples.PATIENTS.cara;
export const SERVICE = '11002';

export interface Caller {
  readonly from: ConnectedSystem;
  readonly person: Person;
  readonly headers: Readonly<Record<string, string>>;
}

const caller = (from: ConnectedSystem, userId: string, activity: string, name: string, forWhom?: string): Caller => ({
  from,
  person: testPerson(from.ods, [activity], { userId }),
  headers: examples.sessionHeaders(name, from.ods, forWhom),
});

export const surgery = testSystem('general-practice', 'A83008', { receives: [REFERRAL_NOTICE] });
export const otherSurgery = testSystem('general-practice', 'B86010');
export const clinic = testSystem('outpatient-booking', 'RCB', { receives: [REFERRAL_NOTICE] });
export const otherClinic = testSystem('outpatient-booking', 'RJ1');

export const doctor = caller(surgery, '200000000001', 'B1101', 'REFERRING_CLINICIAN');
export const secretary = caller(surgery, '200000000002', 'B1102', 'REFERRING_CLINICIAN_ADMIN');
export const receptionist = caller(surgery, '200000000003', 'B1103', 'REFERRING_ADMIN');
export const strangeDoctor = caller(otherSurgery, '200000000004', 'B1101', 'REFERRING_CLINICIAN');
export const consultant = caller(clinic, '200000000005', 'B1110', 'SERVICE_PROVIDER_CLINICIAN');
export const assistant = caller(clinic, '200000000006', 'B1115', 'SERVICE_PROVIDER_CLINICIAN_ADMIN', '200000000005');
export const bookingClerk = caller(clinic, '200000000007', 'B1120', 'SERVICE_PROVIDER_ADMIN');
export const strangeConsultant = caller(otherClinic, '200000000008', 'B1110', 'SERVICE_PROVIDER_CLINICIAN');

export const SLOTS = [
  { id: '11002001', start: '2026-03-20T09:00:00Z', end: '2026-03-20T09:30:00Z' },
  { id: '11002002', start: '2026-03-20T10:00:00Z', end: '2026-03-20T10:30:00Z' },
] as const;

export const json = (value: unknown) => ({ kind: 'json', value }) as const;

export class ReferralBench extends RuleBench {
  constructor() {
    super([surgery, otherSurgery, clinic, otherClinic]);
  }

  call<Message>(
    what: Interaction<Message>,
    { from, person, headers }: Caller,
    body?: object,
    parameters: Record<string, string> = {},
  ): Promise<Decision> {
    return this.ask(what, {
      from,
      person,
      parameters: { ...headers, ...parameters },
      ...(body && { document: json(body) }),
    });
  }

  publish(of: readonly examples.SlotIds[] = SLOTS, id = SERVICE, from = clinic, booking?: 'direct' | 'triage') {
    return this.ask(publish, { from, parameters: { id }, document: json(examples.cardiology(of, booking)) });
  }

  create(more: Partial<examples.ReferralIds> = {}, by = doctor) {
    return this.call(create, by, examples.createReferral({ nhsNumber: PATIENT, services: [SERVICE], ...more }));
  }

  read(ubrn: string, by = doctor) {
    return this.call(get, by, undefined, { ubrn });
  }

  book(ubrn: string, version: number, slot: examples.SlotIds = SLOTS[0], by = doctor) {
    return this.call(book, by, examples.booking({ ubrn, version, nhsNumber: PATIENT, service: SERVICE }, slot));
  }

  defer(ubrn: string, version: number, reason: Parameters<typeof examples.deferral>[1], slot?: string) {
    const ids = { ubrn, version, nhsNumber: PATIENT, service: SERVICE };
    return this.call(book, doctor, examples.deferral(ids, reason, slot));
  }

  accept(ubrn: string, version: number | undefined, by = consultant) {
    return this.call(accept, by, undefined, { ubrn, ...ifMatch(version) });
  }

  reject(
    ubrn: string,
    version: number | undefined,
    by = consultant,
    body = examples.rejection('SERVICE_INAPPROPRIATE'),
  ) {
    return this.call(reject, by, body, { ubrn, ...ifMatch(version) });
  }

  worklist(name: string, by: Caller, filter?: { service?: string; specialty?: string }) {
    return this.call(worklist, by, examples.worklist(name, filter));
  }

  slots(by = doctor, more: Record<string, string> = {}) {
    return this.call(slots, by, undefined, { 'schedule.actor:HealthcareService': SERVICE, ...more });
  }

  /** A published service and a referral to it, not yet sent. */
  async made(of: readonly examples.SlotIds[] = SLOTS): Promise<string> {
    await this.publish(of);
    return ubrnOf(await this.create());
  }

  /** The same, with the first slot booked: the referral is at version 2. */
  async booked(): Promise<string> {
    const ubrn = await this.made();
    await this.book(ubrn, 1);
    return ubrn;
  }

  referralOf(ubrn: string): Referral {
    return this.kept.get(`${REFERRAL}/${ubrn}`)?.value as Referral;
  }

  /** The referral that has a slot. */
  holderOf(slot: string): string | undefined {
    return (this.kept.get(`${SLOT}/${slot}`)?.value as Slot | undefined)?.ubrn;
  }

  versionOf(ubrn: string): number {
    return this.kept.get(`${REFERRAL}/${ubrn}`)?.version ?? 0;
  }
}

const ifMatch = (version: number | undefined): Record<string, string> =>
  version === undefined ? {} : { 'if-match': `W/"${version}"` };

/** The status of a document; the service's own code of a refusal, or the hub's where it has none. */
export const outcome = ({ answer }: Decision): string | number =>
  answer.kind === 'document'
    ? answer.status
    : answer.kind === 'refused'
      ? (answer.serviceCode ?? answer.code)
      : 'accepted';

export const bodyOf = <Body = Record<string, unknown>>({ answer }: Decision): Body =>
  JSON.parse(answer.kind === 'document' ? answer.body : '{}');

export const etagOf = ({ answer }: Decision): string | undefined =>
  answer.kind === 'document' ? answer.headers?.['ETag'] : undefined;

export const ubrnOf = (decision: Decision): string => String(bodyOf(decision)['id']);

/** The referrals that a worklist names. */
export const namesOf = (decision: Decision): string[] =>
  (bodyOf<{ entry?: { item: { reference: string } }[] }>(decision).entry ?? []).map(({ item }) =>
    item.reference.replace('ReferralRequest/', ''),
  );
