import type { CheckState } from '../contract/health.ts';
import type { Observed } from '../contract/observed.ts';
import type { CheckResult } from '../contract/readiness.ts';
import type { BackupFacts, CopySnapshot, NewestBackup, ServiceSnapshot } from '../contract/snapshot.ts';
import { formatBytes, formatSeconds } from './format.ts';
import { html, type Html } from './html.ts';
import { badge, fact, moment, plural, shown, soft, type Tone } from './status-parts.ts';
import { rpoNow, verdictOf, type Answer } from './verdict.ts';

export const answerTone: Readonly<Record<Answer, Tone>> = {
  yes: 'good',
  gaps: 'warn',
  unproven: 'warn',
  unknown: 'dim',
  no: 'bad',
};

function newestText(newest: NewestBackup, facts: BackupFacts, now: Date): Html {
  const type = facts.byType.find(({ lastSuccess }) => lastSuccess?.id === newest.id)?.type ?? 'backup';
  const verified = facts.newestVerifyFailed
    ? badge('bad', 'verification failed')
    : facts.newestVerifiedAt === null
      ? badge('warn', 'never verified')
      : soft('verified ', moment(facts.newestVerifiedAt, now));
  return html`${moment(newest.endedAt, now)}<br />${soft(`${type}, ${formatBytes(newest.storedBytes)} in ${formatSeconds(newest.durationSeconds)}`)}<br />${verified}`;
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
    return html`${verdict} ${moment(facts.lastRunAt, now)}<br />${soft(measured)}`;
  });
}

function secondsOrNone(observed: Observed<number | null>, objective: number): Html {
  return shown(observed, (seconds) => {
    const goal = html`<br />${soft(`objective ${formatSeconds(objective)}`)}`;
    if (seconds === null) return html`${badge('dim', 'not known yet')}${goal}`;
    return html`${badge(seconds <= objective ? 'good' : 'bad', formatSeconds(seconds))}${goal}`;
  });
}

/** Soonest first; what is held stands last. */
function nextRuns(service: ServiceSnapshot, now: Date): Html {
  if (service.schedules.length === 0) return badge('warn', 'nothing is scheduled');
  const due = (at: string | null): number => (at === null ? Infinity : new Date(at).getTime());
  const runs = [...service.schedules].sort((a, b) => (due(a.nextAt) < due(b.nextAt) ? -1 : 1));
  return html`${runs.map(
    ({ type, nextAt }, index) =>
      html`${index === 0 ? null : html`<br />`}${type} ${nextAt === null ? badge('warn', 'held') : moment(nextAt, now)}`,
  )}`;
}

function copyItem(copy: CopySnapshot, now: Date): Html {
  const state = shown(copy.facts, (facts) => {
    if (!facts.connected) return badge('bad', 'disconnected');
    const behind =
      facts.queue === 0
        ? badge('good', 'complete')
        : badge('warn', `${plural(facts.queue, 'backup')} behind, ${formatSeconds(facts.lagSeconds)}`);
    const newest =
      facts.newestBackupEndedAt === null ? html`empty` : html`newest ${moment(facts.newestBackupEndedAt, now)}`;
    const disk = facts.sameDisk ? badge('warn', 'same disk') : null;
    return html`${behind} ${disk}
    ${soft(newest, facts.freeBytes === null ? '' : `, ${formatBytes(facts.freeBytes)} free`)}`;
  });
  return html`<li><strong>${copy.name}</strong> ${state} ${soft(copy.path)}</li>`;
}

const stateTone: Readonly<Record<CheckState | 'unknown', Tone>> = {
  healthy: 'good',
  degraded: 'warn',
  unhealthy: 'bad',
  error: 'bad',
  unknown: 'dim',
};

/** Nothing where no checks are configured. */
function healthChecks({ health }: ServiceSnapshot, now: Date): Html | null {
  if (health === null) return null;
  return html`<h3>Health ${badge(stateTone[health.state], health.state)}</h3>
    <ul class="plain">
      ${health.checks.map(({ name, state, since, last, critical }) => {
        const lasts = since === null ? null : soft(' since ', moment(since, now));
        return html`<li>
          ${badge(stateTone[state ?? 'unknown'], state ?? 'unknown')} <strong>${name}</strong>
          ${last?.detail ?? 'not made yet'}${lasts} ${critical ? null : soft('(not critical)')}
        </li>`;
      })}
    </ul>`;
}

