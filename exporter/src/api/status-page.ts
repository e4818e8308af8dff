import type { Operation } from '../contract/operation.ts';
import type { HealthState, StatusReply } from '../contract/service-replies.ts';
import type { ServiceSnapshot, Snapshot } from '../contract/snapshot.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { html, layout, type Html } from './html.ts';
import { badge, moment, soft, type Tone } from './status-parts.ts';
import { answerTone, serviceCard } from './status-service.ts';
import { answers, verdictOf } from './verdict.ts';

const healthTone: Readonly<Record<HealthState, Tone>> = {
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
  unknown: 'dim',
};

/** A snapshot older than this many collector intervals is no longer the present. */
const freshIntervals = 3;
const shownReasons = 4;

export interface StatusView {
  readonly snapshot: Snapshot | null;
  readonly health: StatusReply;
  readonly running: readonly Operation[];
  readonly now: Date;
  readonly version: string;
  /** Whether a session can be ended from the page. */
  readonly canLogOut: boolean;
  /** Whether the console is built. */
  readonly hasConsole: boolean;
}

function progressOf(operation: Operation): Html {
  const { progress } = operation;
  if (progress === null) return soft('no progress is known yet');
  const total = progress.bytesTotal;
  const label = `progress of the ${operation.kind} of ${operation.service}`;
  const bar =
    total === null || total === 0
      ? html`<progress aria-label="${label}"></progress>`
      : html`<progress aria-label="${label}" max="${total}" value="${Math.min(progress.bytesDone, total)}"></progress>`;
  const rate = progress.bytesPerSecond === null ? '' : `, ${formatBytes(progress.bytesPerSecond)}/s`;
  const left = progress.secondsLeft === null ? '' : `, ${formatSeconds(progress.secondsLeft)} left`;
  const size =
    total === null ? formatBytes(progress.bytesDone) : `${formatBytes(progress.bytesDone)} of ${formatBytes(total)}`;
  return html`${bar}${soft(`${progress.phase}: ${size}, ${progress.entriesDone} entries${rate}${left}`)}`;
}

/** The scheduled run that comes first of all. */
function nextOfAll(services: readonly ServiceSnapshot[], now: Date): Html | null {
  const runs = services.flatMap(({ name, schedules }) =>
    schedules.flatMap(({ type, nextAt }) => (nextAt === null ? [] : [{ name, type, nextAt }])),
  );
  const first = runs.reduce<(typeof runs)[number] | null>(
    (so, run) => (so === null || Date.parse(run.nextAt) < Date.parse(so.nextAt) ? run : so),
    null,
  );
  if (first === null) return null;
  return html` Next: ${first.type === 'drill' ? 'drill' : `${first.type} backup`} of ${first.name}
  ${moment(first.nextAt, now)}.`;
}

function runningCard(running: readonly Operation[], services: readonly ServiceSnapshot[], now: Date): Html {
  if (running.length === 0)
    return html`<section class="card quiet" id="running">
      <p><strong>Nothing is running.</strong>${nextOfAll(services, now)}</p>
    </section>`;
  const items = running.map(
    (operation) =>
      html`<li>
        <strong>${operation.kind}</strong> of ${operation.service}, started
        ${moment(operation.startedAt ?? operation.createdAt, now)} by ${operation.actor.name}
        <br />${progressOf(operation)}
      </li>`,
  );
  return html`<section class="card" id="running">
    <h2>Running now</h2>
    <ul class="plain">
      ${items}
    </ul>
  </section>`;
}

