import type { Command } from 'commander';
import { loadConfig, type Config, type LoadedConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { fetchAmong } from '../runtime/outbound.ts';
import type { CommandContext, GlobalOptions } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { printable } from './format.ts';
import { expectedGroups } from './monitoring/expected-rules.ts';
import type { Expected } from './monitoring/facts.ts';
import type { Finding } from './monitoring/finding.ts';
import { catalogueFamilies, gather, type Addresses } from './monitoring/gather.ts';
import { generatedDashboards, generatedRules } from './monitoring/generated.ts';
import { createHttpReader } from './monitoring/http-read.ts';
import { diagnose, isWell, type Diagnosis } from './monitoring/judge.ts';
import { exporterAddress, exporterToken } from './monitoring/server.ts';
import { runningStack } from './monitoring/stack-record.ts';
import { countOption, durationOption, type Register } from './options.ts';

interface DoctorOptions {
  readonly prometheus?: string;
  readonly alertmanager?: string;
  readonly grafana?: string;
  readonly maxSeries: number;
  readonly timeout?: number;
}

export const registerDoctor: Register = (program, run) => {
  program
    .command('doctor')
    .description(
      'Check the monitoring from end to end: exporter, Prometheus, rules, Alertmanager, dashboards. Exit 0: all is well or only warned of; 1: something failed or could not be known',
    )
    .option('--prometheus <url>', 'Prometheus (default: prometheus.url, or that of a running `genesis stack`)')
    .option('--alertmanager <url>', 'Alertmanager (default: alertmanager.url, or that of a running `genesis stack`)')
    .option(
      '--grafana <url>',
      'Grafana (default: grafana.url, or that of a running `genesis stack`; none: not looked at)',
    )
    .option('--max-series <n>', 'warn above this many series of the exporter', countOption, 200_000)
    .option(
      '--timeout <duration>',
      'a question that takes longer counts as unanswered (default: prometheus.timeout)',
      durationOption,
    )
    .action(run((context, command) => examine(context, command)));
};

async function examine(context: CommandContext, command: Command): Promise<Outcome<ExitCode>> {
  const options = command.opts<DoctorOptions>();
  const { deps, place } = context;
  const loaded = loadConfig(place.configPath, deps.env, { home: place.home });
  if (!loaded.ok) return loaded;
  const { config } = loaded.value;
  const where = addressesOf(place.home, config, command.optsWithGlobals<GlobalOptions & DoctorOptions>(), deps.env);
  if (!where.ok) return where;
  const expected = await expectedOf(config, options.maxSeries);
  if (!expected.ok) return expected;
  const grafanaToken = tokenOf(loaded.value);
  if (!grafanaToken.ok) return grafanaToken;
  const asking = {
    http: createHttpReader(fetchFor(loaded.value, deps.fetch), deps.clock),
    clock: deps.clock,
    timeoutMs: (options.timeout ?? config.prometheus.timeout) * 1000,
  };
  const tokens = { exporter: exporterToken(place.home, deps.env), grafana: grafanaToken.value };
  const diagnosis = diagnose(await gather(asking, where.value, tokens, expected.value));
  report(context, diagnosis);
  return ok(isWell(diagnosis) ? exitCodes.done : exitCodes.failed);
}

/** Tokens go only to the addresses that the file names, never to one of the command line. */
function fetchFor({ config, resolveSecret }: LoadedConfig, fetch: CommandContext['deps']['fetch']) {
  const { prometheus, alertmanager, grafana } = config;
  // The token of Grafana is sent by its reader.
  return fetchAmong([prometheus, alertmanager, { ...grafana, token: null }], fetch, resolveSecret);
}

/** What is named on the command line counts, then a stack that runs on this home, then the file. */
function addressesOf(
  home: string,
  config: Config,
  options: GlobalOptions & DoctorOptions,
  env: Readonly<Record<string, string | undefined>>,
): Outcome<Addresses> {
  const exporter = exporterAddress(home, options.server, env);
  if (!exporter.ok) return exporter;
  for (const [name, text] of Object.entries({
    prometheus: options.prometheus,
    alertmanager: options.alertmanager,
    grafana: options.grafana,
  })) {
    if (text !== undefined && !/^https?:\/\/[^/@]+(\/[^@]*)?$/.test(text))
      return fail(
        'bad_request',
        `--${name} is not an address: write e.g. http://127.0.0.1:9090, without user and password`,
      );
  }
  const parts = runningStack(home)?.parts ?? {};
  return ok({
    exporter: exporter.value,
    prometheus: options.prometheus ?? parts['prometheus']?.url ?? config.prometheus.url,
    alertmanager: options.alertmanager ?? parts['alertmanager']?.url ?? config.alertmanager.url,
    grafana: options.grafana ?? parts['grafana']?.url ?? config.grafana.url,
  });
}

async function expectedOf(config: Config, maxSeries: number): Promise<Outcome<Expected>> {
  const rules = await generatedRules(config);
  if (!rules.ok) return rules;
  const dashboards = await generatedDashboards(config);
  if (!dashboards.ok) return dashboards;
  return ok({
    cluster: config.cluster,
    job: config.rules.job,
    scrapeIntervalSeconds: config.collectors.scrape_interval,
    families: catalogueFamilies,
    groups: expectedGroups(rules.value),
    dashboards: dashboards.value.map((file) => file.path.replace(/^.*\//, '').replace(/\.json$/, '')),
    maxSeries,
  });
}

function tokenOf({ config, resolveSecret }: LoadedConfig): Outcome<string | null> {
  return config.grafana.token === null ? ok(null) : resolveSecret(config.grafana.token);
}

/** With --quiet only what is not well is printed, on standard error, so that cron sends a mail exactly then. */
function report(context: CommandContext, diagnosis: Diagnosis): void {
  context.emit(diagnosis, () => diagnosisText(diagnosis));
  if (!context.quiet || context.json || isWell(diagnosis)) return;
  const bad = diagnosis.findings.filter((finding) => finding.result === 'fail' || finding.result === 'unknown');
  context.deps.stderr.write(bad.map(findingText).join(''));
}

export function diagnosisText({ findings, notChecked, counts }: Diagnosis): string {
  const skipped = notChecked.map(({ id, why }) => `${'-'.padEnd(8)}${id}: not looked at (${why})\n`);
  const sum = `${counts.ok} ok, ${counts.warn} warned, ${counts.fail} failed, ${counts.unknown} unknown\n`;
  return [...findings.map(findingText), ...skipped, sum].join('');
}

/** A title is a statement where all is well, else the question that has another answer. */
export function findingText({ result, title, said, mend }: Finding): string {
  const line = `${result.padEnd(8)}${title}${result === 'ok' ? ':' : '?'} ${printable(said)}\n`;
  return mend === null ? line : `${line}${' '.repeat(8)}mend: ${mend}\n`;
}
