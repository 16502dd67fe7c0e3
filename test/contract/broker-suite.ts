/** The contract of the broker: every implementation keeps every promise here (core/broker.ts). */
import { randomUUID } from 'node:crypto';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import type { Broker, DecidedNotice, Work, WorkHandler } from '../../core/broker.ts';
import { keyText } from '../../core/envelope.ts';

export interface OpenedBroker {
  /** Not started yet. Work that an earlier test left behind may still reach it. */
  readonly broker: Broker;
  close(): Promise<void>;
}

const NOTICE: DecidedNotice = {
  messageId: randomUUID().toUpperCase(),
  sender: '200000000001',
  ods: 'A83008',
  interaction: 'fhir:eps:prescription-order',
  at: Date.parse('2026-03-02T09:00:00Z'),
  outcome: 'accepted',
};
/** More batches at once than this is no limit. */
const IN_HAND_MAX = 100;

const systemOf = (number: number): string => String(200_000_000_000 + number);
const nameOf = (work: Work): string => (work.kind === 'decide' ? keyText(work.key) : work.ref.id);

/** So much work for each of 25 systems in turn, every other piece a delivery, with ids never used before. */
const someWork = (count: number): Work[] =>
  Array.from({ length: count }, (_, index) => {
    const id = randomUUID().toUpperCase();
    const system = systemOf(index % 25);
    return index % 2
      ? { kind: 'decide', key: { sender: system, messageId: id } }
      : { kind: 'deliver', ref: { id, receiver: system, lane: null } };
  });

async function until(what: string, met: () => boolean, within_ms = 8_000): Promise<void> {
  for (const end = performance.now() + within_ms; !met(); await pass(5)) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
  }
}

/** A handler that remembers; `work` is what it does with a batch. */
class Handled implements WorkHandler {
  readonly batches: (readonly Work[])[] = [];
  readonly done = new Set<string>();
  inHand = 0;
  inHandMost = 0;
  readonly #work: (batch: readonly Work[]) => Promise<void>;

  constructor(work: (batch: readonly Work[]) => Promise<void> = async () => undefined) {
    this.#work = work;
  }

  async handle(batch: readonly Work[]): Promise<void> {
    this.batches.push(batch);
    this.inHand++;
    this.inHandMost = Math.max(this.inHandMost, this.inHand);
    await this.#work(batch);
    this.inHand--;
    for (const work of batch) this.done.add(nameOf(work));
  }

  hasDone(works: readonly Work[]): boolean {
    return works.every((work) => this.done.has(nameOf(work)));
  }

  /** Begun, whether done or not. */
  hasBegun(work: Work): boolean {
    return this.batches.some((batch) => batch.some((each) => nameOf(each) === nameOf(work)));
  }
}

