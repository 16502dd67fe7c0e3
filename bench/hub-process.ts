/** The hub in a process of its own, as it is, with the sending systems registered; for one scenario nothing is decided. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../config.ts';
import type { Backlog } from '../core/store.ts';
import { silentTelemetry } from '../core/telemetry.ts';
import { registerOrganisation, registerSystem } from '../directory/changes.ts';
import type { SystemInput } from '../directory/input.ts';
import { type Hub, startHub } from '../hub.ts';
import { openStore } from '../plugs.ts';
import { changeDirectory } from '../test/support/registration.ts';
import { answering } from './child.ts';

export interface HubInput {
  /** HUB_ names and their values. */
  readonly environment: Readonly<Record<string, string>>;
  readonly systems: readonly SystemInput[];
  /** Work is accepted and left: nothing is decided. */
  readonly acceptOnly: boolean;
}

export type HubQuestions = {
  /** Registers the systems, then starts; the port of the message door. */
  start(input: HubInput): Promise<number>;
  backlog(input: null): Promise<Backlog>;
  /** Collects garbage, where the process was started with --expose-gc, so that what is left is in use; what that is. */
  collect(input: null): Promise<NodeJS.MemoryUsage>;
  stop(input: null): Promise<void>;
};

let hub: Hub | undefined;

function running(): Hub {
  if (hub === undefined) throw new Error('the hub has not been started');
  return hub;
}

const questions: HubQuestions = {
  async start({ environment, systems, acceptOnly }) {
    const config = readConfig(environment);
    const store = await openStore(config, silentTelemetry);
    for (const system of systems) {
      await changeDirectory(store, registerOrganisation, { ods: system.ods, name: system.name, active: true });
      await changeDirectory(store, registerSystem, system);
    }
    await store.close();
    hub = await startHub(config, { acceptOnly });
    return Number(new URL(hub.messageUrl).port);
  },
  backlog: () => running().store.backlog(),
  async collect() {
    for (let turn = 0; turn < 4; turn++) {
      globalThis.gc?.();
      await sleep(250);
    }
    return process.memoryUsage();
  },
  async stop() {
    await hub?.stop();
    hub = undefined;
  },
};

answering(questions, () => hub?.stop());
