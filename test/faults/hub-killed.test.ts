/** The hub dies at random moments under load, again and again: what it acknowledged is there afterwards, once. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { asHubError } from '../../core/errors.ts';
import { eventually } from '../support/eventually.ts';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import type { Stack } from '../support/stacks.ts';
import { flap, startLoad } from './load.ts';
import { expectNothingLost, expectUnbrokenTrail, Tally } from './tally.ts';

const KILLS: Readonly<Record<Stack, number>> = { embedded: 20, full: 5 };
/** So many of the last starts are with two engines instead of one. */
const WITH_TWO = 3;
/** A delivery that a dead process held is taken by the next when its lease of a minute is over. */
const RECOVERED_WITHIN_ms = 80_000;

const systems = {
  surgery: {
    timeout_ms: 500,
    contracts: { [ACKNOWLEDGEMENT]: { retries: 100, retryInterval_ms: 200, backoff: 1 } },
  },
} as const;

describe('a hub that is killed at random moments under load', function () {
  this.timeout(180_000);
  const hubs = new Map<Stack, { hub: HubProcess; tally: Tally }>();

  after(() => Promise.all([...hubs.values()].map(({ hub }) => hub.stop())));

  for (const stack of ['full', 'embedded'] as const) {
    it(`comes back by itself each time, on the ${stack} stack, ${KILLS[stack]} times`, async () => {
      const hub = await startHubProcess({ stack }, systems);
      const tally = new Tally(`hub killed ${KILLS[stack]} times, ${stack} stack`);
      hubs.set(stack, { hub, tally });
      const { surgery } = hub.systems;
      const calm = flap(surgery.door);
      const load = startLoad(surgery, tally);
      for (let kill = 0; kill < KILLS[stack]; kill++) {
        await pass(50 + Math.random() * 500);
        const { pid } = hub;
        if (kill === KILLS[stack] - WITH_TWO) hub.change({ engines: 2 });
        await hub.kill();
        await hub.restart();
        expect(hub.pid).not.to.equal(pid);
      }
      await pass(300);
      await load.stop();
      calm();
      expect(tally.acknowledged.size).to.be.greaterThan(KILLS[stack]);
    });
  }

  for (const stack of ['full', 'embedded'] as const) {
    it(`has lost nothing and doubled nothing, on the ${stack} stack`, async () => {
      const found = hubs.get(stack);
      if (found === undefined) throw new Error('the hub never ran');
      const { hub, tally } = found;
      const { door } = hub.systems.surgery;
      await eventually(
        'every acknowledged message has its effect at the receiver',
        () => tally.missingAt(door).length === 0,
        RECOVERED_WITHIN_ms,
      );
      if (stack === 'embedded') {
        // its folder is its own as long as it lives, whatever became of those before it
        const second = await hub.openStore().then(
          (store) => store.close().then(() => 'opened'),
          (thrown: unknown) => asHubError(thrown).code,
        );
        expect(second).to.equal('STORE_UNAVAILABLE');
      }
      await hub.halt();
      const store = await hub.openStore();
      try {
        await expectNothingLost(tally, door, store);
        await expectUnbrokenTrail(store);
      } finally {
        await store.close();
      }
    });
  }
});
