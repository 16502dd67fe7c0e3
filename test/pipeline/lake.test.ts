/** Both lakes: in this process, and in a process of its own that may die. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { openLake } from '../../pipeline/lake.ts';
import { openLakeProcess } from '../../pipeline/lake-process.ts';
import { lakeContract } from './lake-suite.ts';
import { newFolder, numbers, refusal, removeFolders, upTo } from './story.ts';

lakeContract('a lake in this process', openLake);
lakeContract('a lake in a process of its own', openLakeProcess);

const some = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    seq: from + index,
    at: 1_000 * index,
    kind: 'k',
    ods: 'A',
    interaction: 'fhir:a:b',
    attributes: '{}',
  }));

/** The processes that this one has started and that still run. */
function children(): number[] {
  const list = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim();
  return list === '' ? [] : list.split(' ').map(Number);
}

describe('the process of a lake', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });
  afterEach(removeFolders);

  it('runs at a lower priority than the hub, and ends when it is closed', async () => {
    const before = new Set(children());
    const lake = openLakeProcess({ folder: newFolder() });
    await lake.append(some(1, 3));
    const [pid] = children().filter((child) => !before.has(child));
    const nice = execFileSync('ps', ['-o', 'nice=', '-p', String(pid)], { encoding: 'utf8' });
    expect(Number(nice)).to.be.at.least(10);
    await lake.close();
    expect(children().filter((child) => !before.has(child))).to.deep.equal([]);
    expect(await refusal(lake.append(some(4, 5)))).to.equal('Error');
  });

  it('may be killed at any moment: the call fails, the next one is served, and no fact is lost or doubled', async () => {
    const before = new Set(children());
    const lake = openLakeProcess({ folder: newFolder(), smallFiles_max: 3 });
    let acknowledged = 0;
    for (let round = 0; round < 8; round++) {
      const to = (round + 1) * 500;
      const outcome = refusal(lake.append(some(1, to)));
      if (round % 2 === 1) {
        await new Promise((resolve) => setTimeout(resolve, round * 2));
        await kill(children().filter((child) => !before.has(child)));
      }
      if ((await outcome) === 'none') acknowledged = to;
      else expect(round % 2, 'failed unprovoked').to.equal(1);
      expect(await lake.last()).to.be.at.least(acknowledged);
    }
    await lake.append(some(1, 4_001));
    expect(await numbers(lake)).to.deep.equal(upTo(4_001));
    await lake.close();
  });
});

/** Kills and waits until the parent has noticed. */
async function kill(processes: readonly number[]): Promise<void> {
  for (const one of processes) process.kill(one, 'SIGKILL');
  while (children().some((child) => processes.includes(child))) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
}
