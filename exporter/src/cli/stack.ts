import { accessSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isLoopback, loadConfig, parseListen, type Config } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { tryFile, type CommandContext } from './context.ts';
import { exitCodes, type ExitCode } from './exit.ts';
import { generatedForStack } from './monitoring/generated.ts';
import { createHttpReader, type HttpReader } from './monitoring/http-read.ts';
import { writtenAddress } from './home-server.ts';
import { runningServer } from './monitoring/server.ts';
import { runningStack, stackRecordFile, type StackRecord } from './monitoring/stack-record.ts';
import { durationOption, type Register } from './options.ts';
import { freePort, onStop, startChild, stopAll, type Child } from './stack-child.ts';
import { prepareFolder, writeGenerated, writeGrafanaPassword, type StackFiles } from './stack-files.ts';
import { loopbackAddress, placesOf, type Places } from './stack-places.ts';
import {
  findPrograms,
  hostPort,
  launchesOf,
  stackFolderAt,
  type FoundPrograms,
  type Launch,
  type ProgramName,
  type StackFolder,
} from './stack-programs.ts';

interface StackOptions {
  readonly dir?: string;
  readonly listen?: string;
  readonly prometheus?: string;
  readonly alertmanager?: string;
  readonly grafana?: string;
  readonly readyWithin: number;
}

export const registerStack: Register = (program, run) => {
  program
    .command('stack')
    .description(
      'Run Prometheus, Alertmanager and, where there is one, Grafana with the generated files, and `genesis serve` beside them, until it is stopped',
    )
    .option('--dir <dir>', 'where their data, files and logs go (default <home>/stack)')
    .option('--listen <address:port>', 'of genesis (default: api.listen if it is free, else a free port)')
    .option(
      '--prometheus <address:port>',
      'of Prometheus (default: that of prometheus.url if it is free, else a free port)',
    )
    .option(
      '--alertmanager <address:port>',
      'of Alertmanager (default: that of alertmanager.url if it is free, else a free port)',
    )
    .option('--grafana <address:port>', 'of Grafana (default: that of grafana.url if it is free, else a free port)')
    .option('--ready-within <duration>', 'give up when one of them is not ready by then', durationOption, 60)
    .action(run((context, command) => runStack(context, command.opts<StackOptions>())));
};

/** One run of the command: what it started so far, so that all of it is stopped whatever happens. */
interface Run {
  readonly context: CommandContext;
  readonly options: StackOptions;
  readonly http: HttpReader;
  readonly folder: StackFolder;
  readonly programs: FoundPrograms;
  readonly setpriv: string | null;
  readonly children: Child[];
  readonly urls: Partial<Record<ProgramName | 'genesis', string>>;
  /** Aborts on the first Ctrl-C or SIGTERM. */
  readonly stopping: AbortSignal;
}

async function runStack(context: CommandContext, options: StackOptions): Promise<Outcome<ExitCode>> {
  const { deps, place } = context;
  const programs = findPrograms(deps.env['PATH'] ?? '', isExecutable);
  const needed = programs.missing.filter(({ optional }) => !optional);
  if (needed.length > 0) return fail('exec_failed', needed.map(({ say }) => say).join('; '));
  const running = runningStack(place.home);
  if (running !== null)
    return fail('home_locked', `a stack (process ${running.pid}) already runs on the home ${place.home}`);
  const folder = stackFolderAt(options.dir === undefined ? join(place.home, 'stack') : context.path(options.dir));
  const stopping = new AbortController();
  const hurry = Promise.withResolvers<void>();
  const off = onStop(() => (stopping.signal.aborted ? hurry.resolve() : stopping.abort()));
  const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find(isExecutable) ?? null;
  const http = createHttpReader(deps.fetch, deps.clock);
  const run: Run = {
    context,
    options,
    http,
    folder,
    programs,
    setpriv,
    children: [],
    urls: {},
    stopping: stopping.signal,
  };
  try {
    const started = await startAll(run);
    if (!started.ok) return stopping.signal.aborted ? ok(exitCodes.interrupted) : started;
    announce(run);
    return ok(await watch(run));
  } finally {
    context.remark('stopping');
    await stopAll(run.children, hurry.promise);
    rmSync(stackRecordFile(place.home), { force: true });
    off();
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // absent, or not for this user
  }
}

