/** The broker over RabbitMQ keeps the Broker's promises, and does the work itself while RabbitMQ is away. */
import { expect } from 'chai';
import { createRabbitBroker } from '../../broker/rabbitmq/dispatcher.ts';
import type { Work } from '../../core/broker.ts';
import { brokerContract } from '../contract/broker-suite.ts';
import { sharedService } from '../support/services.ts';

brokerContract('RabbitMQ', async () => {
  const { url } = await sharedService('rabbitmq');
  const broker = createRabbitBroker({ url });
  return { broker, close: () => broker.stop(1_000) };
});

describe('the broker over a RabbitMQ that is not there', () => {
  it('hands work to this very process, and says that it is not well', async () => {
    const broker = createRabbitBroker({ url: 'amqp://127.0.0.1:1' });
    const handled: Work[] = [];
    await broker.start({
      async handle(batch) {
        handled.push(...batch);
      },
    });
    const work: Work = { kind: 'decide', key: { sender: '200000000001', messageId: 'A' } };
    broker.dispatch([work]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(handled).to.deep.equal([work]);
    expect(broker.healthy()).to.equal(false);
    await broker.stop(1_000);
  });
});
