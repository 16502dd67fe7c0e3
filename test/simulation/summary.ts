/** What many histories add up to, for people. */
import type { Finding, Verdict } from './verdict.ts';

const total = (verdicts: readonly Verdict[], of: (verdict: Verdict) => number): number =>
  verdicts.reduce((sum, verdict) => sum + of(verdict), 0);

export const countOf = (kind: Finding['kind'], verdicts: readonly Verdict[]): number =>
  total(verdicts, ({ findings }) => findings.filter((finding) => finding.kind === kind).length);

export function summary(verdicts: readonly Verdict[], took_ms: number): string {
  const counted = (of: keyof Verdict['counts']): number => total(verdicts, ({ counts }) => counts[of]);
  const hours = total(verdicts, ({ elapsed_ms }) => elapsed_ms) / 3_600_000;
  const rows: readonly (readonly [string, number])[] = [
    ['attempted', total(verdicts, ({ attempted }) => attempted)],
    ['acknowledged', total(verdicts, ({ acknowledged }) => acknowledged)],
    ['effected', total(verdicts, ({ effected }) => effected)],
    ['dead-lettered deliveries and messages', total(verdicts, ({ deadLettered }) => deadLettered)],
    ['lost', countOf('lost', verdicts)],
    ['doubled', countOf('doubled', verdicts)],
    ['unexpected', countOf('unexpected', verdicts)],
    ['other promises broken', countOf('broken', verdicts)],
  ];
  return [
    `    ${verdicts.length} seeds, ${hours.toFixed(1)} simulated hours in ${(took_ms / 1_000).toFixed(0)} s: ` +
      `${counted('crashes')} crashes, ${counted('freezes')} freezes, ${counted('jumps')} jumps of the clock, ` +
      `${counted('faults')} faults of the store, ${counted('attempts')} attempts to deliver (${counted('repeats')} repeated)`,
    ...rows.map(([what, count]) => `    ${what.padEnd(40)} ${String(count).padStart(7)}`),
  ].join('\n');
}
