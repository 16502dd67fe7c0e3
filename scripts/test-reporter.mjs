/** Mocha's own spec reporter, with the counts written to a file for the summary at the end. */
import { writeFileSync } from 'node:fs';
import mocha from 'mocha';

export default class SpecWithCounts extends mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const output = options.reporterOption?.output ?? options.reporterOptions?.output;
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      if (output) writeFileSync(output, JSON.stringify({ passes, failures, pending }));
    });
  }
}
