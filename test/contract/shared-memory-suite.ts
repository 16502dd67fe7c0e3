/** The contract of the shared memory: every implementation keeps every promise here (core/shared-memory.ts). */
import { expect } from 'chai';
import type { SharedMemory } from '../../core/shared-memory.ts';
import { refusal } from './store/samples.ts';

export interface OpenedSharedMemory {
  readonly memory: SharedMemory;
  /** The same memory as another hub process sees it. */
  readonly neighbour: SharedMemory;
  /** Lets time pass: a test's own clock, or a real wait. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const ODD = ['', 'a b\r\n', 'é😀', '{brace}', ':', '*', 'x'.repeat(500)];

/** Runs the contract; `open` must give an empty memory each time. */
export function sharedMemoryContract(name: string, open: () => Promise<OpenedSharedMemory>): void {
  describe(`the ${name} shared memory`, () => {
    let opened: OpenedSharedMemory;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());
    const memory = () => opened.memory;
    const neighbour = () => opened.neighbour;

    describe('a once-key', () => {
      it('is new once, here and in every other process', async () => {
        expect(await memory().once('nonce-1', 60_000)).to.equal(true);
        expect(await memory().once('nonce-1', 60_000)).to.equal(false);
        expect(await neighbour().once('nonce-1', 60_000)).to.equal(false);
        expect(await neighbour().once('nonce-2', 60_000)).to.equal(true);
        expect(await memory().once('nonce-2', 60_000)).to.equal(false);
      });

      it('is new for one of 100 who ask at the same time', async () => {
        const answers = await Promise.all(
          Array.from({ length: 100 }, (_, index) => (index % 2 ? memory() : neighbour()).once('nonce', 60_000)),
        );
        expect(answers.filter(Boolean)).to.have.length(1);
      });

      it('is new again after its life, which a repeat does not make longer', async () => {
        expect(await memory().once('nonce', 300)).to.equal(true);
        await opened.pass(200);
        expect(await memory().once('nonce', 60_000)).to.equal(false);
        await opened.pass(150);
        expect(await memory().once('nonce', 60_000)).to.equal(true);
        expect(await memory().once('nonce', 60_000)).to.equal(false);
      });

      it('may be any text', async () => {
        for (const key of ODD) expect(await memory().once(key, 60_000), key).to.equal(true);
        for (const key of ODD) expect(await memory().once(key, 60_000), key).to.equal(false);
      });
    });

    describe('a rate limit', () => {
      const slow = { perSecond: 0.1, burst: 3 };

      it('allows its burst and then says how long to wait', async () => {
        for (let taken = 0; taken < 3; taken++) expect(await memory().take('system-1', slow)).to.equal(0);
        expect(await memory().take('system-1', slow)).to.be.within(9_000, 10_000);
        expect(await neighbour().take('system-1', slow)).to.be.within(9_000, 10_000);
        expect(await memory().take('system-2', slow)).to.equal(0);
      });

      it('allows the next after the wait that it named', async () => {
        const limit = { perSecond: 5, burst: 1 };
        expect(await memory().take('system-1', limit)).to.equal(0);
        const wait_ms = await memory().take('system-1', limit);
        expect(wait_ms).to.be.within(100, 200);
        await opened.pass(wait_ms + 5);
        expect(await memory().take('system-1', limit)).to.equal(0);
        expect(await memory().take('system-1', limit)).to.be.greaterThan(0);
      });

      it('saves up no more than its burst while nobody asks', async () => {
        const limit = { perSecond: 20, burst: 2 };
        for (let round = 0; round < 2; round++) {
          expect(await memory().take('system-1', limit)).to.equal(0);
          expect(await memory().take('system-1', limit)).to.equal(0);
          expect(await memory().take('system-1', limit)).to.be.greaterThan(0);
          await opened.pass(400);
        }
      });

      it('allows no more than its burst to 50 who ask at the same time', async () => {
        const limit = { perSecond: 0.1, burst: 10 };
        const waits = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 ? memory() : neighbour()).take('system-1', limit)),
        );
        expect(waits.filter((wait_ms) => wait_ms === 0)).to.have.length(10);
      });
    });

    describe('a counter', () => {
      it('adds up what every process adds', async () => {
        expect(await memory().add('open-calls', 2, 60_000)).to.equal(2);
        expect(await neighbour().add('open-calls', 3, 60_000)).to.equal(5);
        expect(await memory().add('open-calls', -4, 60_000)).to.equal(1);
        expect(await memory().add('other', 1, 60_000)).to.equal(1);
        const sums = await Promise.all(Array.from({ length: 50 }, () => memory().add('busy', 1, 60_000)));
        expect(Math.max(...sums)).to.equal(50);
        expect(new Set(sums).size).to.equal(50);
      });

      it('is forgotten a life after its first addition, whatever was added since', async () => {
        await memory().add('count', 1, 300);
        await opened.pass(200);
        expect(await memory().add('count', 1, 60_000)).to.equal(2);
        await opened.pass(150);
        expect(await memory().add('count', 1, 60_000)).to.equal(1);
      });
    });

    describe('a value', () => {
      it('is there for every process until it is deleted', async () => {
        expect(await memory().get('session')).to.equal(undefined);
        await memory().set('session', 'Zoë 😀 "1"', 60_000);
        expect(await neighbour().get('session')).to.equal('Zoë 😀 "1"');
        await neighbour().set('session', '', 60_000);
        expect(await memory().get('session')).to.equal('');
        await memory().delete('session');
        await memory().delete('session');
        expect(await neighbour().get('session')).to.equal(undefined);
      });

      it('ends with its life, which starts again when it is set again', async () => {
        await memory().set('session', 'one', 300);
        await opened.pass(200);
        await memory().set('session', 'two', 300);
        await opened.pass(200);
        expect(await memory().get('session')).to.equal('two');
        await opened.pass(150);
        expect(await memory().get('session')).to.equal(undefined);
      });
    });

    it('keeps once-keys, limits, counters and values of one name apart', async () => {
      await memory().set('name', 'value', 60_000);
      expect(await memory().once('name', 60_000)).to.equal(true);
      expect(await memory().add('name', 1, 60_000)).to.equal(1);
      expect(await memory().take('name', { perSecond: 1, burst: 1 })).to.equal(0);
      await memory().delete('name');
      expect(await memory().once('name', 60_000)).to.equal(false);
      expect(await memory().add('name', 1, 60_000)).to.equal(2);
    });

    it('is healthy while open, and refuses with STORE_UNAVAILABLE when closed', async () => {
      expect(await memory().healthy()).to.equal(true);
      await memory().close();
      await memory().close();
      expect(await memory().healthy()).to.equal(false);
      expect(await refusal(memory().once('nonce', 60_000))).to.equal('STORE_UNAVAILABLE');
      expect(await refusal(memory().take('system', { perSecond: 1, burst: 1 }))).to.equal('STORE_UNAVAILABLE');
      expect(await refusal(memory().get('session'))).to.equal('STORE_UNAVAILABLE');
    });
  });
}
