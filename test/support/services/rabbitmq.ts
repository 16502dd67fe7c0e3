/** RabbitMQ for tests: a node with its own name, folders, cookie and ports, beside any other on the machine. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import amqp from 'amqplib';
import { Child, freePort } from './child.ts';
import { runService, type Service } from './service.ts';

export type RabbitmqService = Service;

async function shakeHands(url: string): Promise<void> {
  const connection = await amqp.connect(url, { timeout: 2_000 });
  connection.on('error', () => {});
  await connection.close();
}

export async function startRabbitmq(program: string, folder: string): Promise<RabbitmqService> {
  const [port, distributionPort, mapperPort] = [await freePort(), await freePort(), await freePort()];
  for (const name of ['data', 'log', 'home']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'environment'), '');
  writeFileSync(join(folder, 'plugins'), '[].\n');
  writeFileSync(
    join(folder, 'rabbitmq.conf'),
    [`listeners.tcp.1 = 127.0.0.1:${port}`, 'log.console = false', 'log.file.level = warning', ''].join('\n'),
  );

  // The name server of Erlang nodes is ours too, so that it can be stopped by pid and never meets another.
  const mapper = new Child({
    name: 'epmd',
    command: 'epmd',
    arguments: ['-port', String(mapperPort), '-address', '127.0.0.1'],
    folder,
    stopSignals: [{ signal: 'SIGTERM', within_ms: 2_000 }],
  });
  mapper.start();

  const url = `amqp://guest:guest@127.0.0.1:${port}`;
  return await runService({
    name: 'rabbitmq',
    command: program,
    arguments: [],
    folder,
    environment: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LANG: 'C.UTF-8',
      HOME: join(folder, 'home'),
      ERL_EPMD_PORT: String(mapperPort),
      ERL_EPMD_ADDRESS: '127.0.0.1',
      RABBITMQ_NODENAME: `hub-${randomBytes(5).toString('hex')}@localhost`,
      RABBITMQ_NODE_PORT: String(port),
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_DIST_PORT: String(distributionPort),
      RABBITMQ_MNESIA_BASE: join(folder, 'data'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_CONF_ENV_FILE: join(folder, 'environment'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
      // The script then becomes the server instead of waiting beside it: one pid to kill.
      RABBITMQ_ALLOW_INPUT: '1',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-noinput -kernel inet_dist_use_interface {127,0,0,1}',
    },
    url,
    port,
    readyWithin_ms: 45_000,
    ready: () => shakeHands(url),
    stopSignals: [{ signal: 'SIGTERM', within_ms: 8_000 }],
    companion: mapper,
  });
}
