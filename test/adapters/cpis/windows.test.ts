/** The windows of a plan, counted in days of the English calendar. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Plan } from '../../../adapters/cpis/model.ts';
import { addDays, birthday, englishDay, planState, sentDate } from '../../../adapters/cpis/states.ts';

const plan = (extra: Partial<Plan> = {}): Plan => ({
  id: 'P1',
  kind: 'CPP',
  nhsNumber: '9990000018',
  birthDate: '2018-05-14',
  start: '2025-06-01',
  authority: '301',
  system: '200000000301',
  updatedAt: 0,
  ...extra,
});

describe('the window of a plan', () => {
  it('opens on its first day', () => {
    expect(planState(plan(), '2025-05-31')).to.equal('coming');
    expect(planState(plan(), '2025-06-01')).to.equal('current');
  });

  it('stays open for 365 days after the end, and closes on the next', () => {
    const ended = plan({ end: '2025-12-31' });
    expect(planState(ended, '2025-12-31')).to.equal('current');
    expect(planState(ended, '2026-01-01')).to.equal('recent');
    expect(planState(ended, '2026-12-31')).to.equal('recent');
    expect(planState(ended, '2027-01-01')).to.equal('closed');
  });

  it('counts days, not years, over a 29 February', () => {
    const ended = plan({ start: '2023-06-01', end: '2023-12-31' });
    expect(planState(ended, '2024-12-30')).to.equal('recent');
    expect(planState(ended, '2024-12-31')).to.equal('closed');
  });

  it('closes an unborn child’s plan 28 days after the due date, whatever the mother’s age', () => {
    const unborn = plan({ kind: 'UCP', birthDate: '1995-01-01', dueDate: '2026-02-01' });
    expect(planState(unborn, '2026-03-01')).to.equal('current');
    expect(planState(unborn, '2026-03-02')).to.equal('closed');
  });

  it('closes everything on the 18th birthday', () => {
    const born = plan({ birthDate: '2008-03-02' });
    expect(planState(born, '2026-03-01')).to.equal('current');
    expect(planState(born, '2026-03-02')).to.equal('closed');
    expect(planState(plan({ birthDate: '2008-03-02', end: '2026-02-01' }), '2026-03-02')).to.equal('closed');
  });

  it('takes 1 March for the birthday of someone born on 29 February', () => {
    const born = plan({ birthDate: '2008-02-29' });
    expect(planState(born, '2026-02-28')).to.equal('current');
    expect(planState(born, '2026-03-01')).to.equal('closed');
    expect(birthday('2008-02-29', 4)).to.equal('2012-02-29');
  });

  it('never shows a deleted plan', () => {
    expect(planState(plan({ deleted: '2026-01-01' }), '2025-07-01')).to.equal('deleted');
  });

  it('turns the day at midnight in England, in summer an hour before UTC does', () => {
    expect(englishDay(Date.parse('2026-07-01T22:59:59Z'))).to.equal('2026-07-01');
    expect(englishDay(Date.parse('2026-07-01T23:00:00Z'))).to.equal('2026-07-02');
    expect(englishDay(Date.parse('2026-12-01T23:30:00Z'))).to.equal('2026-12-01');
  });

  it('never opens again once it has closed', () => {
    const days = fc.integer({ min: 0, max: 12_000 }).map((count) => addDays('2000-01-01', count));
    const kinds = fc.constantFrom('LAC' as const, 'CPP' as const, 'UCP' as const);
    fc.assert(
      fc.property(
        days,
        days,
        days,
        fc.option(days, { nil: undefined }),
        kinds,
        (birthDate, start, dueDate, end, kind) => {
          const one = plan({ kind, birthDate, start, dueDate, ...(end !== undefined && end >= start && { end }) });
          let closed = false;
          for (let day = '1999-12-01'; day < '2036-01-01'; day = addDays(day, 61)) {
            const state = planState(one, day);
            if (closed) expect(state, day).to.equal('closed');
            closed ||= state === 'closed';
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('a date in an upload', () => {
  it('is a day of the calendar or is not readable', () => {
    expect(sentDate(undefined)).to.equal(undefined);
    expect(sentDate('20240229')).to.equal('2024-02-29');
    expect(sentDate('202402291130+0000')).to.equal('2024-02-29');
    for (const bad of ['20250229', '20251301', '2025', '', '2025-01-01', '00000000', '99991231']) {
      expect(sentDate(bad), bad).to.equal('unreadable');
    }
  });
});
