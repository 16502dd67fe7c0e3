/** What the hub relies on in every adapter, whoever wrote it: run on each by test/contract/adapters.test.ts. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Adapter, Address, Context, Interaction } from '../../adapters/adapter.ts';
import type { Decision } from '../../core/decision.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError, isErrorCode } from '../../core/errors.ts';
import { isNhsNumber } from '../../core/identifiers.ts';
import { SYSTEM_KINDS } from '../../core/party.ts';
import type { MessageExample } from '../../examples/example.ts';
import type { Catalogue } from '../../schemas/catalogue.ts';
import { partyOf, RuleBench, testPerson, testSystem } from '../support/rule-bench.ts';
import { oddDocuments, oddParameters } from './odd-documents.ts';

const INTERACTION_ID = /^(urn:nhs[a-z-]*(:[A-Za-z0-9._-]+){2,}|fhir(:[a-z0-9-]+){2,}|mesh(:[A-Za-z0-9_-]+)+)$/;
/** So many that some come as far as the rules, wherever one in ten does. */
const ODD_DOCUMENTS = 100;

/** Declares the tests. `examples` are told in order as one story. */
export function adapterContract(adapter: Adapter, examples: readonly MessageExample[], catalogue: Catalogue): void {
  describe(`the ${adapter.name} adapter`, () => {
    describe('is described', () => {
      it('by a name, a title and interactions with ids of their own', () => {
        expect(adapter.name).to.match(/^[a-z][a-z0-9-]*$/);
        expect(adapter.title).not.to.equal('');
        const ids = [...adapter.interactions, ...adapter.announcements].map(({ id }) => id);
        expect(ids).to.have.length(new Set(ids).size);
        for (const id of ids) expect(id).to.match(INTERACTION_ID);
        for (const { title, id } of [...adapter.interactions, ...adapter.announcements])
          expect(title, id).not.to.equal('');
      });

      it('by addresses that no other interaction of it has', () => {
        const places = adapter.interactions.flatMap(({ addresses }) => addresses.map(placeOf));
        expect(places).to.have.length(new Set(places).size);
        for (const { id, addresses } of adapter.interactions) expect(addresses, id).not.to.have.length(0);
        for (const place of places) expect(place).to.match(/^(fhir (GET|POST|PUT|PATCH) \/|xml \/|ebxml [^ ]+ [^ ]+$)/);
      });

      it('by contracts that can be kept', () => {
        for (const { id, contract = {} } of [...adapter.interactions, ...adapter.announcements]) {
          expect(contract.retries ?? 0, id).to.be.within(0, 10_000);
          expect(contract.retryInterval_ms ?? 1, id).to.be.greaterThan(0);
          expect(contract.persistDuration_ms ?? 1, id).to.be.greaterThan(0);
          expect(contract.backoff ?? 1, id).to.be.at.least(1);
        }
      });
    });

    for (const interaction of adapter.interactions) {
      describe(interaction.id, () => {
        it('says who may send it', () => {
          const { kinds, person, activities } = interaction.senders;
          expect(kinds).not.to.have.length(0);
          expect(SYSTEM_KINDS).to.include.members([...kinds]);
          if (person === 'token') expect(activities ?? []).not.to.have.length(0);
          if (person === 'none') expect(activities).to.equal(undefined);
        });

        it('names a schema of the catalogue, and none for a request without a body', () => {
          catalogue.prepare([interaction.schema]);
          const gets = interaction.addresses.some((address) => address.wire === 'fhir' && address.method === 'GET');
          if (gets) expect(interaction.schema).to.equal('none');
        });

        it('has a good example', function () {
          if (examples.length === 0) return this.skip();
          const good = examples.filter(({ refused, interaction: id }) => !refused && id === interaction.id);
          expect(good).not.to.have.length(0);
        });
      });
    }

    describe('decides', () => {
      const bench = new RuleBench([
        ...new Map(examples.map((one) => [senderOf(one).systemId, senderOf(one)])).values(),
      ]);

      for (const [index, example] of examples.entries()) {
        it(`${example.refused ? 'refuses' : 'answers'} ${example.what}`, async () => {
          for (const write of example.seed ?? []) seed(bench, write);
          const outcome = await decideTwice(adapter, example, bench, index, catalogue);
          if (example.refused) {
            expect(outcome.kind, JSON.stringify(outcome)).to.equal('refused');
            if (outcome.kind === 'refused') expect(example.refused).to.include(outcome.code);
            return;
          }
          if (outcome.kind === 'refused') throw new Error(`refused with ${outcome.code}`);
          apply(bench, outcome.decision);
        });
      }

      for (const interaction of adapter.interactions) {
        it(`${interaction.id} on odd documents with a decision or a refusal of the table, always the same`, async function () {
          const patterns = examples.filter((one) => one.interaction === interaction.id && !one.refused);
          if (patterns.length === 0) return this.skip();
          let decided = 0;
          await fc.assert(
            fc.asyncProperty(fc.constantFrom(...patterns), fc.gen(), async (pattern, generate) => {
              const odd = {
                ...pattern,
                parameters: oddParameters(pattern.parameters ?? {}, generate),
                ...(pattern.body !== undefined && { body: oddDocuments(pattern.body, generate) }),
              };
              const outcome = await decideTwice(adapter, odd, bench, 1_000_000, catalogue);
              if (outcome.kind === 'decided') decided++;
            }),
            { numRuns: ODD_DOCUMENTS },
          );
          expect(decided, 'no odd document came as far as the rules').to.be.greaterThan(0);
        }).timeout(10_000);
      }
    });
  });
}