/** How many services could be recovered, worst answer first. */
function answerCard(snapshot: Snapshot | null, now: Date): Html {
  const title = html`<h2>Could we recover right now?</h2>`;
  if (snapshot === null)
    return html`<div class="head">
      ${title}${badge('dim', 'not known')} ${soft('The first observation has not ended yet.')}
    </div>`;
  if (snapshot.services.length === 0)
    return html`<div class="head">${title}${badge('bad', 'no')} ${soft('No service is configured.')}</div>`;
  const verdicts = snapshot.services.map((service) => verdictOf(service, now));
  const counts = answers.flatMap((answer) => {
    const same = verdicts.filter((v) => v.answer === answer);
    const [first] = same;
    if (first === undefined) return [];
    const of = verdicts.length === same.length ? `all ${same.length}` : `${same.length} of ${verdicts.length}`;
    return [badge(answerTone[answer], `${verdicts.length === 1 ? '' : `${of}: `}${first.headline.toLowerCase()}`)];
  });
  return html`<div class="head">${title}${counts}</div>`;
}

/** The cards below say it all; here the first ones are enough. */
function inShort(reasons: readonly string[]): string {
  const more = reasons.length - shownReasons;
  return [...reasons.slice(0, shownReasons), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

function healthLines(health: StatusReply): Html {
  const parts = Object.entries(health.components);
  const sound = parts.filter(([, part]) => part.health === 'healthy').map(([name]) => name.replaceAll('_', ' '));
  const others = parts.filter(([, part]) => part.health !== 'healthy');
  return html`${others.map(
    ([name, part]) =>
      html`<li>
        ${badge(healthTone[part.health], part.health)} ${name.replaceAll('_', ' ')}: ${inShort(part.reasons)}
      </li>`,
  )}${sound.length === 0 ? null : html`<li>${badge('good', 'healthy')} ${soft(sound.join(', '))}</li>`}`;
}

function overallCard(view: StatusView): Html {
  return html`<section class="card" id="overall">
    ${answerCard(view.snapshot, view.now)}
    <ul class="plain">
      ${healthLines(view.health)}
    </ul>
  </section>`;
}

/** Said on top of everything: figures of a program that has stopped looking are not the present. */
function staleNote(snapshot: Snapshot | null, now: Date): Html | null {
  if (snapshot === null) return null;
  const interval = Math.max(10, ...snapshot.collectors.map((c) => c.intervalSeconds));
  const age = (now.getTime() - new Date(snapshot.at).getTime()) / 1000;
  if (age <= freshIntervals * interval) return null;
  return html`<p class="card bad">
    Genesis last looked ${moment(snapshot.at, now)}. What stands below is as old as that: see its log.
  </p>`;
}

/** Worst first; services with the same answer stay in the order of the configuration. */
function sorted(services: readonly ServiceSnapshot[], now: Date): readonly ServiceSnapshot[] {
  const rank = (service: ServiceSnapshot): number => answers.indexOf(verdictOf(service, now).answer);
  return services
    .map((service) => ({ service, at: rank(service) }))
    .sort((a, b) => a.at - b.at)
    .map((s) => s.service);
}

/** The read-only status page. It renews itself every 10 s, marked so that watching does not keep a session alive. */
export function statusPage(view: StatusView): string {
  const { snapshot, now } = view;
  const services = snapshot?.services ?? [];
  const logout = view.canLogOut ? html`<button id="logout" type="button">Log out</button>` : null;
  return layout({
    title: `${view.health.overall_health} - Genesis DR`,
    head: html`<noscript><meta http-equiv="refresh" content="10; url=/status?auto=1" /></noscript>
      <script src="/assets/status.js" defer></script>`,
    body: html`<header class="top">
        <h1>Genesis DR</h1>
        ${soft(view.version, snapshot === null ? '' : ` · cluster ${snapshot.cluster}`)}
        <nav>${view.hasConsole ? html`<a href="/console">Console</a>` : null}<a href="/api/docs">API</a>${logout}</nav>
      </header>
      <p id="lost" class="card bad lost" role="alert" hidden></p>
      <main>
        ${staleNote(snapshot, now)} ${overallCard(view)} ${runningCard(view.running, services, now)}
        ${sorted(services, now).map((service) => serviceCard(service, now))}
        <p class="soft small">
          As of ${view.health.at === null ? 'never' : moment(view.health.at, now)}; the page renews itself every 10 s.
        </p>
      </main>`,
  });
}
