/** The hub's own schemas with the hub's limits, for tests that have no hub. */
import { fileURLToPath } from 'node:url';
import { type Catalogue, createCatalogue } from '../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';

export const testCatalogue = (): Catalogue =>
  createCatalogue({ xsdFolder: fileURLToPath(new URL('../../schemas', import.meta.url)), limits: DEFAULT_LIMITS });