/** Runs the contract; `open` gives a broker that has not been started. */
export function brokerContract(name: string, open: () => Promise<OpenedBroker>): void {
  describe(`the ${name} broker`, function () {
    this.timeout(20_000);
    let opened: OpenedBroker;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());
    const broker = () => opened.broker;
    const start = async (handled = new Handled()): Promise<Handled> => {
      await broker().start(handled);
      await until('healthy', () => broker().healthy());
      return handled;
    };

    it('hands on everything that it was given', async () => {
      const handled = await start();
      const works = someWork(1_000);
      for (let from = 0; from < works.length; from += 70) {
        broker().dispatch(works.slice(from, from + 70));
        if (from % 3 === 0) await pass(1);
      }
      await until('everything handled', () => handled.hasDone(works));
    });

    it('hands on what the work says', async () => {
      const handled = await start();
      const id = randomUUID().toUpperCase();
      const works: Work[] = [
        { kind: 'decide', key: { sender: systemOf(1), messageId: `${id} é😀"/` } },
        { kind: 'deliver', ref: { id: `${id}-1`, receiver: systemOf(2), lane: null } },
        { kind: 'deliver', ref: { id: `${id}-2`, receiver: systemOf(2), lane: `${systemOf(2)}/é😀` } },
      ];
      broker().dispatch(works);
      await until('everything handled', () => handled.hasDone(works));
      const mine = handled.batches.flat().filter((work) => nameOf(work).includes(id));
      const byName = (list: readonly Work[]) => [...list].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
      expect(byName(mine)).to.deep.equal(byName(works));
    });

    it('hands work on in batches', async () => {
      const handled = await start();
      const works = someWork(400);
      broker().dispatch(works);
      await until('everything handled', () => handled.hasDone(works));
      expect(handled.batches.length).to.be.at.most(100);
      expect(handled.batches.every((batch) => batch.length > 0)).to.equal(true);
    });

    it('has a limited number of batches in hand, however much it is given', async () => {
      const handled = await start(new Handled(() => pass(5)));
      const works = someWork(10_000);
      for (let from = 0; from < works.length; from += 20) broker().dispatch(works.slice(from, from + 20));
      await until('everything handled', () => handled.hasDone(works), 15_000);
      expect(handled.inHandMost).to.be.within(1, IN_HAND_MAX);
    });

    it('says how much is not yet handled, and nothing when all is', async () => {
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const handled = await start(new Handled(() => held));
      await until('quiet', () => broker().depth === 0 || handled.inHand > 0);
      const works = someWork(10);
      broker().dispatch(works);
      expect(broker().depth).to.be.greaterThan(0);
      await until('begun', () => works.every((work) => handled.hasBegun(work)));
      expect(broker().depth).to.be.greaterThan(0);
      release();
      await until('everything handled', () => handled.hasDone(works));
      await until('depth 0', () => broker().depth === 0);
    });

    it('is not held up by what takes long, and does not lose it', async () => {
      const slow = systemOf(999);
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const isSlow = (work: Work) => work.kind === 'deliver' && work.ref.receiver === slow;
      const handled = await start(new Handled((batch) => (batch.some(isSlow) ? held : Promise.resolve())));
      const slowWorks = Array.from({ length: 5 }, (): Work => {
        const id = randomUUID().toUpperCase();
        return { kind: 'deliver', ref: { id, receiver: slow, lane: null } };
      });
      for (const work of slowWorks) {
        broker().dispatch([work]);
        await until('the slow one begun', () => handled.hasBegun(work));
      }
      const others = someWork(500);
      broker().dispatch(others);
      await until('the others handled', () => handled.hasDone(others));
      expect(slowWorks.some((work) => handled.done.has(nameOf(work)))).to.equal(false);
      release();
      await until('the slow ones handled', () => handled.hasDone(slowWorks));
    });

    it('takes work that is given while work is handled', async () => {
      const next = someWork(50);
      const given: Work[] = [];
      const handled = await start(
        new Handled(async () => {
          const work = next.pop();
          if (!work) return;
          given.push(work);
          broker().dispatch([work]);
        }),
      );
      broker().dispatch(someWork(1));
      await until('the whole chain', () => given.length === 50 && handled.hasDone(given));
    });

    it('may be given work and notices before it starts and after it stopped, and nothing', async () => {
      broker().dispatch(someWork(3));
      broker().announce(NOTICE);
      const handled = await start();
      broker().dispatch([]);
      broker().announce(NOTICE);
      await broker().stop(5_000);
      const late = someWork(10);
      broker().dispatch(late);
      broker().announce(NOTICE);
      await pass(200);
      expect(late.some((work) => handled.hasBegun(work))).to.equal(false);
    });

    it('waits for the work in hand when it stops, and begins no more', async () => {
      const handled = await start(new Handled(() => pass(300)));
      const [first] = someWork(1);
      if (!first) throw new Error('no work');
      broker().dispatch([first]);
      await until('begun', () => handled.hasBegun(first));
      await broker().stop(5_000);
      expect(handled.done.has(nameOf(first))).to.equal(true);
      const begun = handled.batches.length;
      await pass(100);
      expect(handled.batches.length).to.equal(begun);
    });

    it('stops in time, though the work in hand never ends', async () => {
      const never = new Promise<void>(() => undefined);
      const handled = await start(new Handled(() => never));
      const works = someWork(1);
      broker().dispatch(works);
      await until('begun', () => works.every((work) => handled.hasBegun(work)));
      const from = performance.now();
      await broker().stop(300);
      expect(performance.now() - from).to.be.within(250, 2_000);
    });

    it('is healthy while it runs and not after it stopped, and stopping twice is no harm', async () => {
      await start();
      expect(broker().healthy()).to.equal(true);
      await broker().stop(1_000);
      await broker().stop(1_000);
      expect(broker().healthy()).to.equal(false);
    });
  });
}
