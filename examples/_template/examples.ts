/** Example messages of the notice service. COPY: a function for each message, its ids passed in, and the bad ones beside it. */
import type { MessageExample } from '../example.ts';

export const post = (code: string, to: string): string =>
  JSON.stringify({
    resourceType: 'Parameters',
    parameter: [
      { name: 'code', valueCode: code },
      { name: 'to', valueString: to },
    ],
  });

const surgery = { kind: 'general-practice', ods: 'A83008' } as const;
const pharmacy = { kind: 'pharmacy', ods: 'FA565' } as const;
const posted = { interaction: 'fhir:notice:post', from: surgery } as const;

/** COPY: the contract suite tells these in order as one story; each interaction needs a good one. */
export const contractExamples: readonly MessageExample[] = [
  { ...posted, what: 'a notice of closure', body: post('closure', pharmacy.ods) },
  { interaction: 'fhir:notice:read', from: pharmacy, what: 'the pharmacy that reads it' },
  { ...posted, what: 'a code of no list', body: post('holiday', pharmacy.ods), refused: ['VALUE_INVALID'] },
  { ...posted, what: 'a receiver that is no organisation code', body: post('delay', '?'), refused: ['VALUE_INVALID'] },
  { ...posted, what: 'another resource', body: '{"resourceType":"Patient"}', refused: ['JSON_INVALID'] },
  { ...posted, what: 'a body cut short', body: post('delay', pharmacy.ods).slice(0, -3), refused: ['JSON_ILL_FORMED'] },
];
