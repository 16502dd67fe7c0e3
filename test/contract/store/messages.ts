/** What the store promises about messages: kept once, found again whole, forgotten only when all is done. */
import { expect } from 'chai';
import { type Envelope, keyOf } from '../../../core/envelope.ts';
import type { Store } from '../../../core/store.ts';
import {
  causeOf,
  commitOf,
  DOCTOR,
  decision,
  draft,
  guid,
  HOSPITAL,
  message,
  party,
  START,
  storedCause,
} from './samples.ts';

const bytes = (envelope: Envelope | undefined): number[] => [...(envelope?.body ?? [])];
const WHOLE: Partial<Envelope> = {
  person: DOCTOR,
  correlationId: 'correlation-1',
  refToMessageId: guid(77),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  parameters: { 'odd name': "Ünïcödé “quoted” ' % 😀" },
};

export function messagePromises(store: () => Store): void {
  describe('a message', () => {
    it('is new the first time, the same after, and a conflict with other bytes', async () => {
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'new' });
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'same' });
      expect(await store().admit(message(1, {}, 'other bytes'))).to.deep.equal({ kind: 'conflict' });
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'same' });
    });

    it('is its sender’s own: another system may use the same id', async () => {
      await store().admit(message(1));
      expect(await store().admit(message(1, { sender: party(HOSPITAL) }, 'other'))).to.deep.equal({ kind: 'new' });
    });

    it('brings the first answer once it is decided', async () => {
      const answer = {
        kind: 'document',
        status: 201,
        contentType: 'application/fhir+json',
        body: '{"text":"é😀"}',
        headers: { etag: 'W/"1"' },
      } as const;
      await store().admit(message(1));
      await store().commit(commitOf(message(1), { decision: { answer } }));
      expect(await store().admit(message(1))).to.deep.equal({ kind: 'same', answer });
      expect(await store().admit(message(1, {}, 'other bytes'))).to.deep.equal({ kind: 'conflict' });
    });

    it('is new once, though 200 copies arrive at the same time', async () => {
      const admissions = await Promise.all(Array.from({ length: 200 }, () => store().admit(message(1))));
      expect(admissions.filter(({ kind }) => kind === 'new')).to.have.length(1);
      expect(admissions.filter(({ kind }) => kind === 'same')).to.have.length(199);
      expect(await store().auditLines({ after: 0, limit: 500 })).to.have.length(1);
    });

    it('is undecided until it is decided, oldest first, with everything but its bytes', async () => {
      const first = message(1, WHOLE);
      for (const envelope of [message(3), message(2), first]) await store().admit(envelope);
      const all = await store().undecided({ before: START + 100, limit: 10 });
      expect(all.map(({ messageId }) => messageId)).to.deep.equal([guid(1), guid(2), guid(3)]);
      expect(all[0]).to.deep.equal(storedCause(first));
      await store().commit(commitOf(message(2)));
      const rest = await store().undecided({ before: START + 100, limit: 10 });
      expect(rest.map(({ messageId }) => messageId)).to.deep.equal([guid(1), guid(3)]);
      expect(await store().undecided({ before: START + 100, limit: 1 })).to.have.length(1);
    });

    it('is listed as undecided only when it arrived before the moment asked for', async () => {
      await store().admit(message(5));
      expect(await store().undecided({ before: START + 5, limit: 10 })).to.deep.equal([]);
      expect(await store().undecided({ before: START + 6, limit: 10 })).to.have.length(1);
    });

    it('is given back with its very bytes, in the order asked for, absent ones left out', async () => {
      const body = Uint8Array.from({ length: 256 }, (_, index) => index);
      const binary = message(1, { ...WHOLE, body });
      const empty = message(2, { body: new Uint8Array() });
      await store().admit(binary);
      await store().admit(empty);
      await store().commit(commitOf(empty));
      const found = await store().envelopes([keyOf(empty), keyOf(message(9)), keyOf(binary)]);
      expect(found.map(({ messageId }) => messageId)).to.deep.equal([guid(2), guid(1)]);
      expect(bytes(found[0])).to.deep.equal([]);
      expect(bytes(found[1])).to.deep.equal([...body]);
      expect(found[1] && causeOf(found[1])).to.deep.equal(storedCause(binary));
      expect(await store().envelopes([])).to.deep.equal([]);
    });

    it('can be a large one', async () => {
      const body = new Uint8Array(3_000_000).fill(65);
      await store().admit(message(1, { body }));
      const [found] = await store().envelopes([keyOf(message(1))]);
      expect(found?.body.length).to.equal(3_000_000);
      expect(found?.body[2_999_999]).to.equal(65);
    });
  });

  describe('tracking a message', () => {
    it('tells its stage, its answer and its deliveries, for every sender of that id', async () => {
      const other = message(1, { sender: party(HOSPITAL) });
      await store().admit(message(1));
      await store().admit(other);
      await store().commit(commitOf(message(1), { deliveries: [draft(1), draft(2, { mode: 'pull' })] }));
      const tracks = await store().track(guid(1));
      expect(tracks).to.have.length(2);
      const decided = tracks.find(({ key }) => key.sender === message(1).sender.systemId);
      const accepted = tracks.find(({ key }) => key.sender === HOSPITAL);
      expect(decided).to.deep.include({
        key: keyOf(message(1)),
        interaction: message(1).interaction,
        stage: 'decided',
        receivedAt: START + 1,
        decidedAt: START + 1_000,
        answer: decision().answer,
      });
      expect(decided?.deliveries).to.deep.equal([
        {
          id: draft(1).id,
          receiver: draft(1).receiver,
          mode: 'push',
          interaction: draft(1).interaction,
          stage: 'waiting',
          attempts: 0,
          createdAt: START + 1_000,
        },
        {
          id: draft(2).id,
          receiver: draft(2).receiver,
          mode: 'pull',
          interaction: draft(2).interaction,
          stage: 'waiting',
          attempts: 0,
          createdAt: START + 1_000,
        },
      ]);
      expect(accepted).to.deep.include({ key: keyOf(other), stage: 'accepted', receivedAt: START + 1, deliveries: [] });
      expect(accepted).to.not.have.any.keys('decidedAt', 'answer', 'reason');
    });

    it('finds the message that caused a delivery by the delivery’s id', async () => {
      await store().admit(message(1));
      await store().commit(commitOf(message(1), { deliveries: [draft(1)] }));
      const tracks = await store().track(draft(1).id);
      expect(tracks.map(({ key }) => key)).to.deep.equal([keyOf(message(1))]);
      expect(tracks[0]?.deliveries.map(({ id }) => id)).to.include(draft(1).id);
    });

    it('finds nothing for an id that nobody used', async () => {
      expect(await store().track(guid(404))).to.deep.equal([]);
    });
  });
}
