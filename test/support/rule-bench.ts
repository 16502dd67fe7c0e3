/** Runs an adapter's rules without a server: records in a map, decisions applied as the store would apply them. */
import { createHash } from 'node:crypto';
import type { Context, Interaction } from '../../adapters/adapter.ts';
import { DEFAULT_CONTRACT } from '../../core/contract.ts';
import type { AuditEvent, Decision, Fact, Outgoing } from '../../core/decision.ts';
import type { ConnectedSystem, DirectoryReader } from '../../core/directory.ts';
import type { CheckedDocument } from '../../core/document.ts';
import type { Cause } from '../../core/envelope.ts';
import type { Party, Person, SystemKind } from '../../core/party.ts';
import type { FindOptions, RecordReader, StoredRecord } from '../../core/records.ts';

interface Kept extends StoredRecord {
  readonly indexes: Readonly<Record<string, string | readonly string[]>>;
}

/** A connected system for tests; ids are made from the code. */
export function testSystem(kind: SystemKind, ods: string, extra: Partial<ConnectedSystem> = {}): ConnectedSystem {
  const digits = createHash('sha256').update(`${kind}/${ods}`).digest().readUIntBE(0, 6) % 1_000_000_000;
  return {
    systemId: `200${String(digits).padStart(9, '0')}`,
    partyKey: `${ods}-820000`,
    ods,
    kind,
    name: `${kind} of ${ods}`,
    status: 'active',
    sends: [],
    receives: [],
    certificates: [],
    ...extra,
  };
}

export const partyOf = (system: ConnectedSystem): Party => ({ ...system, sends: new Set(system.sends) });

/** A person for tests, with a role and activities. */
export function testPerson(ods: string, activities: readonly string[], extra: Partial<Person> = {}): Person {
  return {
    userId: '555254239107',
    roleId: '555254240100',
    role: 'S8000:G8000:R8000',
    ods,
    activities: new Set(activities),
    ...extra,
  };
}

export interface AskOptions {
  readonly from: ConnectedSystem;
  readonly person?: Person;
  readonly document?: CheckedDocument;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly messageId?: string;
  readonly now?: number;
}

export class RuleBench {
  readonly kept = new Map<string, Kept>();
  readonly sent: Outgoing[] = [];
  readonly events: AuditEvent[] = [];
  readonly facts: Fact[] = [];
  readonly systems: ConnectedSystem[];
  now = Date.parse('2026-03-02T10:00:00Z');
  #count = 0;

  constructor(systems: readonly ConnectedSystem[]) {
    this.systems = [...systems];
  }

  readonly records: RecordReader = {
    get: async <Value>(kind: string, key: string) => this.kept.get(`${kind}/${key}`) as StoredRecord<Value> | undefined,
    find: async <Value>(kind: string, index: string, value: string, options: FindOptions) =>
      this.#page(kind, options, (record) =>
        [record.indexes[index] ?? []].flat().includes(value),
      ) as StoredRecord<Value>[],
    list: async <Value>(kind: string, options: FindOptions) =>
      this.#page(kind, options, () => true) as StoredRecord<Value>[],
  };

  readonly directory: DirectoryReader = {
    system: (systemId) => this.systems.find((system) => system.systemId === systemId),
    systemByCertificate: () => undefined,
    systemByPartyKey: (partyKey) => this.systems.find((system) => system.partyKey === partyKey),
    organisation: (ods) => ({ ods, name: `Organisation ${ods}`, active: true }),
    receiver: (ods, interaction) =>
      this.systems.find((system) => system.ods === ods && system.receives.includes(interaction)),
    party: (systemId) => {
      const system = this.systems.find((candidate) => candidate.systemId === systemId);
      return system && partyOf(system);
    },
    contract: () => DEFAULT_CONTRACT,
  };

  /** Reads, decides and applies, as the hub would; gives the decision. Throws where read or decide throws. */
  async ask<Message>(interaction: Interaction<Message>, options: AskOptions): Promise<Decision> {
    this.#count++;
    const messageId =
      options.messageId ?? `00000000-0000-4000-8000-${this.#count.toString(16).toUpperCase().padStart(12, '0')}`;
    const sender = partyOf(options.from);
    const now = options.now ?? this.now;
    const cause: Cause = {
      messageId,
      sender,
      ...(options.person && { person: options.person }),
      interaction: interaction.id,
      wire: interaction.addresses[0]?.wire ?? 'hub',
      conversationId: messageId,
      parameters: options.parameters ?? {},
      receivedAt: now,
      contentType: 'application/fhir+json',
      digest: createHash('sha256').update(messageId).digest('hex'),
    };
    const context: Context = {
      cause,
      records: this.records,
      party: sender,
      ...(options.person && { person: options.person }),
      now,
      directory: this.directory,
      id: (number) =>
        createHash('sha256')
          .update(`${messageId}/${number}`)
          .digest('hex')
          .toUpperCase()
          .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5'),
    };
    const message = interaction.read(options.document ?? { kind: 'none' }, cause);
    const decision = await interaction.decide(message, context);
    this.#apply(decision);
    return decision;
  }

  #apply(decision: Decision): void {
    for (const write of decision.records ?? []) {
      const name = `${write.kind}/${write.key}`;
      const version = this.kept.get(name)?.version ?? 0;
      if (version !== write.version) throw new Error(`stale write of ${write.kind}: ${write.version}, now ${version}`);
      if (write.value === null) this.kept.delete(name);
      else {
        const value = JSON.parse(JSON.stringify(write.value));
        this.kept.set(name, {
          kind: write.kind,
          key: write.key,
          version: version + 1,
          value,
          indexes: write.indexes ?? {},
        });
      }
    }
    this.sent.push(...(decision.send ?? []));
    this.events.push(...decision.events);
    this.facts.push(...(decision.facts ?? []));
  }

  #page(kind: string, options: FindOptions, keep: (record: Kept) => boolean): Kept[] {
    const sign = options.order === 'descending' ? -1 : 1;
    return [...this.kept.values()]
      .filter((record) => record.kind === kind && keep(record))
      .sort((a, b) => sign * (a.key < b.key ? -1 : 1))
      .filter(({ key }) => options.after === undefined || (sign > 0 ? key > options.after : key < options.after))
      .slice(0, options.limit);
  }
}
