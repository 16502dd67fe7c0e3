/** What the store promises about dead letters: kept to the byte with the reason, and put back once when asked. */
import { expect } from 'chai';
import { keyOf, keyText } from '../../../core/envelope.ts';
import type { Store } from '../../../core/store.ts';
import {
  commitOf,
  commitWhole,
  decision,
  deliveryId,
  draft,
  guid,
  message,
  PHARMACY,
  START,
  settlement,
} from './samples.ts';

const AT = START + 1_000;
const OPERATOR = { user: 'operator-1', ods: 'A83008' };

export function deadLetterPromises(store: () => Store): void {
  const killMessage = async (number: number, at = AT) => {
    const body = Uint8Array.from({ length: 256 }, (_, index) => (index + number) % 256);
    const envelope = message(number, { body, contentType: 'application/xml' });
    await store().admit(envelope);
    await store().commit(commitOf(envelope, { extra: { dead: 'The rules failed.', at } }));
    return envelope;
  };
  const killDelivery = async (number: number, mode: 'push' | 'pull' = 'push', at = AT) => {
    const owner = mode === 'push' ? 'a' : undefined;
    const body = 'Ünïcödé 😀\r\n';
    await store().commit(commitWhole(message(number), { deliveries: [draft(number, { mode, body })], extra: { at } }));
    if (mode === 'push') {
      await store().claim({ lease: { owner: 'a', until: at + 10 }, now: at, limit: 1, ids: [deliveryId(number)] });
      await store().settle([settlement(deliveryId(number), 'a', at, { kind: 'retry', at, reason: 'no answer' })]);
      await store().claim({ lease: { owner: 'a', until: at + 10 }, now: at, limit: 1, ids: [deliveryId(number)] });
    }
    await store().settle([settlement(deliveryId(number), owner, at + 5, { kind: 'dead', reason: 'EXPIRED' })]);
  };
  const list = (limit = 100, after?: string) => store().deadLetters({ limit, ...(after !== undefined && { after }) });
  const idOf = (number: number) => keyText(keyOf(message(number)));
  const lastLine = async () => (await store().auditLines({ after: 0, limit: 1_000 })).at(-1);

  describe('a dead letter', () => {
    it('names the delivery, why and when it died, and keeps its bytes', async () => {
      await killDelivery(1);
      const letter = {
        id: deliveryId(1),
        kind: 'delivery',
        receiver: PHARMACY,
        interaction: draft(1).interaction,
        cause: keyOf(message(1)),
        reason: 'EXPIRED',
        diedAt: AT + 5,
      };
      const [listed] = await list();
      expect(listed).to.deep.include(letter);
      expect(listed?.attempts).to.equal(2);
      const found = await store().deadLetter(deliveryId(1));
      expect(found?.letter).to.deep.equal(listed);
      expect(found?.contentType).to.equal(draft(1).contentType);
      expect([...(found?.body ?? [])]).to.deep.equal([...Buffer.from('Ünïcödé 😀\r\n')]);
    });

    it('names the message, as sender/messageId, and keeps its bytes', async () => {
      const envelope = await killMessage(1);
      const [listed] = await list();
      expect(listed).to.deep.include({
        id: idOf(1),
        kind: 'message',
        interaction: envelope.interaction,
        cause: keyOf(envelope),
        reason: 'The rules failed.',
        diedAt: AT,
      });
      const found = await store().deadLetter(idOf(1));
      expect(found?.letter).to.deep.equal(listed);
      expect(found?.contentType).to.equal('application/xml');
      expect([...(found?.body ?? [])]).to.deep.equal([...envelope.body]);
    });

    it('is not what lives: no other delivery or message is one', async () => {
      await store().commit(commitWhole(message(1), { deliveries: [draft(1)] }));
      expect(await list()).to.deep.equal([]);
      for (const id of [deliveryId(1), idOf(1), guid(404), '', 'a/b/c']) {
        expect(await store().deadLetter(id), id).to.equal(undefined);
        expect(await store().replay(id, OPERATOR, AT), id).to.equal(false);
      }
      expect((await lastLine())?.action).to.not.equal('replay');
    });

    it('is listed once in all pages, whatever its kind', async () => {
      for (const number of [1, 2, 3]) await killMessage(number, AT + number);
      for (const number of [4, 5, 6, 7]) await killDelivery(number, number % 2 ? 'pull' : 'push', AT - number);
      const seen: string[] = [];
      for (let after: string | undefined; ; ) {
        const page = await list(2, after);
        expect(page.length).to.be.lessThan(3);
        seen.push(...page.map(({ id }) => id));
        after = page.at(-1)?.id;
        if (after === undefined) break;
      }
      expect(seen).to.have.length(7);
      expect(new Set(seen)).to.deep.equal(new Set([...[1, 2, 3].map(idOf), ...[4, 5, 6, 7].map(deliveryId)]));
      expect((await store().backlog()).dead).to.equal(7);
    });
  });

  describe('replaying', () => {
    it('a message lets it be decided again, once', async () => {
      const envelope = await killMessage(1);
      expect(await store().replay(idOf(1), OPERATOR, AT + 500)).to.equal(true);
      expect(await store().replay(idOf(1), OPERATOR, AT + 501)).to.equal(false);
      expect(await list()).to.deep.equal([]);
      expect((await store().undecided({ before: AT + 1e9, limit: 10 })).map(keyOf)).to.deep.equal([keyOf(envelope)]);
      expect(await store().admit(envelope)).to.deep.equal({ kind: 'same' });
      const [track] = await store().track(guid(1));
      expect(track?.stage).to.equal('accepted');
      const answer = { kind: 'accepted', text: 'The second time.' } as const;
      expect(await store().commit(commitOf(envelope, { decision: decision({ answer }) }))).to.deep.include({
        kind: 'committed',
      });
      expect(await store().admit(envelope)).to.deep.equal({ kind: 'same', answer });
      expect(await store().backlog()).to.deep.include({ undecided: 0, dead: 0 });
    });

    it('a delivery starts it afresh, once', async () => {
      await killDelivery(1);
      expect(await store().replay(deliveryId(1), OPERATOR, AT + 500)).to.equal(true);
      expect(await store().replay(deliveryId(1), OPERATOR, AT + 501)).to.equal(false);
      expect(await list()).to.deep.equal([]);
      expect(await store().due({ now: AT + 499, limit: 10 })).to.deep.equal([]);
      const [held] = await store().claim({ lease: { owner: 'b', until: AT + 999 }, now: AT + 500, limit: 10 });
      expect(held).to.deep.include({ id: deliveryId(1), attempts: 0, createdAt: AT + 500 });
      const acknowledged = settlement(deliveryId(1), 'b', AT + 501, { kind: 'acknowledged' });
      expect(await store().settle([acknowledged])).to.deep.equal([true]);
      const [track] = await store().track(deliveryId(1));
      expect(track?.deliveries[0]).to.deep.include({ stage: 'acknowledged', settledAt: AT + 501 });
    });

    it('a delivery to a mailbox puts it back there', async () => {
      await killDelivery(1, 'pull');
      expect(await store().inbox(PHARMACY, { after: 0, limit: 10 })).to.deep.equal([]);
      await store().replay(deliveryId(1), OPERATOR, AT + 500);
      expect((await store().inbox(PHARMACY, { after: 0, limit: 10 })).map(({ id }) => id)).to.deep.equal([
        deliveryId(1),
      ]);
    });

    it('is in the audit trail with who asked for it', async () => {
      await killMessage(1);
      await store().replay(idOf(1), OPERATOR, AT + 500);
      expect(await lastLine()).to.deep.include({
        at: AT + 500,
        user: 'operator-1',
        ods: 'A83008',
        system: null,
        action: 'replay',
        outcome: 'success',
        entity: `dead-letter/${idOf(1)}`,
      });
      await killDelivery(2);
      await store().replay(deliveryId(2), OPERATOR, AT + 600);
      expect(await lastLine()).to.deep.include({ action: 'replay', entity: `dead-letter/${deliveryId(2)}` });
    });

    it('happens once, though ten ask at the same time', async () => {
      await killDelivery(1);
      const results = await Promise.all(
        Array.from({ length: 10 }, () => store().replay(deliveryId(1), OPERATOR, AT + 500)),
      );
      expect(results.filter(Boolean)).to.have.length(1);
    });
  });
}
