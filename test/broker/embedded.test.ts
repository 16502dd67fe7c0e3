/** The embedded broker keeps the Broker's promises. */
import { createEmbeddedBroker } from '../../broker/embedded/dispatcher.ts';
import { brokerContract } from '../contract/broker-suite.ts';

brokerContract('embedded', async () => {
  const broker = createEmbeddedBroker();
  return { broker, close: () => broker.stop(1_000) };
});
