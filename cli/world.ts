/** What a command may reach: where it writes, the environment, and the hub's own module. A test hands in its own. */
import { type Config, readConfig } from '../config.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import type { Administration } from '../routes/admin/operations.ts';

/** What the command line asks of hub.ts. */
export interface HubModule {
  startHub(config: Config): Promise<{ readonly messageUrl: string; stop(): Promise<void> }>;
  /** The store and everything over it, where no hub runs on the data folder. */
  openOffline(config: Config): Promise<{ readonly administration: Administration; close(): Promise<void> }>;
}

export interface World {
  out(text: string): void;
  err(text: string): void;
  /** True where progress may be drawn. */
  readonly interactive: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  loadHub(): Promise<HubModule>;
  /** The configuration, with the data folder that the command line names. */
  config(dataFolder?: string): Config;
}

export function realWorld(): World {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    interactive: process.stderr.isTTY === true,
    env: process.env,
    clock: systemClock,
    loadHub: () => import('../hub.ts'),
    config: (dataFolder) =>
      readConfig({ ...process.env, ...(dataFolder !== undefined && { HUB_DATA_FOLDER: dataFolder }) }),
  };
}