function copies(service: ServiceSnapshot, now: Date): Html {
  if (service.copies.length === 0)
    return html`<p>${badge('warn', 'none')} ${soft('the backups stand in one place only')}</p>`;
  return html`<ul class="plain">
    ${service.copies.map((copy) => copyItem(copy, now))}
  </ul>`;
}

/** Evidence first, then what to do about it; the name of the check is for those who look it up. */
function checkItem(tone: Tone) {
  return (check: CheckResult): Html => {
    const mend =
      check.mend === null || check.result === 'passed' ? null : html`<div class="small mend">${check.mend}</div>`;
    return html`<li>
      ${badge(check.result === 'unknown' ? 'dim' : tone, check.result)} ${check.evidence}
      <code class="soft">${check.id}</code>${mend}
    </li>`;
  };
}

function readiness(service: ServiceSnapshot): Html {
  const { checks, score } = service.readiness;
  const { readiness_sla: objective } = service.objectives;
  const open = checks.filter(({ result }) => result !== 'passed').sort((a, b) => b.weight - a.weight);
  const passed = checks.filter(({ result }) => result === 'passed');
  const reached = score >= objective;
  const rest = html`<details id="passed-${service.name}">
    <summary class="small">${plural(passed.length, 'check')} passed</summary>
    <ul class="plain">
      ${passed.map(checkItem('good'))}
    </ul>
  </details>`;
  return html`<h3>
      Readiness ${badge(reached ? 'good' : 'bad', `${Math.round(score * 100)} %`)}
      <span class="soft">objective ${Math.round(objective * 100)} %</span>
    </h3>
    ${
      open.length === 0
        ? null
        : html`<ul class="plain">
            ${open.map(checkItem(reached ? 'warn' : 'bad'))}
          </ul>`
    }
    ${passed.length === 0 ? null : rest}`;
}

/** One service: the answer first, then the figures it rests on, then what is missing. */
export function serviceCard(service: ServiceSnapshot, now: Date): Html {
  const { pause, maintenance, objectives } = service;
  const verdict = verdictOf(service, now);
  const paused =
    pause === null
      ? null
      : html`<p>${badge('warn', 'paused')} until ${moment(pause.until, now)} by ${pause.by}: ${pause.reason}</p>`;
  const muted =
    maintenance === null
      ? null
      : html`<p>
          ${badge('warn', 'maintenance')} until ${moment(maintenance.until, now)} by ${maintenance.by}:
          ${maintenance.reason}; its alerts are muted
        </p>`;
  const space = shown(service.repository, ({ freeBytes }) =>
    soft(freeBytes === null ? 'reachable' : `${formatBytes(freeBytes)} free`),
  );
  const kept = shown(
    service.backups,
    ({ count, storedBytes }) => html`${plural(count, 'backup')}, ${formatBytes(storedBytes)}`,
  );
  return html`<section class="card service ${answerTone[verdict.answer]}-edge" data-service="${service.name}">
    <div class="head">
      <h2>${service.name}</h2>
      <strong class="verdict ${answerTone[verdict.answer]}-text">${verdict.headline}</strong>
      ${verdict.reason === null ? null : html`<span>${verdict.reason}</span>`}
      <span class="soft small labels"
        >${service.component} · ${service.tier} · ${service.region} · ${service.team}</span
      >
    </div>
    ${paused} ${muted}
    <dl class="facts">
      ${fact('Data loss now (RPO)', secondsOrNone(rpoNow(service, now), objectives.rpo_sla))}
      ${fact('Time to recover (RTO)', secondsOrNone(service.rtoSeconds, objectives.rto_sla))}
      ${fact('Last backup', lastBackup(service, now))} ${fact('Last restore drill', lastDrill(service, now))}
      ${fact('Next', nextRuns(service, now))} ${fact('Repository', html`${kept}<br />${space}`)}
    </dl>
    ${healthChecks(service, now)} ${readiness(service)}
    <h3>Copies</h3>
    ${copies(service, now)}
  </section> `;
}
