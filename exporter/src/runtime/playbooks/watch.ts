import { toOpError, type Outcome } from '../../contract/errors.ts';
import type { HealthFacts } from '../../contract/health.ts';
import type { Operation } from '../../contract/operation.ts';
import type { PlaybookIssue } from '../../contract/playbooks.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { isFailure } from '../../core/health.ts';
import { issuesOf } from '../../core/playbooks.ts';
import type { Clock, Log } from '../../ports/index.ts';

export interface PlaybookWatchDeps {
  readonly clock: Clock;
  readonly log: Log;
  services(): readonly ServiceConfig[];
  health(service: string): HealthFacts | null;
  /** Planned work on the service, in words; null: none. */
  planned(service: string): string | null;
  running(): readonly Operation[];
  /** Asks for the operation in the name of Genesis itself. */
  act(service: string, issue: PlaybookIssue, why: string): Promise<Outcome<unknown>>;
}

export interface PlaybookWatch {
  /** What is wrong now that a playbook is for, worst first. */
  issues(service: ServiceConfig): ReturnType<typeof issuesOf>;
  /** Looks each second; says (observe) or asks for (auto) what is due, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Watched {
  /** Of the http checks: when each was last counted, and what was seen within the window. */
  readonly counted: Map<string, string>;
  probes: { readonly atMs: number; readonly failed: boolean }[];
  /** To say a thing once. */
  said: string;
  nextMs: number;
}

const turnMs = 1000;
/** Something held it: a little later it may not. */
const againMs = 10_000;
/** A share of fewer says nothing. */
const leastProbes = 5;

export function createPlaybookWatch(deps: PlaybookWatchDeps): PlaybookWatch {
  const all = new Map<string, Watched>();
  const of = (service: string): Watched => {
    const found = all.get(service) ?? { counted: new Map(), probes: [], said: '', nextMs: -Infinity };
    all.set(service, found);
    return found;
  };
  const issues: PlaybookWatch['issues'] = (service) =>
    issuesOf(deps.health(service.name), shareOf(of(service.name)), { errorRate: service.playbooks.error_rate });
  return {
    issues,
    async run(signal) {
      while (!signal.aborted) {
        for (const service of deps.services()) {
          count(deps, service, of(service.name));
          if (service.playbooks.mode === 'off') continue;
          await turn(deps, service, of(service.name), issues(service)).catch((thrown: unknown) =>
            deps.log.error('a recovery playbook could not be started', { error: toOpError(thrown).message }),
          );
        }
        await deps.clock.sleep(turnMs, signal);
      }
    },
  };
}

/** Each probe of an http check once. */
function count({ clock, health }: PlaybookWatchDeps, service: ServiceConfig, watched: Watched): void {
  const fromMs = +clock.now() - service.playbooks.error_window * 1000;
  for (const { name, kind, last } of health(service.name)?.checks ?? []) {
    if (kind !== 'http' || last === null || watched.counted.get(name) === last.at) continue;
    watched.counted.set(name, last.at);
    watched.probes.push({ atMs: Date.parse(last.at), failed: isFailure(last.state) });
  }
  if (watched.probes.some(({ atMs }) => atMs < fromMs))
    watched.probes = watched.probes.filter(({ atMs }) => atMs >= fromMs);
}

function shareOf({ probes }: Watched): number | null {
  return probes.length < leastProbes ? null : probes.filter(({ failed }) => failed).length / probes.length;
}

async function turn(
  deps: PlaybookWatchDeps,
  service: ServiceConfig,
  watched: Watched,
  issues: ReturnType<typeof issuesOf>,
): Promise<void> {
  const [worst] = issues;
  if (worst === undefined) {
    watched.said = '';
    return;
  }
  const { issue, why } = worst;
  const { name, playbooks } = service;
  const say = (key: string, message: string, data: Readonly<Record<string, unknown>> = {}): void => {
    if (watched.said === `${issue} ${key}`) return;
    watched.said = `${issue} ${key}`;
    deps.log.warn(message, { service: name, issue, why, ...data });
  };
  if (playbooks.mode === 'observe') return say('observe', 'a recovery playbook would run: playbooks.mode is observe');
  const planned = deps.planned(name);
  if (planned !== null) return say('planned', 'a recovery playbook waits for planned work', { planned });
  const nowMs = +deps.clock.now();
  // A clock that was set back must not keep it waiting for longer than the longest wait.
  const waits = nowMs < watched.nextMs && watched.nextMs - nowMs <= Math.max(againMs, playbooks.cooldown * 1000);
  if (waits || deps.running().some(({ service: of, kind }) => of === name && kind === 'playbook')) return;
  const asked = await deps.act(name, issue, why);
  watched.nextMs = nowMs + (asked.ok ? playbooks.cooldown * 1000 : againMs);
  if (asked.ok) say(`started ${watched.nextMs}`, 'a recovery playbook was started');
  else say(asked.error.code, 'a recovery playbook was not started', { error: asked.error.message });
}
