/** What the hub declares in RabbitMQ: a few sharded quorum queues for work, never one for each connected system. */
import type { ChannelModel, ConfirmChannel } from 'amqplib';

export const WORK_EXCHANGE = 'vertebra.work';
export const EVENT_EXCHANGE = 'vertebra.events';
export const DEAD_EXCHANGE = 'vertebra.dead';
export const DEAD_QUEUE = 'vertebra.dead';

export const shardQueue = (shard: number): string => `vertebra.work.${shard}`;

/**
 * Declares exchanges and queues; harmless when they exist already.
 * Quorum queues: a confirm means that a quorum wrote it. The delivery limit is set because 3.10 has none by default, and
 * dead-lettering is at least once, which wants reject-publish.
 */
export async function declareTopology(channel: ConfirmChannel, shards: number): Promise<void> {
  await channel.assertExchange(WORK_EXCHANGE, 'direct', { durable: true });
  await channel.assertExchange(EVENT_EXCHANGE, 'topic', { durable: true });
  await channel.assertExchange(DEAD_EXCHANGE, 'fanout', { durable: true });
  await channel.assertQueue(DEAD_QUEUE, {
    durable: true,
    arguments: { 'x-queue-type': 'quorum', 'x-max-length': 100_000 },
  });
  await channel.bindQueue(DEAD_QUEUE, DEAD_EXCHANGE, '');
  for (let shard = 0; shard < shards; shard++) {
    await channel.assertQueue(shardQueue(shard), {
      durable: true,
      arguments: {
        'x-queue-type': 'quorum',
        'x-delivery-limit': 20,
        'x-dead-letter-exchange': DEAD_EXCHANGE,
        'x-dead-letter-strategy': 'at-least-once',
        'x-overflow': 'reject-publish',
      },
    });
    await channel.bindQueue(shardQueue(shard), WORK_EXCHANGE, String(shard));
  }
}

/** `noDelay`: without it, confirms one at a time wait for the network's own timers (21 messages a second). */
export async function connectTo(url: string, within_ms: number): Promise<ChannelModel> {
  const { connect } = await import('amqplib');
  const address = new URL(url);
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', '10');
  return connect(address.href, { noDelay: true, timeout: within_ms });
}