const placeOf = (address: Address): string => {
  switch (address.wire) {
    case 'fhir':
      return `fhir ${address.method} ${address.path}${address.event ? ` ${address.event}` : ''}`;
    case 'ebxml':
      return `ebxml ${address.service} ${address.action}`;
    case 'xml':
      return `xml ${address.path}`;
  }
};

const senderOf = ({ from }: MessageExample) => testSystem(from.kind, from.ods);

type Outcome =
  | { readonly kind: 'decided'; readonly decision: Decision }
  | { readonly kind: 'refused'; readonly code: string };

/** Form, reading and rule, each decision taken twice: what is not a HubError, or not the same again, fails the test. */
async function decideTwice(
  adapter: Adapter,
  example: MessageExample,
  bench: RuleBench,
  number: number,
  catalogue: Catalogue,
): Promise<Outcome> {
  const interaction = adapter.interactions.find(({ id }) => id === example.interaction);
  if (!interaction) throw new Error(`an example names ${example.interaction}, which the adapter does not have`);
  const before = JSON.stringify([...bench.kept]);
  const first = await decideOnce(interaction, example, bench, number, catalogue);
  const second = await decideOnce(interaction, example, bench, number, catalogue);
  expect(second, 'decided otherwise the second time').to.deep.equal(first);
  expect(JSON.stringify([...bench.kept]), 'changed a record that it read').to.equal(before);
  if (first.kind === 'decided') expectSound(first.decision, adapter);
  return first;
}

async function decideOnce(
  interaction: Interaction,
  example: MessageExample,
  bench: RuleBench,
  number: number,
  catalogue: Catalogue,
): Promise<Outcome> {
  const context = contextOf(interaction, example, bench, number);
  try {
    const { schema } = interaction;
    const document = catalogue.check(schema, Buffer.from(example.body ?? ''));
    const decision = await interaction.decide(interaction.read(document, context.cause), context);
    const { answer } = decision;
    if (answer.kind === 'refused') expect(isErrorCode(answer.code), `no such error: ${answer.code}`).to.equal(true);
    return answer.kind === 'refused' ? { kind: 'refused', code: answer.code } : { kind: 'decided', decision };
  } catch (error) {
    if (error instanceof HubError) return { kind: 'refused', code: error.code };
    throw error;
  }
}

