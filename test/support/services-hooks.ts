/** Stops the shared services after the last test: name it under `require` in .mocharc.json. */
import { stopSharedServices } from './services.ts';

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await stopSharedServices();
  },
};
