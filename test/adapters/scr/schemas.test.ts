import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { raiseAlert, setPermissionToView, uploadSummary } from '../../../adapters/scr/adapter.ts';
import { alert, PATIENTS, permission, summary, summaryWithMarkup } from '../../../examples/scr/examples.ts';
import { type Catalogue, createCatalogue } from '../../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../../schemas/limits.ts';
import { uuid } from './bench.ts';

const ids = { nhsNumber: PATIENTS.ada, summaryId: uuid('a'), bundleId: uuid('b'), ods: 'A83008', replaces: uuid('c') };
const claims = {
  alertId: 'a',
  nhsNumber: PATIENTS.ada,
  ods: 'FA565',
  userId: '1',
  systemId: '200000000001',
  words: 'why',
};

describe('the example messages of the Summary Care Record', () => {
  let catalogue: Catalogue;
  before(function () {
    this.timeout(60_000);
    catalogue = createCatalogue({
      xsdFolder: fileURLToPath(new URL('../../../schemas', import.meta.url)),
      limits: DEFAULT_LIMITS,
    });
    catalogue.prepare([uploadSummary.schema, setPermissionToView.schema, raiseAlert.schema]);
  });
  after(() => catalogue.dispose());

  for (const [name, { schema }, body] of [
    ['a summary', uploadSummary, summary(ids)],
    ['a summary full of mark-up', uploadSummary, summaryWithMarkup(ids)],
    ['a permission', setPermissionToView, permission(PATIENTS.ada, 'No', 'Yes')],
    ['an alert', raiseAlert, alert(claims)],
  ] as const) {
    it(`keep to the published FHIR schema: ${name}`, () => {
      const bytes = Buffer.from(JSON.stringify(body));
      expect(catalogue.check(schema, bytes)).to.deep.equal({ kind: 'json', value: JSON.parse(bytes.toString()) });
    });
  }
});
