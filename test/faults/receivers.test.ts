/** Receivers that hang, fail or cut the connection for a while: they get everything once, and nobody else waits for them. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import type { Manner } from '../support/receiver.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import { startLoad } from './load.ts';
import { expectNothingLost, Tally } from './tally.ts';

const SICK_ms = 1_500;
const WELL_WITHIN_ms = 30_000;
const patient = { retries: 100, retryInterval_ms: 200, backoff: 1 } as const;
const practice = {
  kind: 'general-practice',
  wire: 'ebxml',
  timeout_ms: 400,
  contracts: { [ACKNOWLEDGEMENT]: patient },
} as const;
const systems = {
  hangs: { ...practice, ods: 'D81001', name: 'Surgery whose system hangs' },
  fails: { ...practice, ods: 'D81002', name: 'Surgery whose system answers 500' },
  cuts: { ...practice, ods: 'D81003', name: 'Surgery whose system cuts the connection' },
} as const;
const MANNERS: Readonly<Record<keyof typeof systems, Manner>> = { hangs: 'hang', fails: 500, cuts: 'cut' };

describe('a receiver that is sick for a while', function () {
  this.timeout(90_000);
  let hub: HubProcess<keyof typeof systems | 'surgery'>;

  before(async () => {
    hub = await startHubProcess({ stack: 'embedded' }, systems);
  });

  after(() => hub.stop());

  for (const name of ['hangs', 'fails', 'cuts'] as const) {
    it(`because it ${name} gets every message once, and a well one is served meanwhile`, async () => {
      const [sick, well] = [hub.systems[name], hub.systems.surgery];
      const [sickTally, wellTally] = [
        new Tally(`receiver that ${name}`),
        new Tally(`receiver beside one that ${name}`),
      ];
      sick.door.manner = MANNERS[name];
      const loads = [startLoad(sick, sickTally, { senders: 2 }), startLoad(well, wellTally, { senders: 2 })];
      await pass(SICK_ms);
      await Promise.all(loads.map((load) => load.stop()));
      await eventually('the well one has everything', () => wellTally.missingAt(well.door).length === 0, 2_000);
      expect(sick.door.taken).to.deep.equal([]);
      const longest_ms = Math.max(
        ...well.door.taken.map(({ refTo, at }) => at - (wellTally.orders.get(refTo)?.sentAt ?? at)),
      );
      expect(longest_ms).to.be.below(1_500);

      sick.door.manner = 'take';
      await eventually(
        'the sick one has everything',
        () => sickTally.missingAt(sick.door).length === 0,
        WELL_WITHIN_ms,
      );
      await hub.halt();
      const store = await hub.openStore();
      try {
        await expectNothingLost(wellTally, well.door, store);
        await expectNothingLost(sickTally, sick.door, store);
      } finally {
        await store.close();
        await hub.restart();
      }
    });
  }
});