/** The order is that of the files: the addresses of the ones that run go into the files of the next. */
async function startAll(run: Run): Promise<Outcome<void>> {
  const { context, folder, options } = run;
  const prepared = tryFile(() => prepareFolder(folder));
  if (!prepared.ok) return prepared;
  if (!prepared.value.ok) return prepared.value;
  const genesis = await startGenesis(run);
  if (!genesis.ok) return genesis;
  const loaded = loadConfig(context.place.configPath, context.deps.env, { home: context.place.home });
  if (!loaded.ok) return loaded;
  const { config } = loaded.value;
  const places = await placesOf(options, config);
  if (!places.ok) return places;
  const { prometheus, alertmanager } = places.value;
  const here = configHere(config, folder, reachable(genesis.value), hostPort(prometheus));
  const at = { prometheus: hostPort(prometheus), alertmanager: hostPort(alertmanager) };
  const files = await generatedForStack(here, at);
  if (!files.ok) return files;
  const written = tryFile(() => writeGenerated(folder, files.value));
  if (!written.ok) return written;
  if (!written.value.ok) return written.value;
  return startProducts(run, places.value, written.value.value);
}

/** host:port of a server that runs; a wildcard is listened on, but is no address to call. */
function reachable(url: string): string {
  const { host, hostname, port } = new URL(url);
  return ['0.0.0.0', '[::]'].includes(hostname) ? `127.0.0.1:${port}` : host;
}

/** The configuration with the addresses of this run; nothing else differs, so the rules are those that doctor expects. */
function configHere(config: Config, folder: StackFolder, genesis: string, prometheus: string): Config {
  return {
    ...config,
    api: { ...config.api, listen: genesis },
    prometheus: { ...config.prometheus, url: `http://${prometheus}` },
    provisioning: { ...config.provisioning, dashboards_folder: join(folder.generated, 'dashboards', 'generated') },
  };
}

