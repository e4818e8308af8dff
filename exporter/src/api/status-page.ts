import type { Observed } from '../contract/observed.ts';
import type { Operation } from '../contract/operation.ts';
import type { CheckResult } from '../contract/readiness.ts';
import type { HealthState, StatusReply } from '../contract/service-replies.ts';
import type { BackupFacts, CopySnapshot, NewestBackup, ServiceSnapshot, Snapshot } from '../contract/snapshot.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { html, layout, type Html } from './html.ts';

type Tone = 'good' | 'warn' | 'bad' | 'dim';
const healthTone: Readonly<Record<HealthState, Tone>> = {
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
  unknown: 'dim',
};
const checkTone: Readonly<Record<CheckResult['result'], Tone>> = { passed: 'good', failed: 'bad', unknown: 'dim' };

export interface StatusView {
  readonly snapshot: Snapshot | null;
  readonly health: StatusReply;
  readonly running: readonly Operation[];
  readonly now: Date;
  readonly version: string;
  /** Whether a session can be ended from the page. */
  readonly canLogOut: boolean;
}

function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

function moment(at: string, now: Date): Html {
  const seconds = (now.getTime() - new Date(at).getTime()) / 1000;
  const words = seconds >= 0 ? `${formatSeconds(seconds)} ago` : `in ${formatSeconds(-seconds)}`;
  return html`<time datetime="${at}" title="${at}">${words}</time>`;
}

/** What is known, or that it is not known and why. */
function shown<T>(observed: Observed<T>, show: (value: T) => Html): Html {
  return observed.known
    ? show(observed.value)
    : html`${badge('dim', 'unknown')} <span class="soft small">${observed.error.message}</span>`;
}

