/** Finds ports that nobody listens on. */
import { type AddressInfo, createServer } from 'node:net';
import type { Config } from '../../config.ts';

/** The wanted port if it is free, else one that is. 0 wants any. */
export async function freePort(wanted: number, host: string): Promise<number> {
  return (await listens(wanted, host)) ?? (await listens(0, host)) ?? 0;
}

function listens(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

const DOORS = [
  ['messages', 'messageHost', 'messagePort'],
  ['administration', 'adminHost', 'adminPort'],
  ['operations', 'operationsHost', 'operationsPort'],
] as const;

/** The configured ports, or free ones where somebody else has them: with what there is to say about it. `any` takes free ones. */
export async function choosePorts(config: Config, any: boolean): Promise<{ config: Config; notes: string[] }> {
  const notes: string[] = [];
  const chosen = { ...config };
  for (const [what, host, port] of DOORS) {
    if (any) chosen[port] = 0;
    else if (config[port] !== 0) {
      chosen[port] = await freePort(config[port], config[host]);
      if (chosen[port] !== config[port]) notes.push(`port ${config[port]} is taken: ${what} are at ${chosen[port]}`);
    }
  }
  return { config: chosen, notes };
}