/** The server of this home where one runs, else a new one. Its URL. Errors: `listen_refused`, `server_unreachable`. */
async function startGenesis(run: Run): Promise<Outcome<string>> {
  const { context, folder, http, options } = run;
  const { deps, place } = context;
  const already = await runningServer(http, place.home);
  if (already !== null) {
    context.remark(`genesis runs already at ${already}: it is used`);
    run.urls.genesis = already;
    return ok(already);
  }
  const listen = await genesisListen(run);
  if (!listen.ok) return listen;
  const env = Object.fromEntries(
    Object.entries(deps.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const before = stampOf(addressFile(place.home));
  const config = context.configGiven ? { GENESIS_CONFIG: place.configPath } : {};
  const child = await startChild({
    name: 'genesis serve',
    file: deps.nodePath,
    args: [deps.binPath, 'serve', ...(listen.value === null ? [] : ['--listen', listen.value])],
    cwd: deps.cwd,
    env: { ...env, GENESIS_HOME: place.home, ...config },
    logFile: join(folder.logs, 'genesis.log'),
    setpriv: run.setpriv,
  });
  run.children.push(child);
  // A killed server leaves its address behind: only a newly written one is this child's.
  const ready = async (): Promise<boolean> => {
    const url = stampOf(addressFile(place.home)) === before ? null : writtenAddress(place.home);
    if (url === null) return false;
    // A certificate of our own making is not trusted by this process; the server has it listening all the same.
    return url.startsWith('https:') || (await http.get(`${url}/healthz`)).known;
  };
  const up = await becomesReady(run, child, ready, options.readyWithin);
  if (!up.ok) return up;
  const url = writtenAddress(place.home);
  if (url === null) return fail('server_unreachable', 'genesis serve ended right after its start');
  run.urls.genesis = url;
  return ok(url);
}

/** On loopback, whatever the configuration says; its port where that is free, else any. Null: what is configured is no address. Errors: `config_*`, `listen_refused`. */
async function genesisListen({ context, options }: Run): Promise<Outcome<string | null>> {
  if (options.listen !== undefined) {
    const asked = loopbackAddress('listen', options.listen);
    return asked.ok ? ok(options.listen) : asked;
  }
  const configured = configuredListen(context);
  if (!configured.ok) return configured;
  const address = parseListen(context.deps.env['GENESIS_LISTEN'] ?? configured.value);
  if (address === null) return ok(null); // the server itself says what is wrong with it
  const host = isLoopback(address.host) ? address.host : '127.0.0.1';
  const free = address.port === 0 ? null : await freePort(host, address.port);
  return ok(hostPort({ host, port: free ?? 0 }));
}

/** A first start has no file yet: the server writes one with the standard address. */
function configuredListen({ place, deps, configGiven }: CommandContext): Outcome<string> {
  if (!configGiven && !existsSync(place.configPath)) return ok('127.0.0.1:9847');
  const loaded = loadConfig(place.configPath, deps.env, { home: place.home });
  return loaded.ok ? ok(loaded.value.config.api.listen) : loaded;
}

function addressFile(home: string): string {
  return join(home, 'run', 'address');
}

function stampOf(file: string): string | null {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino}:${stat.mtimeMs}`;
}

async function startProducts(run: Run, places: Places, files: StackFiles): Promise<Outcome<void>> {
  const { context, folder, programs } = run;
  if (programs.paths.grafana !== undefined) writeGrafanaPassword(folder, context.deps.random.hex(16));
  for (const launch of launchesOf(folder, programs.paths, places, files, existsSync)) {
    const started = await startProduct(run, launch);
    if (!started.ok) return started;
  }
  return tryFile(() => writeRecord(run));
}

async function startProduct(run: Run, { name, file, args, env, url, probe }: Launch): Promise<Outcome<void>> {
  const { context, folder, http, options } = run;
  const { PATH = '/usr/bin:/bin', HOME = folder.path } = context.deps.env;
  const child = await startChild({
    name,
    file,
    args,
    cwd: folder.path,
    env: { PATH, HOME, LC_ALL: 'C.UTF-8', ...env },
    logFile: join(folder.logs, `${name}.log`),
    setpriv: run.setpriv,
  });
  run.children.push(child);
  run.urls[name] = url;
  return becomesReady(run, child, async () => (await http.get(`${url}${probe}`)).known, options.readyWithin);
}

const pollMs = 150;

async function becomesReady(
  run: Run,
  child: Child,
  ready: () => Promise<boolean>,
  withinSeconds: number,
): Promise<Outcome<void>> {
  const { clock } = run.context.deps;
  const deadlineMs = +clock.now() + withinSeconds * 1000;
  for (;;) {
    if (run.stopping.aborted) return fail('cancelled', 'the stack was stopped while it started');
    if (!child.running()) return fail('exec_failed', `${child.name} ${await child.ended}${tail(child)}`);
    if (await ready()) return ok(undefined);
    if (+clock.now() > deadlineMs)
      return fail('exec_timeout', `${child.name} is not ready after ${withinSeconds} s${tail(child)}`);
    await clock.sleep(pollMs, run.stopping);
  }
}

function tail(child: Child): string {
  return `; its last lines (${child.logFile}):\n${child
    .lastLines(20)
    .map((line) => `    ${line}`)
    .join('\n')}`;
}

/** For `genesis doctor`, which finds the stack of its home by it. */
function writeRecord({ context, urls, children }: Run): void {
  const pidOf = (name: string): number | null => children.find((child) => child.name === name)?.pid ?? null;
  const parts = Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [name, { url, pid: pidOf(name === 'genesis' ? 'genesis serve' : name) }]),
  );
  const record: StackRecord = { pid: process.pid, parts };
  const file = stackRecordFile(context.place.home);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
}

function announce({ context, urls, folder, programs }: Run): void {
  const absent = programs.missing.map(({ say }) => say);
  context.emit({ ...urls, dir: folder.path, absent }, () =>
    [
      '',
      `  genesis       ${urls.genesis}   (\`genesis login\` gives a link to log in with)`,
      `  prometheus    ${urls.prometheus}   (rules: ${urls.prometheus}/rules)`,
      `  alertmanager  ${urls.alertmanager}`,
      ...(urls.grafana === undefined ? [] : [`  grafana       ${urls.grafana}`]),
      ...absent.map((say) => `  ${say}`),
      `  data, files and logs: ${folder.path}; \`genesis doctor\` checks them; Ctrl-C stops all`,
      '',
      '',
    ].join('\n'),
  );
}

/** Until it is stopped. A child that dies is told of; the others go on, because their alerts may be about just that. */
async function watch({ context, children, stopping }: Run): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const stopped = new Promise<void>((resolve) => {
    if (stopping.aborted) resolve();
    else stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  const watched = children.map(async (child) => {
    const how = await child.ended;
    if (stopping.aborted) return;
    code = exitCodes.failed;
    context.deps.stderr.write(`genesis: ${child.name} ${how}${tail(child)}\n`);
  });
  await Promise.race([stopped, Promise.all(watched)]);
  return code;
}
