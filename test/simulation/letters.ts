/** What is sent in one history: real messages of the services, when, how often, and sometimes other bytes under one id. */
import { hash } from 'node:crypto';
import type { ConnectedSystem } from '../../core/directory.ts';
import type { Wire } from '../../core/envelope.ts';
import type { InteractionId } from '../../core/identifiers.ts';
import type { Person } from '../../core/party.ts';
import { careTeamSearch, type ExampleChild, localAuthorityUpload } from '../../examples/cpis/examples.ts';
import {
  dispenseNotification,
  type ExamplePrescription,
  exampleNhsNumber,
  examplePatient,
  examplePrescription,
  nominatedRelease,
  prescriptionOrder,
  prescriptionOrderHl7,
} from '../../examples/eps/examples.ts';
import { testPerson } from '../support/rule-bench.ts';
import type { Random } from './random.ts';
import { HUB, POISON, type Town } from './town.ts';

/** What a sender wants of the services; the verdict holds the effects against it. */
export type Wish =
  | { readonly kind: 'order'; readonly prescription: ExamplePrescription; readonly acknowledged: boolean }
  | { readonly kind: 'release' }
  | { readonly kind: 'dispense'; readonly prescription: ExamplePrescription; readonly notification: string }
  | { readonly kind: 'view'; readonly nhsNumber: string; readonly told: boolean }
  | { readonly kind: 'upload' }
  | { readonly kind: 'poison' };

/** The bytes of a message with what they ask for; a letter with two of them breaks the rule of one content for one id. */
export interface Content {
  readonly body: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly wish: Wish;
}

/** One message id of one sender, and the moments at which its copies are sent. */
export interface Letter {
  readonly messageId: string;
  readonly from: ConnectedSystem;
  readonly person?: Person;
  readonly interaction: InteractionId;
  readonly wire: Wire;
  readonly copies: readonly { readonly at_ms: number; readonly content: Content }[];
  /** The sender stops asking after a few tries, and may never learn what became of it. */
  readonly givesUp: boolean;
}

const RELEASE = 'fhir:eps:nominated-release';
const VIEW = 'fhir:cpis:care-team';
const UPLOAD = 'urn:nhs-itk:interaction:CP-ISLocalAuthorityUpload-v1-0';
const DISPENSER = 'B0570';

export const childOf = (index: number): ExampleChild => ({
  nhsNumber: exampleNhsNumber(50_000 + index),
  familyName: 'Quickfall',
  birthDate: '20180514',
});
export const CHILDREN = 3;

export interface DrawParts {
  readonly random: Random;
  readonly town: Town;
  readonly start: number;
  /** Letters are sent from 0 to here. */
  readonly length_ms: number;
}

