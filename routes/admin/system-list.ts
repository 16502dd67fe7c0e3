/** Lists systems a page at a time, by the index that fits the question. */
import type { ConnectedSystem } from '../../core/directory.ts';
import { isOdsCode, isSystemId } from '../../core/identifiers.ts';
import { SYSTEM_KINDS } from '../../core/party.ts';
import type { RecordReader, StoredRecord } from '../../core/records.ts';
import { type Input, limitIn, optionalText } from './input.ts';
import type { SystemPage } from './operations.ts';

const STATES: readonly string[] = ['active', 'suspended', 'revoked'];
/** Pages looked through for one answer, where a second condition leaves few of each. */
const MOST_PAGES = 50;

/** Conditions by the directory's indexes, the one that leaves fewest first. */
const CONDITIONS: readonly (readonly [
  name: 'ods' | 'kind' | 'status',
  fits: (text: string) => boolean,
  what: string,
])[] = [
  ['ods', isOdsCode, 'is not an organisation code'],
  ['kind', (text) => SYSTEM_KINDS.some((kind) => kind === text), `is not one of ${SYSTEM_KINDS.join(', ')}`],
  ['status', (text) => STATES.includes(text), `is not one of ${STATES.join(', ')}`],
];

export async function listSystems(records: RecordReader, kind: string, input: Input): Promise<SystemPage> {
  const limit = limitIn(input);
  const asked = CONDITIONS.flatMap(([name, fits, what]) => {
    const value = optionalText(input, name, fits, what);
    return value === undefined ? [] : [{ name, value }];
  });
  const [index] = asked;
  let after = optionalText(input, 'after', isSystemId, 'is not twelve digits');
  const found: ConnectedSystem[] = [];

  for (let pages = 0; pages < MOST_PAGES; pages++) {
    const options = { limit, ...(after !== undefined && { after }) };
    const page: StoredRecord<ConnectedSystem>[] =
      index === undefined
        ? await records.list(kind, options)
        : await records.find(kind, index.name, index.value, options);
    for (const { value } of page) {
      if (!asked.every((condition) => value[condition.name] === condition.value)) continue;
      found.push(value);
      if (found.length === limit) return { systems: found, next: value.systemId };
    }
    after = page.at(-1)?.key;
    if (page.length < limit || after === undefined) return { systems: found };
  }
  return { systems: found, ...(after !== undefined && { next: after }) };
}
