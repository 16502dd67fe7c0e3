/** What every service for tests offers, and how one is run: started, ready, killed, started again on the same data. */
import { Child, type ChildPlan, until } from './child.ts';

export interface Service {
  readonly url: string;
  readonly port: number;
  /** Of the running process; changes with each restart. */
  readonly pid: number;
  /** kill -9: what it had not synced is lost. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data, stopping it first if it runs. Ready when it resolves. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface ServicePlan extends ChildPlan {
  readonly url: string;
  readonly port: number;
  readonly readyWithin_ms: number;
  /** Throws while it does not answer as a client would want. */
  ready(): Promise<void>;
  /** Something that runs beside it and must go when it goes. */
  readonly companion?: Child;
}

/** Starts a service; the handle is given at once so that what failed to become ready can still be stopped. */
export async function runService(plan: ServicePlan): Promise<Service> {
  const child = new Child(plan);
  const begin = async () => {
    child.start();
    await until(plan.name, plan.readyWithin_ms, async () => {
      child.check();
      await plan.ready();
    });
  };
  const service: Service = {
    url: plan.url,
    port: plan.port,
    get pid() {
      return child.pid;
    },
    kill: () => child.kill(),
    async restart() {
      await child.stop();
      await begin();
    },
    async stop() {
      await child.stop();
      await plan.companion?.stop();
    },
  };
  try {
    await begin();
  } catch (cause) {
    await service.stop();
    throw cause;
  }
  return service;
}