export function drawLetters({ random, town, start, length_ms }: DrawParts): Letter[] {
  const letters: Letter[] = [];
  const contents = new Map<string, Content>();
  const content = (wish: Wish, body: string, parameters: Record<string, string> = {}): Content => {
    const digest = hash('sha256', JSON.stringify([parameters, body]));
    const made = contents.get(digest) ?? { body, parameters, wish, digest };
    contents.set(digest, made);
    return made;
  };
  const moment = (from_ms = 0): number => random.between(Math.min(from_ms, length_ms), length_ms);
  const add = (
    letter: Pick<Letter, 'from' | 'interaction' | 'wire'> & { readonly person?: Person },
    { content: first, other, at_ms }: { content: Content; other?: (() => Content) | undefined; at_ms: number },
  ): void => {
    const copies = [{ at_ms, content: first }];
    while (copies.length < 5 && random.chance(0.3)) {
      const again_ms = random.chance(0.4) ? at_ms : moment(at_ms);
      copies.push({ at_ms: again_ms, content: first });
    }
    if (other && random.chance(0.1)) copies.push({ at_ms: random.chance(0.5) ? at_ms : moment(), content: other() });
    // now and then two senders happen on one id: it is one message of each
    const sameId = letters.find(({ from }) => from !== letter.from);
    const messageId = sameId && random.chance(0.05) ? sameId.messageId : random.guid();
    const taken = letters.some(({ from, messageId: id }) => from === letter.from && id === messageId);
    letters.push({ ...letter, messageId: taken ? random.guid() : messageId, copies, givesUp: random.chance(0.1) });
  };

  const order = (prescription: ExamplePrescription, surgery: ConnectedSystem, byHl7: boolean): Content => {
    const wish = { kind: 'order', prescription, acknowledged: byHl7 } as const;
    if (!byHl7) return content(wish, prescriptionOrder(prescription));
    return content(wish, prescriptionOrderHl7(prescription, { from: surgery.systemId, to: HUB, brief: true }));
  };
  const prescribe = (surgery: ConnectedSystem, nominated?: string): ExamplePrescription =>
    examplePrescription({
      id: () => random.guid(),
      ods: surgery.ods,
      at: start,
      patient: examplePatient(random.between(0, 40)),
      items: random.between(1, 3),
      ...(nominated !== undefined && { nominated }),
    });
  const pulled = (pharmacy: ConnectedSystem, prescriptionId?: string): Content =>
    content(
      { kind: 'release' },
      nominatedRelease({ ods: pharmacy.ods, ...(prescriptionId !== undefined && { prescriptionId }) }),
    );
  const dispensing = (pharmacy: ConnectedSystem) => ({
    from: pharmacy,
    wire: 'fhir' as const,
    person: testPerson(pharmacy.ods, [DISPENSER]),
  });

  for (let orders = random.between(3, 12); orders > 0; orders--) {
    const surgery = random.pick(town.surgeries);
    const nominee = random.chance(0.7) ? random.pick(town.pharmacies) : undefined;
    const prescription = prescribe(surgery, nominee?.ods);
    const byHl7 = random.chance(0.65);
    const sending = byHl7
      ? ({ from: surgery, interaction: 'urn:nhs:names:services:mm:PORX_IN020101UK31', wire: 'ebxml' } as const)
      : ({
          from: surgery,
          interaction: 'fhir:eps:prescription-order',
          wire: 'fhir',
          person: testPerson(surgery.ods, ['B0420']),
        } as const);
    const at_ms = moment();
    const other = () => order(prescribe(surgery, nominee?.ods), surgery, byHl7);
    add(sending, { content: order(prescription, surgery, byHl7), other, at_ms });
    // the same order once more under an id of its own: kept once all the same
    if (random.chance(0.15)) add(sending, { content: order(prescription, surgery, byHl7), at_ms: moment(at_ms) });

    const takers = nominee && random.chance(0.8) ? [nominee] : town.pharmacies;
    for (const pharmacy of takers) {
      if (random.chance(0.3)) continue;
      const at = random.chance(0.5) ? at_ms + 3_000 : moment(at_ms);
      const one = pulled(pharmacy, prescription.prescriptionId);
      add({ ...dispensing(pharmacy), interaction: RELEASE }, { content: one, at_ms: at });
    }
    if (random.chance(0.6)) {
      const pharmacy = random.pick(takers);
      const messageId = random.guid();
      const body = dispenseNotification(prescription, { messageId, ods: pharmacy.ods, at: start });
      add(
        { ...dispensing(pharmacy), interaction: 'fhir:eps:dispense-notification' },
        { content: content({ kind: 'dispense', prescription, notification: messageId }, body), at_ms: moment(at_ms) },
      );
    }
  }
  for (const pharmacy of town.pharmacies) {
    for (let pulls = random.between(0, 2); pulls > 0; pulls--) {
      add({ from: pharmacy, interaction: RELEASE, wire: 'fhir' }, { content: pulled(pharmacy), at_ms: moment() });
    }
  }

  for (const authority of town.authorities) {
    for (let sequence = 1; sequence <= random.between(1, 3); sequence++) {
      const records = Array.from({ length: CHILDREN }, (_, index) => childOf(index))
        .filter(() => random.chance(0.8))
        .map((person) => ({ id: random.guid(), kind: 'CPP' as const, person, start: '20250601' }));
      if (records.length === 0) continue;
      const body = localAuthorityUpload({ id: random.guid(), ods: authority.ods, sequence, records });
      const at_ms = sequence === 1 ? 0 : moment();
      add({ from: authority, interaction: UPLOAD, wire: 'xml' }, { content: content({ kind: 'upload' }, body), at_ms });
    }
  }
  for (let views = random.between(2, 8); views > 0; views--) {
    const told = random.chance(0.75);
    const view = (): Content => {
      const { nhsNumber } = childOf(random.between(0, CHILDREN - 1));
      return content({ kind: 'view', nhsNumber, told }, '', careTeamSearch(nhsNumber, told ? 'true' : 'false'));
    };
    const person = testPerson(town.emergency.ods, ['B0107']);
    const at_ms = moment(3_000);
    add({ from: town.emergency, person, interaction: VIEW, wire: 'fhir' }, { content: view(), other: view, at_ms });
  }
  if (random.chance(0.2)) {
    const from = random.pick(town.surgeries);
    add({ from, interaction: POISON.id, wire: 'ebxml' }, { content: content({ kind: 'poison' }, ''), at_ms: moment() });
  }
  return letters;
}

/** What each pharmacy asks when all is well again: everything that still waits for it. */
export function closingPulls(town: Town, random: Random): Letter[] {
  return town.pharmacies.map((from) => {
    const body = nominatedRelease({ ods: from.ods });
    const content: Content = { body, parameters: {}, wish: { kind: 'release' }, digest: hash('sha256', body) };
    const copies = [{ at_ms: 0, content }];
    return { from, interaction: RELEASE, wire: 'fhir', messageId: random.guid(), copies, givesUp: false };
  });
}
