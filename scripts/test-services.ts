/** Brings up PostgreSQL, RabbitMQ and Redis as the tests do, prints their URLs and keeps them until Ctrl-C. */
import { type ServiceName, startServices } from '../test/support/services.ts';

const ALL: readonly ServiceName[] = ['postgres', 'rabbitmq', 'redis'];
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !ALL.some((known) => known === name));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(', ')}; known: ${ALL.join(', ')}`);
  process.exit(2);
}
const which = asked.length > 0 ? ALL.filter((name) => asked.includes(name)) : ALL;
const begun = Date.now();
const services = await startServices({ which });
for (const name of which) console.log(`${name} ${services[name]?.url ?? ''}`);
console.error(`ready in ${Date.now() - begun} ms; Ctrl-C stops them`);
const keep = setInterval(() => {}, 60_000);
const finish = async () => {
  clearInterval(keep);
  await services.stop();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.removeAllListeners(signal);
  process.once(signal, () => void finish());
}
