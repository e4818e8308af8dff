import { diagnosisText } from '../doctor.ts';
import { isWell, type Diagnosis } from './judge.ts';
import { examine, found, installation, recordedAt, refused, type Examination, type Installation } from './testing.ts';

/** What is not `ok`, by check. */
const notOk = ({ findings }: Diagnosis): string[] =>
  findings.filter((finding) => finding.result !== 'ok').map((finding) => `${finding.id} ${finding.result}`);

const later = (seconds: number): Date => new Date(+recordedAt + seconds * 1000);

it('finds nothing wrong with what a real Prometheus 2.42 and Alertmanager 0.25 answered', async () => {
  const diagnosis = await examine(installation());

  expect(notOk(diagnosis)).toEqual([]);
  expect(isWell(diagnosis)).toBe(true);
  expect(diagnosis.notChecked).toEqual([{ id: 'dashboards_present', why: 'grafana.url is not set' }]);
});

it('gives a mend with everything that is not ok, and none with what is', async () => {
  const it = installation();
  it.instead.set('http://prometheus.test', refused);

  for (const finding of (await examine(it)).findings) {
    expect({ id: finding.id, mended: finding.mend !== null }).toEqual({
      id: finding.id,
      mended: finding.result !== 'ok',
    });
  }
});

it('knows nothing of what does not answer, and never calls it well', async () => {
  const it = installation();
  it.instead.set('http://exporter.test', refused);
  it.instead.set('http://prometheus.test', refused);
  it.instead.set('http://alertmanager.test', refused);

  const diagnosis = await examine(it);

  expect(diagnosis.counts.ok).toBe(0);
  expect(isWell(diagnosis)).toBe(false);
  expect(found(diagnosis, 'exporter_reachable')).toBe(
    'fail: http://exporter.test/healthz: connect ECONNREFUSED 127.0.0.1:9',
  );
  expect(found(diagnosis, 'prometheus_reachable')).toMatch(/^fail: .*ECONNREFUSED/);
  expect(found(diagnosis, 'alertmanager_reachable')).toMatch(/^fail: .*ECONNREFUSED/);
  expect(found(diagnosis, 'rules_loaded')).toMatch(/^unknown: could not be read/);
});

it('says what is not named in the configuration', async () => {
  const diagnosis = await examine(installation(), { where: { exporter: null, prometheus: null, alertmanager: null } });

  expect(found(diagnosis, 'exporter_reachable')).toBe('fail: no server runs on this home');
  expect(found(diagnosis, 'scraped')).toBe('unknown: no Prometheus is named');
  expect(found(diagnosis, 'watchdog_arrives')).toBe('unknown: no Alertmanager is named');
  expect(isWell(diagnosis)).toBe(false);
});

it('takes an answer of another program for none', async () => {
  const it = installation();
  it.instead.set('http://prometheus.test', () => Promise.resolve(new Response('<html>It works!</html>')));

  expect(found(await examine(it), 'prometheus_reachable')).toMatch(/^fail: .*another program/);
});

interface Case {
  readonly name: string;
  readonly id: string;
  readonly says: RegExp;
  break?(it: Installation): void;
  readonly change?: Examination;
}

const target = (it: Installation) =>
  it.answers['targets'].data.activeTargets.find((one: { labels: { job: string } }) => one.labels.job === 'genesis_dr');
const loadedGroup = (it: Installation, name: string) =>
  it.answers['rules'].data.groups.find((group: { name: string }) => group.name === name);
const alert = (it: Installation, name: string) =>
  loadedGroup(it, 'genesis_alerts').rules.find((rule: { name: string }) => rule.name === name);

