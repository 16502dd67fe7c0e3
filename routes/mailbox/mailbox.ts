/** A system's mailbox: the pull deliveries of the store, settled by whom they are for. */
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { MailboxPort } from '../ports.ts';

export function mailboxOf(store: Store, clock: Clock, telemetry: Telemetry): MailboxPort {
  return {
    list: (receiver, query) => store.inbox(receiver, query),
    fetch: (receiver, id) => store.inboxMessage(receiver, id),
    async acknowledge(party, id) {
      const delivery = await store.inboxMessage(party.systemId, id);
      if (delivery === undefined) return false;
      const at = clock.now();
      const [settled] = await store.settle([
        {
          id,
          at,
          outcome: { kind: 'acknowledged' },
          event: { action: 'collect', outcome: 'success', entity: `message/${delivery.cause.messageId}` },
        },
      ]);
      if (settled === true) {
        telemetry.stage('collected', {
          delivery: id,
          messageId: delivery.cause.messageId,
          system: party.systemId,
          interaction: delivery.interaction,
          took_ms: at - delivery.createdAt,
        });
      }
      return settled === true;
    },
  };
}
