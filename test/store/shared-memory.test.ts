/** The shared memory of one process keeps the contract, and its limit never costs a replay. */
import { expect } from 'chai';
import type { Clock } from '../../core/clock.ts';
import { ExpiringMap } from '../../store/memory/expiring-map.ts';
import { createSharedMemory } from '../../store/memory/shared-memory.ts';
import { sharedMemoryContract } from '../contract/shared-memory-suite.ts';
import { refusal } from '../contract/store/samples.ts';

function handClock(): { clock: Clock; pass(ms: number): Promise<void> } {
  let now = Date.parse('2026-03-02T09:00:00Z');
  return {
    clock: { now: () => now, timer: () => () => undefined },
    pass: async (ms) => {
      now += ms;
    },
  };
}

sharedMemoryContract('in-process', async () => {
  const { clock, pass } = handClock();
  const memory = createSharedMemory({ clock });
  return { memory, neighbour: memory, pass, close: () => memory.close() };
});

describe('the in-process shared memory, when it is full', () => {
  it('refuses a new once-key rather than forgetting one early', async () => {
    const { clock, pass } = handClock();
    const memory = createSharedMemory({ clock, entries_max: 3 });
    for (const key of ['a', 'b', 'c']) expect(await memory.once(key, 5_000)).to.equal(true);
    expect(await refusal(memory.once('d', 5_000))).to.equal('OVERLOADED');
    for (const key of ['a', 'b', 'c']) expect(await memory.once(key, 5_000)).to.equal(false);
    await pass(6_000);
    expect(await memory.once('d', 5_000)).to.equal(true);
  });

  it('still takes counters and values, and what is there may change', async () => {
    const { clock } = handClock();
    const memory = createSharedMemory({ clock, entries_max: 1 });
    await memory.once('a', 5_000);
    await memory.set('session', 'one', 5_000);
    await memory.set('session', 'two', 5_000);
    expect(await memory.get('session')).to.equal('two');
    expect(await memory.add('count', 1, 5_000)).to.equal(1);
    expect(await memory.add('count', 1, 5_000)).to.equal(2);
  });
});

describe('a map whose entries end', () => {
  it('removes what has ended and keeps what has not', async () => {
    const { clock, pass } = handClock();
    const map = new ExpiringMap<number>(clock, 10_000);
    for (let index = 0; index < 5_000; index++) map.set(`key-${index}`, index, clock.now() + 10 + index * 10);
    await pass(25_000);
    expect(map.size).to.be.within(2_500, 2_600);
    expect(map.get('key-2400')).to.equal(undefined);
    expect(map.get('key-2600')).to.equal(2_600);
    await pass(30_000);
    expect(map.size).to.equal(0);
  });
});
