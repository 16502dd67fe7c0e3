import { expect } from 'chai';
import fc from 'fast-check';
import { TRANSITIONS } from '../../../adapters/ereferral/states.ts';
import type { Decision } from '../../../core/decision.ts';
import type { HubError } from '../../../core/errors.ts';
import * as scene from './bench.ts';

const { etagOf, outcome, ReferralBench, SLOTS } = scene;

describe('If-Match', () => {
  it('is needed to accept and to reject', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    for (const move of ['accept', 'reject'] as const) {
      const { answer } = await bench[move](ubrn, undefined);
      expect(answer).to.include({ kind: 'refused', code: 'VERSION_REQUIRED' });
    }
    expect(bench.versionOf(ubrn)).to.equal(2);
  });

  it('must name the version that is there now', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    for (const version of [0, 1, 3, 999_999_999])
      expect(outcome(await bench.accept(ubrn, version))).to.equal('VERSION_CONFLICT');
    expect(outcome(await bench.accept(ubrn, 2))).to.equal(200);
  });

  it('of another form is refused as a header', async () => {
    const { accept } = await import('../../../adapters/ereferral/adapter.ts');
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    for (const header of ['2', '"2"', 'W/2', 'W/"two"', '*', 'W/"2", W/"3"', 'W/"-1"']) {
      const asked = bench.call(accept, scene.consultant, undefined, { ubrn, 'if-match': header });
      const refused: HubError = await asked.then(
        () => expect.fail('it was not refused'),
        (thrown) => thrown,
      );
      expect(refused.code, header).to.equal('HEADER_INVALID');
    }
  });

  it('lets one of two decisions from the same version win; the other is refused when it decides again', async () => {
    const bench = new ReferralBench();
    const ubrn = await bench.booked();
    expect(outcome(await bench.accept(ubrn, 2))).to.equal(200);
    expect(outcome(await bench.reject(ubrn, 2))).to.equal('VERSION_CONFLICT');
    expect(outcome(await bench.reject(ubrn, 3))).to.equal('INVALID_REQUEST_STATE');
  });

  it('makes every accepted change exactly one step, whatever is asked in whatever order', async () => {
    const step = fc.record({
      move: fc.constantFrom('book' as const, 'defer' as const, 'accept' as const, 'reject' as const, 'read' as const),
      /** How far the version named lies from the one that is there. */
      off: fc.constantFrom(0, 0, 0, -1, 1),
      slot: fc.constantFrom(...SLOTS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const bench = new ReferralBench();
        const ubrn = await bench.made();
        for (const { move, off, slot } of steps) {
          const [before, state] = [bench.versionOf(ubrn), bench.referralOf(ubrn).state];
          const version = before + off;
          const decision: Decision =
            move === 'book'
              ? await bench.book(ubrn, version, slot)
              : move === 'defer'
                ? await bench.defer(ubrn, version, 'SLOT_NOT_AVAILABLE', slot.id)
                : move === 'read'
                  ? await bench.read(ubrn)
                  : await bench[move](ubrn, version);
          const changed = decision.answer.kind === 'document' && move !== 'read';
          expect(bench.versionOf(ubrn)).to.equal(before + (changed ? 1 : 0));
          if (move !== 'read' && off !== 0 && outcome(decision) !== 'NO_RELATIONSHIP') {
            expect(outcome(decision)).to.equal('VERSION_CONFLICT');
          }
          if (changed && move !== 'book' && move !== 'defer') expect(etagOf(decision)).to.equal(`W/"${before + 1}"`);
          if (move === 'read') expect(etagOf(decision)).to.equal(`W/"${before}"`);
          if (changed) {
            expect(TRANSITIONS[move].from).to.include(state);
            expect(bench.referralOf(ubrn).state).to.equal(TRANSITIONS[move].to);
          }
          const slots = [...bench.kept.values()].filter(({ kind }) => kind === 'ers.slot');
          const held = slots.filter(({ value }) => (value as { ubrn?: string }).ubrn === ubrn);
          expect(held.length).to.equal(bench.referralOf(ubrn).appointment?.status === 'booked' ? 1 : 0);
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(30_000);
});
