/** The store in memory, for the seeded simulation and for fast tests: every operation atomic, nothing on disk. */
import { HubError } from '../../core/errors.ts';
import type { RecordReader } from '../../core/records.ts';
import type { Store } from '../../core/store.ts';
import { deliveryOf, refOf } from './delivery-table.ts';
import { Tables } from './tables.ts';

/** The operations by name, as the hooks hear of them. */
export type StoreOperation = Exclude<keyof Store, 'records' | 'close'> | `records.${keyof RecordReader}`;

/**
 * Called around the effect of each operation; may wait, or throw to play a store that cannot answer: from `before`
 * nothing was kept, from `after` it was kept and the caller cannot know. Whatever is thrown reaches the caller as
 * HubError STORE_UNAVAILABLE.
 */
export interface MemoryStoreHooks {
  before?(operation: StoreOperation): Promise<void> | void;
  after?(operation: StoreOperation): Promise<void> | void;
}

/** An empty store. What it holds lives as long as the object, whatever happens to the parts that use it. */
export function createMemoryStore(hooks: MemoryStoreHooks = {}): Store {
  const tables = new Tables();
  let open = true;

  const hook = async (name: keyof MemoryStoreHooks, operation: StoreOperation): Promise<void> => {
    try {
      await hooks[name]?.(operation);
    } catch (thrown) {
      throw new HubError('STORE_UNAVAILABLE', {}, { cause: thrown });
    }
  };
  async function run<Result>(operation: StoreOperation, effect: (tables: Tables) => Result): Promise<Result> {
    if (hooks.before) await hook('before', operation);
    if (!open) throw new HubError('STORE_UNAVAILABLE');
    const result = effect(tables);
    if (hooks.after) await hook('after', operation);
    return result;
  }

  const records: RecordReader = {
    get: <Value>(kind: string, key: string) => run('records.get', () => tables.records.get<Value>(kind, key)),
    find: <Value>(...query: Parameters<RecordReader['find']>) =>
      run('records.find', () => tables.records.find<Value>(...query)),
    list: <Value>(...query: Parameters<RecordReader['list']>) =>
      run('records.list', () => tables.records.list<Value>(...query)),
  };

  return {
    records,
    admit: (envelope) => run('admit', () => tables.admit(envelope)),
    commit: (commit) => run('commit', () => tables.commit(commit)),
    audit: (actor, at, events) => run('audit', () => tables.write(actor, at, events)),
    undecided: (query) =>
      run('undecided', () => tables.messages.undecided(query).map(({ envelope: { body: _, ...cause } }) => cause)),
    envelopes: (keys) =>
      run('envelopes', () =>
        keys
          .map((key) => tables.messages.get(key)?.envelope)
          .filter((envelope) => envelope !== undefined)
          .map((envelope) => ({ ...envelope, body: envelope.body.slice() })),
      ),
    claim: (request) => run('claim', () => tables.deliveries.claim(request).map(deliveryOf)),
    due: (query) => run('due', () => tables.deliveries.due(query).map(refOf)),
    settle: (settlements) => run('settle', () => settlements.map((settlement) => tables.settle(settlement))),
    inbox: (receiver, query) => run('inbox', () => tables.inbox(receiver, query)),
    inboxMessage: (receiver, id) =>
      run('inboxMessage', () => {
        const row = tables.deliveries.get(id);
        const theirs = row?.draft.mode === 'pull' && row.draft.receiver === receiver && row.stage === 'waiting';
        return theirs ? deliveryOf(row) : undefined;
      }),
    deadLetters: (query) => run('deadLetters', () => tables.deadLetters(query)),
    deadLetter: (id) => run('deadLetter', () => tables.deadLetter(id)),
    replay: (id, actor, at) => run('replay', () => tables.replay(id, actor, at)),
    track: (messageId) => run('track', () => tables.track(messageId)),
    backlog: () => run('backlog', () => tables.backlog()),
    auditLines: ({ after, limit }) => run('auditLines', () => tables.lines.slice(after, after + limit)),
    auditForPatient: (patient, { before = Number.POSITIVE_INFINITY, limit }) =>
      run('auditForPatient', () =>
        tables.lines
          .filter((line) => line.patient === patient && line.seq < before)
          .reverse()
          .slice(0, limit),
      ),
    facts: ({ after, limit }) =>
      run('facts', () => structuredClone(tables.facts.filter(({ seq }) => seq > after).slice(0, limit))),
    forgetFacts: (upTo) =>
      run('forgetFacts', () => {
        tables.facts = tables.facts.filter(({ seq }) => seq > upTo);
      }),
    purge: (query) => run('purge', () => tables.purge(query)),
    healthy: () =>
      run('healthy', () => true).catch((thrown: unknown) => {
        if (thrown instanceof HubError) return false;
        throw thrown;
      }),
    close: async () => {
      open = false;
    },
  };
}
