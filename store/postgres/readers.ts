/** The connections that only look: each statement goes to the least busy one that is up. */

import type { Cell } from './arrays.ts';
import { asStoreError, unavailable } from './faults.ts';
import type { Link, Row, Session, Statement } from './link.ts';

export class Readers {
  readonly #links: readonly Link[];

  constructor(links: readonly Link[]) {
    this.#links = links;
  }

  /** Rejects with STORE_UNAVAILABLE, at once where nothing is connected. */
  async run(statement: Statement, values: readonly (Cell | Buffer)[] = []): Promise<Row[]> {
    try {
      return await this.#session().run(statement, values);
    } catch (thrown) {
      throw asStoreError(thrown);
    }
  }

  #session(): Session {
    let best: Link | undefined;
    for (const link of this.#links) {
      if (link.inFlight < (best?.inFlight ?? Number.POSITIVE_INFINITY)) best = link;
    }
    if (best === undefined) throw unavailable();
    return best.session();
  }
}
