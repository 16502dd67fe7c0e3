import { expect } from 'chai';
import { HubError } from '../../core/errors.ts';
import type { SenderRule } from '../../core/interaction.ts';
import type { Party, Person } from '../../core/party.ts';
import { maySend, requireMaySend } from '../../directory/rights.ts';

const surgery: Party = {
  systemId: '100000000001',
  partyKey: 'A83008-820001',
  ods: 'A83008',
  kind: 'general-practice',
  name: 'Surgery',
  sends: new Set(['order']),
};
const doctor: Person = {
  userId: '555000000001',
  roleId: '555000000002',
  role: 'S8000:G8000:R8000',
  ods: 'A83008',
  activities: new Set(['B0420']),
};
const open: SenderRule = { kinds: ['general-practice'], person: 'none' };
const prescribe: SenderRule = { kinds: ['general-practice'], person: 'token', activities: ['B0420', 'B0440'] };

const why = (...asked: Parameters<typeof maySend>): string => {
  const permission = maySend(...asked);
  return permission.permitted ? 'permitted' : permission.code;
};

describe('the right to send', () => {
  const cases: readonly (readonly [string, Parameters<typeof maySend>, string])[] = [
    [
      'is there for a system that may send it and is of a kind that may',
      [surgery, 'order', open, undefined],
      'permitted',
    ],
    [
      'is not there for an interaction that the directory does not give',
      [surgery, 'release', open, undefined],
      'INTERACTION_NOT_PERMITTED',
    ],
    [
      'is not there for a kind that the rule does not name',
      [{ ...surgery, kind: 'pharmacy' }, 'order', open, undefined],
      'INTERACTION_NOT_PERMITTED',
    ],
    [
      'is nobody’s where the rule names no kind',
      [surgery, 'order', { kinds: [], person: 'none' }, undefined],
      'INTERACTION_NOT_PERMITTED',
    ],
    ['needs the person where the rule says so', [surgery, 'order', prescribe, undefined], 'PERSON_REQUIRED'],
    ['needs one of the activities', [surgery, 'order', prescribe, doctor], 'permitted'],
    [
      'is not there for a role without the activity',
      [surgery, 'order', prescribe, { ...doctor, activities: new Set(['B0570']) }],
      'ROLE_NOT_PERMITTED',
    ],
    [
      'is nobody’s where the rule names an empty list of activities',
      [surgery, 'order', { ...prescribe, activities: [] }, doctor],
      'ROLE_NOT_PERMITTED',
    ],
    [
      'does without the person where one is optional',
      [surgery, 'order', { ...prescribe, person: 'optional' }, undefined],
      'permitted',
    ],
    [
      'looks at an optional person who is there',
      [surgery, 'order', { ...prescribe, person: 'optional' }, { ...doctor, activities: new Set() }],
      'ROLE_NOT_PERMITTED',
    ],
    [
      'is not given by a person to a system that has none',
      [surgery, 'release', prescribe, doctor],
      'INTERACTION_NOT_PERMITTED',
    ],
  ];
  for (const [name, asked, expected] of cases) {
    it(name, () => {
      expect(why(...asked)).to.equal(expected);
      if (expected === 'permitted') expect(() => requireMaySend(...asked)).not.to.throw();
      else
        expect(() => requireMaySend(...asked))
          .to.throw(HubError)
          .with.property('code', expected);
    });
  }
});