function fact(name: string, value: Html): Html {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function newestText(newest: NewestBackup, facts: BackupFacts, now: Date): Html {
  const type = facts.byType.find(({ lastSuccess }) => lastSuccess?.id === newest.id)?.type ?? 'backup';
  const verified = facts.newestVerifyFailed
    ? badge('bad', 'verification failed')
    : facts.newestVerifiedAt === null
      ? badge('warn', 'never verified')
      : html`<span class="soft small">verified ${moment(facts.newestVerifiedAt, now)}</span>`;
  return html`${moment(newest.endedAt, now)}, ${type}, ${formatBytes(newest.storedBytes)} in
    ${formatSeconds(newest.durationSeconds)}<br />${verified}`;
}

function lastBackup(service: ServiceSnapshot, now: Date): Html {
  return shown(service.backups, (facts) =>
    facts.newest === null ? badge('bad', 'never') : newestText(facts.newest, facts, now),
  );
}

function lastDrill(service: ServiceSnapshot, now: Date): Html {
  return shown(service.drills, (facts) => {
    if (facts.lastRunAt === null || facts.lastPassed === null) return badge('warn', 'never');
    const verdict = badge(facts.lastPassed ? 'good' : 'bad', facts.lastPassed ? 'passed' : 'failed');
    const measured = facts.lastRtoSeconds === null ? '' : `restored in ${formatSeconds(facts.lastRtoSeconds)}`;
    return html`${verdict} ${moment(facts.lastRunAt, now)}<br /><span class="soft small">${measured}</span>`;
  });
}

function secondsOrNone(observed: Observed<number | null>, objective: number): Html {
  return shown(observed, (seconds) => {
    const goal = html`<span class="soft small">objective ${formatSeconds(objective)}</span>`;
    if (seconds === null) return html`${badge('dim', 'not known yet')} ${goal}`;
    return html`${badge(seconds <= objective ? 'good' : 'bad', formatSeconds(seconds))} ${goal}`;
  });
}

function copyItem(copy: CopySnapshot, now: Date): Html {
  const state = shown(copy.facts, (facts) => {
    if (!facts.connected) return badge('bad', 'disconnected');
    const behind =
      facts.queue === 0
        ? badge('good', 'complete')
        : badge('warn', `${facts.queue} behind, ${formatSeconds(facts.lagSeconds)}`);
    const newest =
      facts.newestBackupEndedAt === null ? html`empty` : html`newest ${moment(facts.newestBackupEndedAt, now)}`;
    const disk = facts.sameDisk ? badge('warn', 'same disk') : null;
    return html`${behind} ${disk} <span class="soft small">${newest}, ${formatBytes(facts.freeBytes)} free</span>`;
  });
  return html`<li><strong>${copy.name}</strong> <span class="soft small">${copy.path}</span> ${state}</li>`;
}

function checkItem(check: CheckResult): Html {
  const mend =
    check.mend === null || check.result === 'passed' ? null : html`<br /><span class="small">${check.mend}</span>`;
  return html`<li>
    ${badge(checkTone[check.result], check.result)} <strong>${check.id}</strong>
    <span class="soft small">${check.evidence}</span>${mend}
  </li>`;
}

function readiness(service: ServiceSnapshot): Html {
  const { checks, score } = service.readiness;
  const open = checks.filter(({ result }) => result !== 'passed');
  const passed = checks.filter(({ result }) => result === 'passed');
  const reached = score >= service.objectives.readiness_sla;
  const rest =
    passed.length === 0
      ? null
      : html`<details>
          <summary class="small">Passed checks: ${passed.length}</summary>
          <ul class="plain">
            ${passed.map(checkItem)}
          </ul>
        </details>`;
  return html`<h3>Readiness</h3>
    <p class="head">
      ${badge(reached ? 'good' : 'warn', `${Math.round(score * 100)} %`)}
      <span class="soft small">objective ${Math.round(service.objectives.readiness_sla * 100)} %</span>
    </p>
    <ul class="plain">
      ${open.map(checkItem)}
    </ul>
    ${rest}`;
}

function schedules(service: ServiceSnapshot, now: Date): Html {
  const runs = service.schedules.map(
    ({ type, nextAt }) => html`<li>${type} ${nextAt === null ? badge('warn', 'held') : moment(nextAt, now)}</li>`,
  );
  return runs.length === 0
    ? html`<span class="soft">nothing is scheduled</span>`
    : html`<ul class="plain">
        ${runs}
      </ul>`;
}

function serviceCard(service: ServiceSnapshot, now: Date): Html {
  const { pause } = service;
  const paused =
    pause === null
      ? null
      : html`${badge('warn', 'paused')}
          <span class="soft small">until ${pause.until} by ${pause.by}: ${pause.reason}</span>`;
  const space = shown(service.repository, ({ freeBytes }) => html`${formatBytes(freeBytes)} free`);
  const kept = shown(service.backups, ({ count, storedBytes }) => html`${count} backups, ${formatBytes(storedBytes)}`);
  return html`<section class="card">
    <div class="head">
      <h2>${service.name}</h2>
      <span class="soft small">${service.component} · ${service.region} · ${service.engine}</span>${paused}
    </div>
    <dl class="facts">
      ${fact('Last backup', lastBackup(service, now))} ${fact('Last restore drill', lastDrill(service, now))}
      ${fact('Data loss now (RPO)', secondsOrNone(service.rpoSeconds, service.objectives.rpo_sla))}
      ${fact('Time to recover (RTO)', secondsOrNone(service.rtoSeconds, service.objectives.rto_sla))}
      ${fact('Kept', kept)} ${fact('Repository', space)} ${fact('Next runs', schedules(service, now))}
    </dl>
    <h3>Copies</h3>
    ${
      service.copies.length === 0
        ? html`<p>${badge('warn', 'none')} <span class="soft small">the backups stand in one place only</span></p>`
        : html`<ul class="plain">
            ${service.copies.map((copy) => copyItem(copy, now))}
          </ul>`
    }
    ${readiness(service)}
  </section> `;
}

function progressOf(operation: Operation): Html {
  const { progress } = operation;
  if (progress === null) return html`<span class="soft small">no progress is known yet</span>`;
  const total = progress.bytesTotal;
  const bar =
    total === null || total === 0
      ? html`<progress></progress>`
      : html`<progress max="${total}" value="${Math.min(progress.bytesDone, total)}"></progress>`;
  const rate = progress.bytesPerSecond === null ? '' : `, ${formatBytes(progress.bytesPerSecond)}/s`;
  const left = progress.secondsLeft === null ? '' : `, ${formatSeconds(progress.secondsLeft)} left`;
  const size =
    total === null ? formatBytes(progress.bytesDone) : `${formatBytes(progress.bytesDone)} of ${formatBytes(total)}`;
  return html`${bar}<span class="soft small"
      >${progress.phase}: ${size}, ${progress.entriesDone} entries${rate}${left}</span
    >`;
}

function runningCard(running: readonly Operation[], now: Date): Html {
  if (running.length === 0)
    return html`<section class="card">
      <h2>Running now</h2>
      <p class="soft">No operation is running.</p>
    </section>`;
  const items = running.map(
    (operation) =>
      html`<li>
        <strong>${operation.kind}</strong> of ${operation.service}, started
        ${moment(operation.startedAt ?? operation.createdAt, now)} by ${operation.actor.name}
        <br />${progressOf(operation)}
      </li>`,
  );
  return html`<section class="card">
    <h2>Running now</h2>
    <ul class="plain">
      ${items}
    </ul>
  </section>`;
}

function healthCard(health: StatusReply): Html {
  const parts = Object.entries(health.components).map(([name, part]) => {
    const reasons =
      part.reasons.length === 0 ? null : html` <span class="soft small">${part.reasons.join('; ')}</span>`;
    return html`<li>${badge(healthTone[part.health], part.health)} ${name.replaceAll('_', ' ')}${reasons}</li>`;
  });
  return html`<section class="card">
    <div class="head">
      <h2>Overall</h2>
      ${badge(healthTone[health.overall_health], health.overall_health)}
    </div>
    <ul class="plain">
      ${parts}
    </ul>
  </section>`;
}

/** The read-only status page. It asks for itself again every 10 s, marked so that watching does not keep a session alive. */
export function statusPage(view: StatusView): string {
  const { snapshot, now } = view;
  const services =
    snapshot === null
      ? html`<section class="card"><p>${badge('dim', 'unknown')} The first observation has not ended yet.</p></section>`
      : snapshot.services.length === 0
        ? html`<section class="card"><p>No service is configured.</p></section>`
        : html`${snapshot.services.map((service) => serviceCard(service, now))}`;
  const logout = view.canLogOut ? html`<button id="logout" type="button">Log out</button>` : null;
  return layout({
    title: `${view.health.overall_health} - Genesis DR`,
    head: html`<meta http-equiv="refresh" content="10; url=/?auto=1" />
      <script src="/assets/status.js" defer></script>`,
    body: html`<header class="top">
        <h1>Genesis DR</h1>
        <span class="soft small">${view.version}${snapshot === null ? '' : ` · cluster ${snapshot.cluster}`}</span>
        <nav><a href="/api/docs">API</a>${logout}</nav>
      </header>
      <main>
        <p class="soft small">
          As of ${view.health.at === null ? 'never' : moment(view.health.at, now)}; the page renews itself every 10 s.
        </p>
        ${healthCard(view.health)} ${runningCard(view.running, now)} ${services}
      </main>`,
  });
}
