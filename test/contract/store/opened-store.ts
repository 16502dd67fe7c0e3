/** How a suite opens the store that it tests. */
import type { Store } from '../../../core/store.ts';

export interface OpenedStore {
  readonly store: Store;
  /** Opens it again where it was, after `store.close()` (which may be called twice); absent where nothing is durable. */
  readonly reopen?: () => Promise<Store>;
  /** Closes whatever is open and removes what the test left behind. */
  close(): Promise<void>;
}

/** Opens an empty store. */
export type OpenStore = (options?: { folder?: string }) => Promise<OpenedStore>;
