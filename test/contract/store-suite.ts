/** The contract of the store: every implementation keeps every promise here (core/store.ts). */
import { auditPromises } from './store/audit.ts';
import { commitPromises } from './store/commits.ts';
import { deadLetterPromises } from './store/dead-letters.ts';
import { deliveryPromises } from './store/deliveries.ts';
import { factPromises } from './store/facts.ts';
import { keepingPromises } from './store/keeping.ts';
import { mailboxPromises } from './store/mailboxes.ts';
import { messagePromises } from './store/messages.ts';
import { modelPromises } from './store/model.ts';
import type { OpenedStore, OpenStore } from './store/opened-store.ts';
import { recordPromises } from './store/records.ts';
import { settlingPromises } from './store/settling.ts';

export type { OpenStore } from './store/opened-store.ts';

/** Runs the contract; `open` must give an empty store each time. Its own time limit is 20 s for one test. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`the ${name} store`, function () {
    this.timeout(20_000);

    describe('keeps the contract', () => {
      let opened: OpenedStore;
      beforeEach(async () => {
        opened = await open();
      });
      afterEach(() => opened.close());
      const store = () => opened.store;

      messagePromises(store);
      commitPromises(store);
      recordPromises(store);
      deliveryPromises(store);
      settlingPromises(store);
      mailboxPromises(store);
      deadLetterPromises(store);
      auditPromises(store);
      factPromises(store);
      keepingPromises(() => opened);
    });

    modelPromises(open);
  });
}
