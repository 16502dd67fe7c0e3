/** The simulation must be able to fail: with one part broken on purpose it says what became of the messages. */
import { expect } from 'chai';
import type { Store } from '../../core/store.ts';
import type { Transport } from '../../core/transport.ts';
import type { Catalogue } from '../../schemas/catalogue.ts';
import { testCatalogue } from '../contract/catalogue.ts';
import { type HistoryOptions, liveThrough } from './history.ts';
import type { Finding } from './verdict.ts';

const SEEDS = 20;

describe('the simulation notices', function () {
  this.timeout(120_000);
  let catalogue: Catalogue;
  before(() => {
    catalogue = testCatalogue();
  });
  after(() => catalogue.dispose());

  /** What is found of this kind in a few histories, up to the first that has any. */
  async function found(kind: Finding['kind'], broken: Omit<HistoryOptions, 'readDocument'>): Promise<string[]> {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { findings } = await liveThrough(seed, { readDocument: catalogue.read, ...broken });
      const these = findings.filter((finding) => finding.kind === kind);
      if (these.length > 0) return these.map(({ what }) => what);
    }
    return [];
  }

  it('a store that forgets message ids, so that a repeat is decided twice', async () => {
    const breakStore = (store: Store): Store => ({
      ...store,
      async commit(commit) {
        await store.purge({ decidedBefore: Number.POSITIVE_INFINITY, limit: 1_000 });
        return store.commit(commit);
      },
    });
    const doubled = await found('doubled', { breakStore });
    expect(doubled.join('\n')).to.match(/was decided 2 times/);
    expect(doubled.join('\n'), 'by its effects, not by the decision alone').to.match(/facts of|left 2 visits/);
  });

  it('a transport that reports messages as taken that it never sent', async () => {
    let sent = 0;
    const breakTransport = (transport: Transport): Transport => ({
      ...transport,
      push: async (...asked) => (sent++ % 5 === 4 ? { kind: 'acknowledged' } : transport.push(...asked)),
    });
    expect((await found('lost', { breakTransport })).join('\n')).to.match(/is called acknowledged and never came/);
  });

  it('a transport that gives each attempt an id of its own', async () => {
    let sent = 0;
    const breakTransport = (transport: Transport): Transport => ({
      ...transport,
      push: (delivery, ...rest) => transport.push({ ...delivery, id: `${delivery.id}-${++sent}` }, ...rest),
    });
    expect((await found('doubled', { breakTransport })).join('\n')).to.match(/under another id/);
  });

  it('a transport that sends a message to somebody else', async () => {
    const breakTransport = (transport: Transport): Transport => ({
      ...transport,
      push: (delivery, ...rest) => transport.push({ ...delivery, receiver: '200000000099' }, ...rest),
    });
    expect((await found('unexpected', { breakTransport })).join('\n')).to.match(/for whom it was not/);
  });

  it('a path that never looks for what a crash left behind', async () => {
    const breakLimits = { sweepEvery_ms: Number.MAX_SAFE_INTEGER };
    const lost = await found('lost', { breakLimits });
    expect(lost.join('\n')).to.match(/still waits|never decided/);
  });

  it('a store that lets a delivery be taken while another holds it', async () => {
    const breakStore = (store: Store): Store => ({
      ...store,
      claim: (request) => store.claim({ ...request, now: request.now + 3_600_000 }),
      due: (query) => store.due({ ...query, now: query.now + 3_600_000 }),
    });
    expect((await found('broken', { breakStore })).join('\n')).to.match(/still holds/);
  });

  it('a store that does not count failed attempts', async () => {
    const breakStore = (store: Store): Store => ({
      ...store,
      settle: (settlements) =>
        store.settle(
          settlements.map((one) =>
            one.outcome.kind === 'retry' ? { ...one, outcome: { kind: 'deferred', at: one.outcome.at } } : one,
          ),
        ),
    });
    expect((await found('broken', { breakStore })).join('\n')).to.match(/are counted as failed/);
  });
});