const cases: readonly Case[] = [
  {
    name: 'a family of the catalogue that is not on the page',
    id: 'metrics_registered',
    says: /^fail: not on \/metrics: genesis_backup_total$/,
    break: (it) => void (it.page = it.page.replace(/^# HELP genesis_backup_total .*\n/m, '')),
  },
  {
    name: 'an older Prometheus',
    id: 'prometheus_reachable',
    says: /^warn: .* is 2\.41\.0$/,
    break: (it) => void (it.answers['buildinfo'].data.version = '2.41.0'),
  },
  {
    name: 'a configuration that Prometheus could not read anew',
    id: 'prometheus_reachable',
    says: /^fail: .*the old one is in force/,
    break: (it) => void (it.answers['runtimeinfo'].data.reloadConfigSuccess = false),
  },
  {
    name: 'the standard retention',
    id: 'retention',
    says: /^fail: it keeps 15d/,
    break: (it) => void (it.answers['runtimeinfo'].data.storageRetention = '15d'),
  },
  {
    name: 'a retention by size alone',
    id: 'retention',
    says: /^warn: only a size bounds it \(10GiB\)/,
    break: (it) => void (it.answers['runtimeinfo'].data.storageRetention = '10GiB'),
  },
  {
    name: 'a retention of a year or a size',
    id: 'retention',
    says: /^ok: 1y or 10GiB$/,
    break: (it) => void (it.answers['runtimeinfo'].data.storageRetention = '1y or 10GiB'),
  },
  {
    name: 'a clock of the exporter that is two minutes ahead',
    id: 'clock_skew',
    says: /^fail: .*exporter \+1m 5\ds/,
    change: { date: later(120) },
  },
  {
    name: 'a clock of Prometheus that is ten seconds behind',
    id: 'clock_skew',
    says: /^warn: .*Prometheus -10s/,
    break: (it) => {
      const result = it.answers['time'].data.result;
      result[1] = String(Number(result[1]) - 10);
    },
  },
  {
    name: 'no target of the job',
    id: 'scraped',
    says: /^fail: Prometheus has no target of the job genesis_dr$/,
    break: (it) => void (target(it).labels.job = 'other'),
  },
  {
    name: 'a target that is down, with its reason',
    id: 'scraped',
    says: /^fail: down: http:\/\/127\.0\.0\.1:9847\/metrics \(connection refused\)$/,
    break: (it) => void Object.assign(target(it), { health: 'down', lastError: 'connection refused' }),
  },
  {
    name: 'a target that was never scraped',
    id: 'scraped',
    says: /^unknown: not scraped yet$/,
    break: (it) => void (target(it).health = 'unknown'),
  },
  {
    name: 'a last scrape more than three intervals ago',
    id: 'scrape_age',
    says: /^fail: the last scrape was 11s ago/,
    break: (it) => void (target(it).lastScrape = later(-11).toISOString()),
  },
  {
    name: 'another exporter behind the same job',
    id: 'same_exporter',
    says: /^fail: the exporters that it scrapes as genesis_dr started at another time/,
    break: (it) => void (it.page = it.page.replace(/1795330622/, '1795330000')),
  },
  {
    name: 'another interval than the configured one',
    id: 'scrape_interval',
    says: /^warn: it is 30s, and 1s is configured$/,
    break: (it) => void (target(it).scrapeInterval = '30s'),
  },
  {
    name: 'an interval that is too long for the rules',
    id: 'scrape_interval',
    says: /^fail: it is 5m/,
    break: (it) => void (target(it).scrapeInterval = '5m'),
  },
  {
    name: 'renamed labels',
    id: 'label_collision',
    says: /^fail: 404 series have exported_service/,
    break: (it) => void (it.answers['renamed'].data.result = [{ metric: {}, value: [0, '404'] }]),
  },
  {
    name: 'more series than the limit',
    id: 'cardinality',
    says: /^warn: 404 series of the job, \d+ in Prometheus; the limit is 400$/,
    change: { expected: { maxSeries: 400 } },
  },
  {
    name: 'a missing rule',
    id: 'rules_loaded',
    says: /^fail: missing: BackupTooOld$/,
    break: (it) => void loadedGroup(it, 'genesis_alerts').rules.splice(1, 1),
  },
  {
    name: 'no rules at all',
    id: 'rules_loaded',
    says: /^fail: missing: GenesisDRExporterDown, .*/,
    break: (it) => void (it.answers['rules'].data.groups = []),
  },
  {
    name: 'a rule with another threshold',
    id: 'rules_loaded',
    says: /^fail: differing: GenesisDRWatchdog \(expr\)$/,
    break: (it) => void (alert(it, 'GenesisDRWatchdog').query = 'vector(0)'),
  },
  {
    name: 'a rule with other waiting time, labels and texts',
    id: 'rules_loaded',
    says: /^fail: differing: BackupTooOld \(for, labels, annotations\)$/,
    break: (it) => {
      Object.assign(alert(it, 'BackupTooOld'), { duration: 1, annotations: {} });
      alert(it, 'BackupTooOld').labels.severity = 'info';
    },
  },
  {
    name: 'a group of another interval',
    id: 'rules_loaded',
    says: /^fail: differing: genesis_alerts \(interval\)$/,
    break: (it) => void (loadedGroup(it, 'genesis_alerts').interval = 60),
  },
  {
    name: 'a rule that is not generated any more',
    id: 'rules_loaded',
    says: /^warn: not generated any more: Former$/,
    break: (it) =>
      void loadedGroup(it, 'genesis_alerts').rules.push({ ...alert(it, 'GenesisDRWatchdog'), name: 'Former' }),
  },
  {
    name: 'a rule that fails, with the reason',
    id: 'rules_healthy',
    says: /^fail: BackupTooOld: many-to-many matching not allowed$/,
    break: (it) =>
      void Object.assign(alert(it, 'BackupTooOld'), { health: 'err', lastError: 'many-to-many matching not allowed' }),
  },
  {
    name: 'a group that stands still',
    id: 'rules_healthy',
    says: /^fail: not evaluated in time: genesis_records \(1m ago\)$/,
    break: (it) => void (loadedGroup(it, 'genesis_records').lastEvaluation = later(-60).toISOString()),
  },
  {
    name: 'a slow group',
    id: 'rules_healthy',
    says: /^warn: genesis_records takes 0\.9 s of 1 s$/,
    break: (it) => void (loadedGroup(it, 'genesis_records').evaluationTime = 0.9),
  },
  {
    name: 'an hourly group whose turn is still to come',
    id: 'rules_healthy',
    says: /^ok: 1 groups; the first turn is still to come for genesis_records \(every 1h\)$/,
    break: (it) =>
      void Object.assign(loadedGroup(it, 'genesis_records'), {
        interval: 3600,
        lastEvaluation: '0001-01-01T00:00:00Z',
      }),
  },
  {
    name: 'a group that was never evaluated although its time has passed',
    id: 'rules_healthy',
    says: /^fail: never evaluated: genesis_records \(every 1s\), though loaded for 1m 52s$/,
    break: (it) => void (loadedGroup(it, 'genesis_records').lastEvaluation = '0001-01-01T00:00:00Z'),
  },
  {
    name: 'an older Alertmanager',
    id: 'alertmanager_reachable',
    says: /^warn: .* is 0\.24\.0$/,
    break: (it) => void (it.answers['alertmanager-status'].versionInfo.version = '0.24.0'),
  },
  {
    name: 'a Prometheus without an Alertmanager',
    id: 'alertmanager_connected',
    says: /^fail: Prometheus knows none$/,
    break: (it) => void (it.answers['alertmanagers'].data.activeAlertmanagers = []),
  },
  {
    name: 'a Watchdog that does not arrive right after the start',
    id: 'watchdog_arrives',
    says: /^unknown: not there yet/,
    break: (it) => void (it.answers['watchdogs'] = []),
  },
  {
    name: 'a Watchdog that does not arrive',
    id: 'watchdog_arrives',
    says: /^fail: Alertmanager holds no GenesisDRWatchdog of cluster e2e/,
    break: (it) => {
      it.answers['watchdogs'] = [];
      it.answers['runtimeinfo'].data.startTime = later(-3600).toISOString();
    },
  },
  {
    name: 'the Watchdog of another cluster',
    id: 'watchdog_arrives',
    says: /^(fail|unknown): /,
    break: (it) => void (it.answers['watchdogs'][0].labels.cluster = 'other'),
  },
  {
    name: 'a Watchdog that stopped',
    id: 'watchdog_arrives',
    says: /^fail: it last arrived 10m ago$/,
    break: (it) => void (it.answers['watchdogs'][0].updatedAt = later(-600).toISOString()),
  },
  {
    name: 'a Grafana without a dashboard',
    id: 'dashboards_present',
    says: /^fail: missing: exporter$/,
    break: (it) => void it.instead.set('http://grafana.test', () => json([{ uid: 'dr-overview', title: 'DR' }])),
    change: { where: { grafana: 'http://grafana.test' } },
  },
  {
    name: 'a Grafana that does not let it look',
    id: 'dashboards_present',
    says: /^unknown: could not be read: it answered 401$/,
    break: (it) =>
      void it.instead.set('http://grafana.test', () => Promise.resolve(new Response('{}', { status: 401 }))),
    change: { where: { grafana: 'http://grafana.test' } },
  },
];

function json(body: unknown): Promise<Response> {
  return Promise.resolve(new Response(JSON.stringify(body)));
}

it.each(cases)('names $name', async ({ id, says, break: breakIt, change }) => {
  const it = installation();
  breakIt?.(it);

  expect(found(await examine(it, change), id)).toMatch(says);
});

it('prints the question, what was found and the mend', async () => {
  const it = installation();
  it.answers['runtimeinfo'].data.storageRetention = '15d';

  expect(diagnosisText(await examine(it))).toContain(
    'fail    Prometheus keeps 35 days or more? it keeps 15d: compliance over 30 days needs 35 days\n' +
      '        mend: start Prometheus with --storage.tsdb.retention.time=40d\n',
  );
});
