/** Writes a fresh example order to standard output, to try `vertebra send` with: `write-example-order.ts <practice> <pharmacy>`, by their codes. */
import { randomUUID } from 'node:crypto';
import { isOdsCode } from '../core/identifiers.ts';
import { examplePrescription, prescriptionOrder } from '../examples/eps/examples.ts';

const [practice = '', pharmacy = ''] = process.argv.slice(2);
if (isOdsCode(practice) && isOdsCode(pharmacy)) {
  const prescription = examplePrescription({ id: randomUUID, ods: practice, nominated: pharmacy, at: Date.now() });
  process.stdout.write(`${prescriptionOrder(prescription)}\n`);
} else {
  process.stderr.write(
    'Usage: write-example-order.ts <organisation code of the practice> <organisation code of the pharmacy>\n',
  );
  process.exitCode = 2;
}
