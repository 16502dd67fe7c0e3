/** Redis for tests: memory alone, on a loopback port. */
import { mkdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { freePort } from './child.ts';
import { runService, type Service } from './service.ts';

export type RedisService = Service;

/** PING answered with PONG; a server that is loading answers otherwise. */
function ping(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', timeout: 1_000 });
    const end = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(data.toString() === '+PONG\r\n' ? undefined : new Error('not ready')));
    socket.once('error', end);
    socket.once('timeout', () => end(new Error('no answer')));
    socket.once('close', () => end(new Error('closed')));
  });
}

export async function startRedis(program: string, folder: string): Promise<RedisService> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  return await runService({
    name: 'redis',
    command: program,
    arguments: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
      ...['--save', '', '--appendonly', 'no', '--daemonize', 'no'],
    ],
    folder,
    url: `redis://127.0.0.1:${port}`,
    port,
    readyWithin_ms: 10_000,
    ready: () => ping(port),
    stopSignals: [{ signal: 'SIGTERM', within_ms: 3_000 }],
  });
}
