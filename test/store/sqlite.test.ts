/** The embedded store keeps the Store's promises. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../store/sqlite/open.ts';
import { storeContract } from '../contract/store-suite.ts';

storeContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vertebra-sqlite-'));
  const store = await openSqliteStore({ folder });
  let last = store;
  return {
    store,
    async reopen() {
      await last.close();
      last = await openSqliteStore({ folder });
      return last;
    },
    async close() {
      await last.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
