/** The directory in memory: every look-up is one or two steps through maps, however many systems there are. */
import type { ConnectedSystem, Organisation } from '../core/directory.ts';
import type { InteractionId, OdsCode, PartyKey, SystemId } from '../core/identifiers.ts';
import type { Party } from '../core/party.ts';

/** Thousands of systems send and receive the same lists: each list is kept once. */
class SharedLists {
  readonly #lists = new Map<string, readonly InteractionId[]>();
  readonly #sets = new WeakMap<readonly InteractionId[], ReadonlySet<InteractionId>>();

  list(items: readonly InteractionId[]): readonly InteractionId[] {
    const key = items.join(' ');
    const known = this.#lists.get(key);
    if (known) return known;
    const kept = Object.freeze([...items]);
    this.#lists.set(key, kept);
    return kept;
  }

  set(items: readonly InteractionId[]): ReadonlySet<InteractionId> {
    const known = this.#sets.get(items);
    if (known) return known;
    const made = new Set(items);
    this.#sets.set(items, made);
    return made;
  }
}

export class DirectoryTables {
  readonly #systems = new Map<SystemId, ConnectedSystem>();
  readonly #byCertificate = new Map<string, SystemId>();
  readonly #byPartyKey = new Map<PartyKey, SystemId>();
  readonly #organisations = new Map<OdsCode, Organisation>();
  /** The systems of an organisation, whatever their status. */
  readonly #members = new Map<OdsCode, Set<SystemId>>();
  /** Made when an organisation is first asked for, forgotten when one of its systems changes. */
  readonly #receivers = new Map<OdsCode, Map<InteractionId, ConnectedSystem>>();
  readonly #parties = new Map<SystemId, Party>();
  readonly #lists = new SharedLists();

  get size(): number {
    return this.#systems.size;
  }

  system(systemId: SystemId): ConnectedSystem | undefined {
    return this.#systems.get(systemId);
  }

  systemByCertificate(fingerprint: string): ConnectedSystem | undefined {
    const systemId = this.#byCertificate.get(fingerprint);
    return systemId === undefined ? undefined : this.#systems.get(systemId);
  }

  systemByPartyKey(partyKey: PartyKey): ConnectedSystem | undefined {
    const systemId = this.#byPartyKey.get(partyKey);
    return systemId === undefined ? undefined : this.#systems.get(systemId);
  }

  organisation(ods: OdsCode): Organisation | undefined {
    return this.#organisations.get(ods);
  }

  /** Where several active systems of the organisation receive it, the one with the lowest id. */
  receiver(ods: OdsCode, interaction: InteractionId): ConnectedSystem | undefined {
    const known = this.#receivers.get(ods);
    if (known) return known.get(interaction);
    const members = this.#members.get(ods);
    if (!members) return undefined;
    const made = this.#receiversAmong(members);
    this.#receivers.set(ods, made);
    return made.get(interaction);
  }

  party(systemId: SystemId): Party | undefined {
    const known = this.#parties.get(systemId);
    if (known) return known;
    const system = this.#systems.get(systemId);
    if (system?.status !== 'active') return undefined;
    const { partyKey, ods, kind, name } = system;
    const party: Party = { systemId, partyKey, ods, kind, name, sends: this.#lists.set(system.sends) };
    this.#parties.set(systemId, party);
    return party;
  }

  putSystem(system: ConnectedSystem): void {
    this.removeSystem(system.systemId);
    this.#receivers.delete(system.ods);
    const { sends, receives } = system;
    const kept = { ...system, sends: this.#lists.list(sends), receives: this.#lists.list(receives) };
    this.#systems.set(kept.systemId, kept);
    this.#byPartyKey.set(kept.partyKey, kept.systemId);
    for (const fingerprint of kept.certificates) this.#byCertificate.set(fingerprint, kept.systemId);
    const members = this.#members.get(kept.ods);
    if (members) members.add(kept.systemId);
    else this.#members.set(kept.ods, new Set([kept.systemId]));
  }

  removeSystem(systemId: SystemId): void {
    const system = this.#systems.get(systemId);
    if (system) {
      this.#systems.delete(systemId);
      this.#byPartyKey.delete(system.partyKey);
      for (const fingerprint of system.certificates) {
        if (this.#byCertificate.get(fingerprint) === systemId) this.#byCertificate.delete(fingerprint);
      }
      this.#members.get(system.ods)?.delete(systemId);
      this.#receivers.delete(system.ods);
      this.#parties.delete(systemId);
    }
  }

  putOrganisation(organisation: Organisation): void {
    this.#organisations.set(organisation.ods, organisation);
  }

  removeOrganisation(ods: OdsCode): void {
    this.#organisations.delete(ods);
  }

  #receiversAmong(members: ReadonlySet<SystemId>): Map<InteractionId, ConnectedSystem> {
    const receivers = new Map<InteractionId, ConnectedSystem>();
    for (const systemId of [...members].sort()) {
      const system = this.#systems.get(systemId);
      if (system?.status !== 'active') continue;
      for (const interaction of system.receives) if (!receivers.has(interaction)) receivers.set(interaction, system);
    }
    return receivers;
  }
}
