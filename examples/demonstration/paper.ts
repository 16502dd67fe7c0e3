/** What people see: aligned columns, colour where the output is a terminal, one line for each thing expected and seen. */
import { styleText } from 'node:util';
import type { ClosedChapter, Expectation, Row } from './chapter.ts';
import type { Connected } from './connect.ts';

type Style = Parameters<typeof styleText>[0];

export interface Paper {
  heading(text: string): void;
  line(text?: string): void;
  /** A name and what it is, in two columns. */
  pair(name: string, text: string): void;
  /** Who is connected, and how each takes what is sent to it. */
  systems(connected: readonly Connected[]): void;
  chapter(chapter: ClosedChapter): void;
  verdict(met: boolean, text: string): void;
}

const WIDTHS = { what: 28, route: 27, time: 9 } as const;
const HEADS = ['accepted', 'decided', 'delivered', 'acknowledged', 'took'] as const;

export function openPaper(out: NodeJS.WriteStream = process.stdout): Paper {
  const colourful = out.isTTY && process.env['NO_COLOR'] === undefined;
  const paint = (style: Style, text: string): string =>
    colourful ? styleText(style, text, { validateStream: false }) : text;
  const line = (text = ''): void => void out.write(`${text.trimEnd()}\n`);
  const mark = (met: boolean): string => (met ? paint('green', '✓') : paint(['red', 'bold'], '✗'));

  function row(one: Row): void {
    const { what, from, tells, status, met, expected } = one;
    const answered = status === 0 ? 'none' : String(status);
    const cells = [
      cell(answered, HEADS[0].length, status === expected ? (status >= 400 ? 'yellow' : 'green') : ['red', 'bold']),
      cell(since(one.decided_ms), WIDTHS.time),
      cell(since(one.delivered_ms), WIDTHS.time),
      cell(since(one.acknowledged_ms), HEADS[3].length),
      cell(since(one.took_ms), WIDTHS.time, 'bold'),
    ];
    const route = [from, 'hub', ...tells].join(' → ');
    line(`${mark(met)} ${what.padEnd(WIDTHS.what)} ${paint('dim', route.padEnd(WIDTHS.route))} ${cells.join(' ')}`);
  }

  const cell = (text: string, width: number, style: Style = text === '·' ? 'dim' : 'reset'): string =>
    paint(style, text.padStart(width));

  function expectation({ what, expected, seen, met }: Expectation, width: number): void {
    const compared = met ? paint('dim', seen) : paint('red', `${seen} (expected ${expected})`);
    line(`  ${mark(met)} ${what.padEnd(width)}  ${compared}`);
  }

  return {
    line,
    heading: (text) => line(paint('bold', text)),
    pair: (name, text) => line(`  ${paint('dim', name.padEnd(12))}${text}`),

    systems(connected) {
      line();
      line(
        `${paint(['bold', 'cyan'], 'Connected')}  ${paint('dim', 'each with a key of its own, enrolled once with a token')}`,
      );
      for (const { system, endpoint } of connected) {
        const { name, ods, organisation, wire } = system;
        const takes = endpoint === undefined ? 'a mailbox at the hub' : `${endpoint.url}/in (${wire})`;
        line(`${mark(true)} ${name.padEnd(11)}${ods.padEnd(8)}${organisation.padEnd(42)}${paint('dim', takes)}`);
      }
    },

    chapter({ title, rows, expectations }) {
      line();
      if (rows.length > 0) {
        const heads = HEADS.map((head) =>
          head.padStart(head === 'accepted' || head === 'acknowledged' ? head.length : WIDTHS.time),
        );
        line(
          `${paint(['bold', 'cyan'], title.padEnd(WIDTHS.what + 2))} ${paint('dim', `${'from → to'.padEnd(WIDTHS.route)} ${heads.join(' ')}`)}`,
        );
      } else line(paint(['bold', 'cyan'], title));
      rows.forEach(row);
      const width = Math.max(...expectations.map(({ what }) => what.length));
      line(paint('dim', `    ${'expected'.padEnd(width)}  seen`));
      for (const one of expectations) expectation(one, width);
    },

    verdict(met, text) {
      line();
      line(`${mark(met)} ${paint(met ? ['green', 'bold'] : ['red', 'bold'], text)}`);
    },
  };
}

/** `12 ms`, `1.2 s`; a dot for a step that was not taken, `before` for one that an earlier copy of the message took. */
function since(time_ms: number | undefined): string {
  if (time_ms === undefined) return '·';
  if (time_ms < 0) return 'before';
  return time_ms < 1_000 ? `${time_ms} ms` : `${(time_ms / 1_000).toFixed(1)} s`;
}
