/** Tables that people can read, whatever is in them. */
import { expect } from 'chai';
import { oneLine, pairs, table } from '../../cli/output.ts';

describe('what the command line prints', () => {
  it('aligns columns, numbers to the right, without blanks at the end', () => {
    expect(
      table(
        ['name', 'n', 'why'],
        [
          ['a', 5, 'x'],
          ['longer', 1_000, undefined],
        ],
      ),
    ).to.equal(['name       n  why', '------  ----  ---', 'a          5  x', 'longer  1000', ''].join('\n'));
  });

  it('cuts what is too wide and says that it did', () => {
    const [, , row = ''] = table(['x'], [['y'.repeat(100)]]).split('\n');
    expect([row.length, row.at(-1)]).to.deep.equal([60, '…']);
  });

  it('lets nothing draw on the terminal', () => {
    expect(oneLine('a\u001b[2Jb\nc\u202e')).to.equal('a [2Jb c ');
    expect(table(['x'], [['\u001b]0;title\u0007']])).to.contain('\n ]0;title\n');
    expect(pairs({ name: 'two\nlines' })).to.equal('name  two lines\n');
  });

  it('leaves out what is not there', () => {
    expect(pairs({ one: 1, two: undefined, three: false })).to.equal('one    1\nthree  false\n');
    expect(table(['x'], [])).to.equal('(none)\n');
  });
});
