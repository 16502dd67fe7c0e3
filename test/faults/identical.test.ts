/** One message a thousand times at once over fifty connections: every copy gets the answer, and there is one effect. */
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { createSystemClient } from '../../examples/connected-system.ts';
import { prescriptionOrder } from '../../examples/eps/examples.ts';
import { eventually } from '../support/eventually.ts';
import { startTestHub } from '../support/hub.ts';
import { freshId, isAcknowledged, newOrder, newPrescription } from '../support/orders.ts';
import { STACKS } from '../support/stacks.ts';
import { expectNothingLost, Tally } from './tally.ts';

const COPIES = 1_000;
const CONNECTIONS = 50;
const QUIET_ms = 500;

for (const stack of STACKS) {
  describe(`a thousand copies of one message at once, on the ${stack} stack`, function () {
    this.timeout(60_000);

    it('by ebXML are all acknowledged, and have one effect', async () => {
      const hub = await startTestHub({ stack });
      const { surgery } = hub.systems;
      const client = createSystemClient(hub.url, surgery.identity, CONNECTIONS);
      try {
        const tally = new Tally(`${COPIES} identical messages by ebXML, ${stack} stack`);
        const order = newOrder(surgery);
        tally.sent(order);
        await Promise.all(
          Array.from({ length: COPIES }, async () => {
            const answer = await client.ebxml(order);
            tally.answered(isAcknowledged(answer, order.messageId) ? 'acknowledged' : String(answer.status));
          }),
        );
        tally.acknowledged.add(order.messageId);
        await eventually('the effect is there', () => tally.missingAt(surgery.door).length === 0);
        await pass(QUIET_ms);
        const count = await expectNothingLost(tally, surgery.door, hub.store);
        expect(count).to.include({ attempted: 1, acknowledged: 1, effected: 1 });
        expect([...tally.answers]).to.deep.equal([['acknowledged', COPIES]]);
        expect(surgery.door.arrivals.filter(({ refTo }) => refTo === order.messageId)).to.have.length(1);
        expect(await hub.store.track(order.messageId)).to.have.length(1);
      } finally {
        await client.close();
        await hub.stop();
      }
    });

    it('by FHIR all get the same bytes, and have one effect', async () => {
      const hub = await startTestHub({ stack });
      const { surgery } = hub.systems;
      const client = createSystemClient(hub.url, surgery.identity, CONNECTIONS);
      try {
        const prescription = newPrescription(surgery.ods);
        const options = {
          requestId: freshId(),
          token: await hub.token(surgery, ['B0420']),
          body: prescriptionOrder(prescription),
        };
        const answers = await Promise.all(
          Array.from({ length: COPIES }, () =>
            client.fhir('POST', '/fhir-prescribing/FHIR/R4/$process-message', options),
          ),
        );
        expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).to.equal(1);
        expect(answers[0]?.status).to.equal(200);
        const key = prescription.prescriptionId.slice(0, -1);
        const record = await hub.store.records.get<{ changes: object[] }>('eps.prescription', key);
        expect(record?.version).to.equal(1);
        expect(record?.value.changes).to.have.length(1);
        const lines = (await hub.audit()).filter(({ messageId }) => messageId === options.requestId);
        expect(lines.map(({ action }) => action)).to.deep.equal(['prescription-order']);
        const effects = record?.value.changes.length ?? 0;
        const figures = { attempted: 1, acknowledged: 1, effected: effects, lost: 1 - effects, doubled: effects - 1 };
        console.log(`      ${COPIES} identical messages by FHIR, ${stack} stack: ${JSON.stringify(figures)}`);
      } finally {
        await client.close();
        await hub.stop();
      }
    });
  });
}
