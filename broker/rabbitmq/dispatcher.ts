/**
 * The broker over RabbitMQ: work is published as references, in batches, to queues sharded by receiver, and any hub process
 * takes it. While RabbitMQ is away, work is done by the process that has it; the store is the truth either way.
 */
import { hash } from 'node:crypto';
import type { ChannelModel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import type { Broker, DecidedNotice, Work, WorkHandler } from '../../core/broker.ts';
import { deadline } from '../../core/deadline.ts';
import { keyText } from '../../core/envelope.ts';
import { createEmbeddedBroker } from '../embedded/dispatcher.ts';
import { connectTo, declareTopology, EVENT_EXCHANGE, shardQueue, WORK_EXCHANGE } from './topology.ts';

export interface RabbitBrokerOptions {
  readonly url: string;
  readonly shards?: number;
  /** Batches of one shard taken from RabbitMQ and not yet done: quorum queues limit each consumer by itself. */
  readonly prefetch?: number;
  /** References in one AMQP message at most. */
  readonly batch?: number;
  /** Unconfirmed batches at most; beyond it work is done here. */
  readonly window?: number;
  readonly onTrouble?: (what: string, error: unknown) => void;
}

const CONNECT_WITHIN_ms = 5_000;
const RECONNECT_MOST_ms = 10_000;

const shardKey = (work: Work): string => (work.kind === 'decide' ? keyText(work.key) : work.ref.receiver);
/** What travels: never a body, never a patient. */
const reference = (work: Work): Work =>
  work.kind === 'decide' ? { kind: 'decide', key: work.key } : { kind: 'deliver', ref: work.ref };

export function createRabbitBroker(options: RabbitBrokerOptions): Broker {
  const { url, shards = 8, prefetch = 8, batch = 64, window = 256, onTrouble = () => undefined } = options;
  const here = createEmbeddedBroker();
  let handler: WorkHandler | undefined;
  let connection: ChannelModel | undefined;
  let channel: ConfirmChannel | undefined;
  let stopped = false;
  let unconfirmed = 0;
  let inHand = 0;
  let scheduled = false;
  let backoff_ms = 100;
  let retry: NodeJS.Timeout | undefined;
  const outgoing: Work[][] = Array.from({ length: shards }, () => []);

  const shardOf = (work: Work): number => Number.parseInt(hash('sha1', shardKey(work), 'hex').slice(0, 8), 16) % shards;

  async function connect(): Promise<void> {
    try {
      const opened = await deadline(connectTo(url, CONNECT_WITHIN_ms), CONNECT_WITHIN_ms, 'RabbitMQ');
      opened.on('error', (error) => onTrouble('RabbitMQ connection', error));
      opened.on('close', lost);
      const made = await opened.createConfirmChannel();
      made.on('error', (error) => onTrouble('RabbitMQ channel', error));
      made.on('close', () => void opened.close().catch(() => undefined));
      made.on('return', () => onTrouble('RabbitMQ returned work as unroutable', undefined));
      await declareTopology(made, shards);
      await made.prefetch(prefetch);
      connection = opened;
      for (let shard = 0; shard < shards; shard++)
        await made.consume(shardQueue(shard), (message) => void take(made, message));
      channel = made;
      backoff_ms = 100;
    } catch (error) {
      onTrouble('RabbitMQ cannot be reached', error);
      lost();
    }
  }

  function lost(): void {
    channel = undefined;
    connection = undefined;
    unconfirmed = 0;
    if (stopped || retry !== undefined) return;
    retry = setTimeout(() => {
      retry = undefined;
      void connect();
    }, backoff_ms);
    backoff_ms = Math.min(backoff_ms * 2, RECONNECT_MOST_ms);
  }

  async function take(from: ConfirmChannel, message: ConsumeMessage | null): Promise<void> {
    if (message === null || handler === undefined) return;
    inHand++;
    try {
      const works = JSON.parse(message.content.toString('utf8')) as Work[];
      await handler.handle(works);
      if (from === channel) from.ack(message);
    } catch (error) {
      onTrouble('work from RabbitMQ that cannot be read', error);
      if (from === channel) from.nack(message, false, false);
    } finally {
      inHand--;
    }
  }

  function flush(): void {
    scheduled = false;
    for (const works of outgoing) {
      while (works.length > 0) publish(works.splice(0, batch), outgoing.indexOf(works));
    }
  }

  function publish(works: readonly Work[], shard: number): void {
    const open = channel;
    if (open === undefined || unconfirmed >= window) {
      here.dispatch(works);
      return;
    }
    unconfirmed++;
    const settled = (error: unknown): void => {
      unconfirmed = Math.max(0, unconfirmed - 1);
      if (error !== null && error !== undefined && !stopped) here.dispatch(works);
    };
    try {
      const content = Buffer.from(JSON.stringify(works.map(reference)));
      open.publish(
        WORK_EXCHANGE,
        String(shard),
        content,
        { persistent: true, mandatory: true, contentType: 'application/json' },
        settled,
      );
    } catch (error) {
      settled(error);
    }
  }

  return {
    local: false,
    async start(given) {
      handler = given;
      await here.start(given);
      await connect();
    },
    dispatch(work) {
      if (stopped) return;
      for (const one of work) outgoing[shardOf(one)]?.push(one);
      if (scheduled) return;
      scheduled = true;
      setImmediate(flush);
    },
    announce(notice: DecidedNotice) {
      try {
        channel?.publish(
          EVENT_EXCHANGE,
          `decided.${notice.interaction}`.slice(0, 255),
          Buffer.from(JSON.stringify(notice)),
          {
            persistent: true,
            contentType: 'application/json',
          },
        );
      } catch {
        // best effort: whoever needs every message asks the store
      }
    },
    get depth() {
      return outgoing.reduce((sum, works) => sum + works.length, 0) + inHand + here.depth;
    },
    healthy: () => channel !== undefined,
    async stop(within_ms) {
      stopped = true;
      clearTimeout(retry);
      const until = Date.now() + within_ms;
      while (inHand > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
      await here.stop(Math.max(0, until - Date.now()));
      const open = connection;
      connection = undefined;
      channel = undefined;
      // closing a dead link can wait for ever
      if (open !== undefined) await deadline(open.close(), 1_000, 'RabbitMQ').catch(() => undefined);
    },
  };
}
