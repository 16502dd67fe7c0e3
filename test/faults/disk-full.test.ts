/** The disk fills up under load and is given back: the hub refuses while it cannot keep, and goes on when it can. */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { type HubProcess, startHubProcess } from '../support/hub-process.ts';
import { isAcknowledged, newOrder } from '../support/orders.ts';
import { ACKNOWLEDGEMENT } from '../support/registration.ts';
import { startLoad } from './load.ts';
import { expectNothingLost, expectUnbrokenTrail, Tally } from './tally.ts';

const SIZE_MB = 64;
const LEFT_bytes = 1_500_000;
const systems = { surgery: { contracts: { [ACKNOWLEDGEMENT]: { retries: 100, retryInterval_ms: 200, backoff: 1 } } } };

/** A small disk of memory; undefined where we may not mount one. */
function mountSmallDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const place = mkdtempSync(join(tmpdir(), 'hub-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m,mode=700`, 'tmpfs', place]);
  if (mounted.status === 0) return place;
  rmSync(place, { recursive: true, force: true });
  return undefined;
}

function unmount(place: string): void {
  // lazily: the log of a process that has ended may still be open here
  spawnSync('umount', ['--lazy', place]);
  rmSync(place, { recursive: true, force: true });
}

const free_bytes = (place: string): number => {
  const { bavail, bsize } = statfsSync(place);
  return bavail * bsize;
};

/** Takes all but so many bytes of the disk. */
function fill(place: string, left_bytes: number): void {
  const file = openSync(join(place, 'filler'), 'w');
  const block = Buffer.alloc(100_000);
  while (free_bytes(place) > left_bytes)
    writeSync(file, block, 0, Math.min(block.length, free_bytes(place) - left_bytes));
  closeSync(file);
}

describe('a disk that is full', function () {
  this.timeout(90_000);
  let place: string | undefined;
  let hub: HubProcess | undefined;

  before(function () {
    place = mountSmallDisk();
    if (place === undefined) {
      console.log('      SKIPPED: a small disk cannot be mounted here; run the tests as root on Linux for this one');
      this.skip();
    }
  });

  afterEach(async () => {
    await hub?.stop();
    hub = undefined;
    if (place !== undefined) rmSync(join(place, 'filler'), { force: true });
  });

  after(() => {
    if (place !== undefined) unmount(place);
  });

  async function startOn(disk: string, leastDisk_MB: number): Promise<HubProcess> {
    const dataFolder = join(disk, 'data');
    mkdirSync(dataFolder, { mode: 0o700 });
    return startHubProcess({ stack: 'embedded', dataFolder, leastDisk_MB }, systems);
  }

  it('in the middle of writing loses nothing that was acknowledged, and the hub goes on when there is space', async () => {
    const disk = place ?? '';
    hub = await startOn(disk, 0);
    const { surgery } = hub.systems;
    const { pid } = hub;
    const tally = new Tally('disk full');
    const load = startLoad(surgery, tally);
    await pass(300);
    fill(disk, LEFT_bytes);
    await eventually(
      'a sender is told that nothing was kept',
      () => tally.answers.has('503 STORE_UNAVAILABLE'),
      20_000,
    );
    await pass(1_000);
    rmSync(join(disk, 'filler'));
    const before = tally.acknowledged.size;
    await eventually('messages are acknowledged again', () => tally.acknowledged.size > before + 20, 20_000);
    await load.stop();
    expect(hub.pid).to.equal(pid);

    await eventually('every effect is there', () => tally.missingAt(surgery.door).length === 0, 80_000);
    await hub.halt();
    const store = await hub.openStore();
    try {
      await expectNothingLost(tally, surgery.door, store);
      await expectUnbrokenTrail(store);
    } finally {
      await store.close();
    }
    expect([...tally.answers.keys()].filter((what) => /^5(?!03)/.test(what))).to.deep.equal([]);
  });

  it('nearly is refused early, with the time to come back', async () => {
    const disk = place ?? '';
    hub = await startOn(disk, 20);
    const { surgery } = hub.systems;
    const first = newOrder(surgery);
    expect(isAcknowledged(await surgery.client.ebxml(first), first.messageId)).to.equal(true);
    fill(disk, 15_000_000);
    const refused = await eventually('the hub refuses', async () => {
      const answer = await surgery.client.ebxml(newOrder(surgery));
      return answer.status === 503 ? answer : undefined;
    });
    expect(refused.body).to.include('OVERLOADED');
    expect(Number(refused.headers['retry-after'])).to.be.at.least(1);
    rmSync(join(disk, 'filler'));
    await eventually('the hub takes again', async () => {
      const order = newOrder(surgery);
      return isAcknowledged(await surgery.client.ebxml(order), order.messageId);
    });
  });
});
