/** The store in memory keeps the contract, and its hooks play a store that cannot answer. */
import { expect } from 'chai';
import { createMemoryStore } from '../../store/memory/store.ts';
import { commitOf, message, refusal } from '../contract/store/samples.ts';
import { storeContract } from '../contract/store-suite.ts';

storeContract('memory', async () => {
  const store = createMemoryStore();
  return { store, close: () => store.close() };
});

describe('the memory store’s hooks', () => {
  const failing = (when: 'before' | 'after', failures: number) => {
    const heard: string[] = [];
    let left = failures;
    const store = createMemoryStore({
      [when](operation: string) {
        heard.push(operation);
        if (left-- > 0) throw new Error('the disk is gone');
      },
    });
    return { store, heard };
  };

  it('may refuse before the effect: nothing was kept', async () => {
    const { store, heard } = failing('before', 1);
    expect(await refusal(store.admit(message(1)))).to.equal('STORE_UNAVAILABLE');
    expect(await store.admit(message(1))).to.deep.equal({ kind: 'new' });
    expect(heard).to.deep.equal(['admit', 'admit']);
  });

  it('may refuse after the effect: it was kept and the caller asks again without harm', async () => {
    const { store } = failing('after', 2);
    expect(await refusal(store.admit(message(1)))).to.equal('STORE_UNAVAILABLE');
    expect(await refusal(store.commit(commitOf(message(1))))).to.equal('STORE_UNAVAILABLE');
    expect(await store.commit(commitOf(message(1)))).to.deep.include({ kind: 'same' });
    expect(await store.auditLines({ after: 0, limit: 10 })).to.have.length(2);
  });

  it('may make the caller wait, and hear of record reads by name', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const heard: string[] = [];
    const store = createMemoryStore({
      before: (operation) => {
        heard.push(operation);
        return held;
      },
    });
    let done = false;
    const reading = store.records.get('referral', 'R1').then(() => {
      done = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).to.equal(false);
    release();
    await reading;
    expect(heard).to.deep.equal(['records.get']);
  });

  it('make it unhealthy while they refuse', async () => {
    const { store } = failing('before', 1);
    expect(await store.healthy()).to.equal(false);
    expect(await store.healthy()).to.equal(true);
  });
});
