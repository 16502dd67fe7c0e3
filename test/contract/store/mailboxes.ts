/** What the store promises about mailboxes: a receiver sees its own, in order, until it has acknowledged them. */
import { expect } from 'chai';
import type { DeliveryDraft } from '../../../core/delivery.ts';
import type { Store } from '../../../core/store.ts';
import { commitWhole, deliveryId, draft, HOSPITAL, kept, message, PHARMACY, START, settlement } from './samples.ts';

export function mailboxPromises(store: () => Store): void {
  const AT = START + 1_000;
  const pull = (number: number, extra: Partial<DeliveryDraft> = {}) => draft(number, { mode: 'pull', ...extra });
  const send = (number: number, ...deliveries: DeliveryDraft[]) =>
    store().commit(commitWhole(message(number), { deliveries }));
  const inbox = (after = 0, limit = 100, receiver = PHARMACY) => store().inbox(receiver, { after, limit });

  describe('a mailbox', () => {
    it('lists what waits for its receiver and for nobody else, in the order of the decisions', async () => {
      await send(1, pull(1, { subject: 'First' }), pull(2, { receiver: HOSPITAL }), draft(3));
      await send(2, pull(4));
      const entries = await inbox();
      expect(entries.map(({ id }) => id)).to.deep.equal([deliveryId(1), deliveryId(4)]);
      const { seq, ...first } = entries[0] ?? { seq: 0 };
      expect(seq).to.be.greaterThan(0);
      expect(first).to.deep.equal({
        id: deliveryId(1),
        interaction: pull(1).interaction,
        contentType: pull(1).contentType,
        createdAt: AT,
        subject: 'First',
      });
      expect(entries[1]).to.not.have.property('subject');
      expect((await inbox(0, 100, HOSPITAL)).map(({ id }) => id)).to.deep.equal([deliveryId(2)]);
    });

    it('is read a page at a time, by sequence', async () => {
      await send(1, ...[1, 2, 3, 4, 5].map((number) => pull(number)));
      const seen: string[] = [];
      for (let after = 0; ; ) {
        const page = await inbox(after, 2);
        expect(page.length).to.be.lessThan(3);
        seen.push(...page.map(({ id }) => id));
        const last = page.at(-1);
        if (!last) break;
        expect(last.seq).to.be.greaterThan(after);
        after = last.seq;
      }
      expect(seen).to.deep.equal([1, 2, 3, 4, 5].map(deliveryId));
    });

    it('gives a message whole to its receiver only, and as often as it asks', async () => {
      await send(1, pull(1, { body: 'Ünïcödé 😀', subject: 'First' }), draft(2));
      const whole = kept(pull(1, { body: 'Ünïcödé 😀', subject: 'First' }), message(1));
      expect(await store().inboxMessage(PHARMACY, deliveryId(1))).to.deep.equal(whole);
      expect(await store().inboxMessage(PHARMACY, deliveryId(1))).to.deep.equal(whole);
      expect(await store().inboxMessage(HOSPITAL, deliveryId(1))).to.equal(undefined);
      expect(await store().inboxMessage(PHARMACY, deliveryId(2))).to.equal(undefined);
      expect(await store().inboxMessage(PHARMACY, deliveryId(404))).to.equal(undefined);
    });

    it('loses a message when it is acknowledged, once, without a lease', async () => {
      await send(1, pull(1), pull(2));
      const acknowledge = () =>
        store().settle([settlement(deliveryId(1), undefined, AT + 5, { kind: 'acknowledged' })]);
      expect(await acknowledge()).to.deep.equal([true]);
      expect(await acknowledge()).to.deep.equal([false]);
      expect((await inbox()).map(({ id }) => id)).to.deep.equal([deliveryId(2)]);
      const lines = (await store().auditLines({ after: 0, limit: 10 })).filter(({ action }) => action === 'deliver');
      expect(lines).to.have.length(1);
      expect(lines[0]).to.deep.include({ system: PHARMACY, messageId: deliveryId(1), at: AT + 5 });
    });

    it('shows later messages to a reader who keeps the last sequence number', async () => {
      await send(1, pull(1));
      const [first] = await inbox();
      await store().settle([settlement(deliveryId(1), undefined, AT + 5, { kind: 'acknowledged' })]);
      await send(2, pull(2));
      expect((await inbox(first?.seq)).map(({ id }) => id)).to.deep.equal([deliveryId(2)]);
    });
  });
}
