/** Tells one story on both stacks: the same steps on a hub in one process, and on PostgreSQL, RabbitMQ and Redis. */
import type { Config } from '../../config.ts';
import { type Plans, startTestHub, type TestHub } from '../support/hub.ts';
import type { ExampleName } from '../support/registration.ts';
import { STACKS } from '../support/stacks.ts';

export interface StoryOptions<Extra extends string> {
  readonly config?: Partial<Config>;
  readonly systems?: Plans<Extra>;
}

/** `tell` declares the tests; `hub()` is the hub of the stack, running from the first test to the last. */
export function onBothStacks<Extra extends string = never>(
  title: string,
  { config = {}, systems }: StoryOptions<Extra>,
  tell: (hub: () => TestHub<ExampleName | Extra>) => void,
): void {
  for (const stack of STACKS) {
    describe(`${title}, on the ${stack} stack`, function () {
      this.timeout(30_000);
      let running: TestHub<ExampleName | Extra> | undefined;

      before(async function () {
        // the first time on a machine this installs the services
        this.timeout(300_000);
        running = await startTestHub<Extra>({ ...config, stack }, systems);
      });

      after(() => running?.stop());

      tell(() => {
        if (running === undefined) throw new Error('the hub does not run');
        return running;
      });
    });
  }
}
