import type { ScalingEngineName } from '../../contract/scaling.ts';
import type { Clock, Exec, HttpFetch, Log, Spawner } from '../../ports/index.ts';
import { withBalancer } from './balancer.ts';
import { createCommandEngine } from './command/engine.ts';
import type { CommandOptions } from './command/options.ts';
import { createDockerEngine } from './docker/engine.ts';
import type { DockerOptions } from './docker/options.ts';
import { createHaproxyEngine } from './haproxy/engine.ts';
import type { HaproxyMembershipOptions, HaproxyOptions } from './haproxy/options.ts';
import { createKubernetesEngine } from './kubernetes/engine.ts';
import type { KubernetesOptions } from './kubernetes/options.ts';
import type { ScalingEngine } from './port.ts';
import { createProcessEngine } from './process/engine.ts';
import type { ProcessOptions } from './process/options.ts';

export interface ScalingDeps {
  readonly exec: Exec;
  readonly spawner: Spawner;
  readonly clock: Clock;
  readonly fetch: HttpFetch;
  readonly log: Log;
  readonly service: string;
  /** Folder for the state of the engine; absolute, there already. */
  readonly home: string;
}

/** The engine's section of the file, the others null, secrets resolved. */
export interface ScalingEngineOptions {
  readonly process: ProcessOptions | null;
  readonly haproxy: HaproxyOptions | null;
  readonly kubernetes: KubernetesOptions | null;
  readonly docker: DockerOptions | null;
  readonly command: CommandOptions | null;
  readonly webhook: { readonly url: string; readonly secret: string } | null;
  readonly balancer: HaproxyMembershipOptions | null;
}

/** Null: the section of that engine is missing; the configuration is checked for it. */
export function createScalingEngine(
  name: ScalingEngineName,
  options: ScalingEngineOptions,
  deps: ScalingDeps,
): ScalingEngine | null {
  const engine = bareEngine(name, options, deps);
  return engine === null || options.balancer === null ? engine : withBalancer(engine, options.balancer, deps);
}

function bareEngine(name: ScalingEngineName, options: ScalingEngineOptions, deps: ScalingDeps): ScalingEngine | null {
  switch (name) {
    case 'process':
      return options.process === null ? null : createProcessEngine(options.process, deps);
    case 'haproxy':
      return options.haproxy === null ? null : createHaproxyEngine(options.haproxy, deps);
    case 'kubernetes':
      return options.kubernetes === null ? null : createKubernetesEngine(options.kubernetes, deps);
    case 'docker':
      return options.docker === null ? null : createDockerEngine(options.docker, deps);
    case 'command':
      return options.command === null && options.webhook === null
        ? null
        : createCommandEngine({ command: options.command, webhook: options.webhook }, deps);
  }
}
