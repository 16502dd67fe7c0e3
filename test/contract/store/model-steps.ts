/** The steps that a random story is made of. */
import fc from 'fast-check';

const KEYS = ['K1', 'K2', 'K3'];
const MESSAGES = [1, 2, 3, 4, 5, 6];
const pick = <Value>(...values: Value[]) => fc.constantFrom(...values);

const writeStep = fc.record({
  key: pick(...KEYS),
  off: pick(0, 0, 0, 0, 1),
  remove: pick(false, false, true),
  tag: pick('x', 'y'),
});
const sendStep = fc.record({ mode: pick('push', 'push', 'pull'), lane: pick(null, 'L', 'M') });
export const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant('admit'),
      number: pick(...MESSAGES),
      other: pick(false, false, true),
      far: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('commit'),
      number: pick(...MESSAGES),
      other: pick(false, false, false, true),
      far: fc.boolean(),
      whole: pick(true, true, false),
      dead: pick(false, false, false, true),
      lease: pick(undefined, 'a', 'b'),
      writes: fc.uniqueArray(writeStep, { maxLength: 2, selector: ({ key }) => key }),
      sends: fc.array(sendStep, { maxLength: 3 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ what: fc.constant('claim'), owner: pick('a', 'b'), life: pick(5, 40) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      what: fc.constant('settle'),
      which: fc.nat(30),
      owner: pick('a', 'b', undefined),
      outcome: pick('acknowledged', 'retry', 'deferred', 'dead', 'dead with notice'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('replay'), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('purge'), ago: pick(0, 20) }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('wait'), ms: pick(1, 10, 50) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