function contextOf(interaction: Interaction, example: MessageExample, bench: RuleBench, number: number): Context {
  const sender = partyOf(senderOf(example));
  const person = example.activities && testPerson(example.from.ods, example.activities);
  const messageId = `00000000-0000-4000-8000-${number.toString(16).toUpperCase().padStart(12, '0')}`;
  const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
  const cause: Cause = {
    messageId,
    sender,
    ...(person && { person }),
    interaction: interaction.id,
    wire: interaction.addresses[0]?.wire ?? 'hub',
    conversationId: messageId,
    parameters: example.parameters ?? {},
    receivedAt: bench.now,
    contentType: 'application/fhir+json',
    digest: hash(example.body ?? ''),
  };
  return {
    cause,
    records: bench.records,
    party: sender,
    ...(person && { person }),
    now: bench.now,
    directory: bench.directory,
    id: (index) =>
      hash(`${messageId}/${index}`)
        .toUpperCase()
        .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5'),
  };
}

/** The laws of a decision (core/decision.ts) that types cannot say. */
function expectSound({ answer, records = [], send = [], events, facts = [] }: Decision, adapter: Adapter): void {
  expect(events).not.to.have.length(0);
  for (const { action } of events) expect(action).to.match(/^[a-z][a-z0-9-]*$/);
  if (answer.kind === 'document') {
    expect(answer.status).to.be.within(200, 299);
    expect(answer.contentType).not.to.equal('');
    if (/json/.test(answer.contentType) && answer.body !== '') JSON.parse(answer.body);
  }
  const names = records.map(({ kind, key }) => `${kind}/${key}`);
  expect(names, 'wrote a record twice').to.have.length(new Set(names).size);
  for (const { version, value } of records) {
    expect(version).to.be.at.least(0);
    expect(() => JSON.stringify(value)).not.to.throw();
  }
  const known = new Set([...adapter.interactions, ...adapter.announcements].map(({ id }) => id));
  for (const { interaction, subject = '' } of send) {
    expect(known.has(interaction), `sends ${interaction}, which it does not describe`).to.equal(true);
    expectNoPatient(subject, 'the subject of a message');
  }
  for (const { kind, attributes } of facts) {
    expect(kind).to.match(/^[a-z][a-z0-9-]*$/);
    for (const [name, value] of Object.entries(attributes)) {
      expect(typeof value, name).to.be.oneOf(['string', 'number', 'boolean']);
      expectNoPatient(String(value), `the fact’s attribute ${name}`);
    }
  }
}

function expectNoPatient(text: string, where: string): void {
  for (const [digits] of text.matchAll(/(?<!\d)\d{10}(?!\d)/g)) {
    expect(isNhsNumber(digits), `an NHS number in ${where}`).to.equal(false);
  }
}

/** As the store would; the versions were proved by the decision being taken on this very bench. */
function apply(bench: RuleBench, { records = [] }: Decision): void {
  for (const { kind, key, version, value, indexes = {} } of records) {
    const held = bench.kept.get(`${kind}/${key}`)?.version ?? 0;
    expect(version, `stale write of ${kind}`).to.equal(held);
    if (value === null) bench.kept.delete(`${kind}/${key}`);
    else bench.kept.set(`${kind}/${key}`, { kind, key, version: held + 1, value: copy(value), indexes });
  }
}

function seed(bench: RuleBench, { kind, key, value, indexes = {} }: NonNullable<MessageExample['seed']>[number]): void {
  if (value === null) bench.kept.delete(`${kind}/${key}`);
  else bench.kept.set(`${kind}/${key}`, { kind, key, version: 1, value: copy(value), indexes });
}

const copy = (value: object | null): unknown => JSON.parse(JSON.stringify(value));
