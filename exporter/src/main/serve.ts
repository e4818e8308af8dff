import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServerResponse } from 'node:http';
import { createLoginCodes } from '../api/sessions.ts';
import { createServer, type Server } from '../api/server.ts';
import type { ServeOptions } from '../cli/deps.ts';
import { formatFault, isLoopback, parseListen, type Config, type Fault } from '../config/index.ts';
import { defaultConfigYaml } from '../config/defaults.ts';
import { fail, ok, toOpError, type OpError, type Outcome } from '../contract/errors.ts';
import { metricsContentType } from '../metrics/render.ts';
import { writeInto } from '../metrics/stream.ts';
import type { RequestOptions } from '../runtime/app.ts';
import { systemClock, systemRandom } from '../runtime/clock.ts';
import { homeAt, prepareHome, writeAtomically, type Home } from '../runtime/home.ts';
import { createLog } from '../runtime/log.ts';
import { composeApp, type Composed, type Environment } from './compose.ts';
import { changeDemoData, writeDemoData } from './demo.ts';

export interface Terminal {
  write(text: string): void;
  readonly isTTY: boolean;
}

export interface ServeDeps {
  readonly version: string;
  readonly env: Environment;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  /** Calls back on SIGTERM and SIGINT. */
  onStop(listener: () => void): void;
  onHangup(listener: () => void): void;
}

/** Beside the sources in an installed package; in a checkout where the plugin's build puts it. */
const consoleFolders = ['../../console', '../../../plugin/dist-console'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
);

const stopGraceMs = 8_000;
const reloadActor: RequestOptions = {
  actor: { name: 'signal', role: 'admin', via: 'cli' },
  remote: null,
  reason: 'SIGHUP',
  confirm: null,
  planEtag: null,
  idempotencyKey: null,
};

/** Writes what a bare machine needs: a commented configuration, a small tree to protect. Only where nothing is. */
function firstStart(home: Home, options: ServeOptions): boolean {
  if (options.configGiven || existsSync(options.configPath)) return false;
  if (!existsSync(home.demoDataFolder)) writeDemoData(home.demoDataFolder, systemClock.now(), systemRandom);
  mkdirSync(dirname(options.configPath), { recursive: true, mode: 0o700 });
  const yaml = defaultConfigYaml({
    home: home.path,
    dataDir: home.demoDataFolder,
    repositoryDir: home.repositoryFolder,
    copyDir: join(home.path, 'copies', 'second'),
  });
  writeAtomically(options.configPath, yaml, 0o600);
  return true;
}

/** `--listen`, then GENESIS_LISTEN, then the file. Errors: `listen_refused`. */
function listenAddress(
  config: Config,
  options: ServeOptions,
  env: Environment,
): Outcome<{ host: string; port: number }> {
  const text = options.listen ?? env['GENESIS_LISTEN'] ?? config.api.listen;
  const parsed = parseListen(text);
  if (parsed === null) return fail('listen_refused', `"${text}" is not an address: write 127.0.0.1:9847`);
  if (!isLoopback(parsed.host) && config.api.tls === null && !config.api.insecure) {
    return fail('listen_refused', `${text} is beyond loopback: configure api.tls, or say api.insecure: true`);
  }
  return ok(parsed);
}

function readTls(config: Config): Outcome<{ cert: Buffer; key: Buffer } | null> {
  if (config.api.tls === null) return ok(null);
  try {
    return ok({ cert: readFileSync(config.api.tls.cert), key: readFileSync(config.api.tls.key) });
  } catch (thrown) {
    return fail('listen_refused', `api.tls cannot be read: ${toOpError(thrown).message}`);
  }
}

async function renderMetrics(composed: Composed, response: ServerResponse): Promise<void> {
  response.setHeader('Content-Type', metricsContentType);
  await composed.seeded();
  await composed.page.render(composed.running.app.snapshot(), systemClock.now(), writeInto(response));
  response.end();
}

function welcome(o: {
  url: string;
  code: string;
  home: Home;
  configPath: string;
  demo: boolean;
  logFile: string | null;
}): string {
  const lines = [
    '',
    `  Genesis DR runs at ${o.url}`,
    `    page     ${o.url}/login#code=${o.code}   (log in once, within 10 minutes; \`genesis login\` gives another)`,
    `    metrics  ${o.url}/metrics`,
    `    API      ${o.url}/api/docs   (tokens in ${o.home.tokensFolder}/)`,
    `  Next: ${o.demo ? `it protects the demo files in ${o.home.demoDataFolder}; add your own to` : 'your services are in'} ${o.configPath}`,
    ...(o.logFile === null ? [] : [`  Log: ${o.logFile}`]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function say(deps: ServeDeps, error: OpError): number {
  const faults = (error.details?.['faults'] ?? []) as readonly Fault[];
  const [only] = faults;
  // The message names a single fault already; its own mend says more than the hint of all errors of that kind.
  const mend = faults.length === 1 && only !== undefined ? only.mend : error.hint;
  const more = faults.length === 1 ? '' : faults.map((fault) => `  - ${formatFault(fault)}\n`).join('');
  deps.stderr.write(`genesis: ${error.message} (${mend})\n${more}`);
  return 2;
}

/** Resolves with the exit code: 0 when it was stopped, 2 when it could not start (one sentence was printed). */
export async function serve(deps: ServeDeps, options: ServeOptions): Promise<number> {
  const home = homeAt(options.home);
  const prepared = prepareHome(home);
  if (!prepared.ok) return say(deps, prepared.error);
  let demo: boolean;
  try {
    demo = firstStart(home, options);
  } catch (thrown) {
    return say(deps, toOpError(thrown, 'home_unusable'));
  }
  const log = createLog({ level: options.logLevel ?? 'info', home: home.path, interactive: deps.stderr.isTTY });
  const composed = await composeApp({
    home,
    configPath: options.configPath,
    version: deps.version,
    env: deps.env,
    log,
    metered: true,
  });
  if (!composed.ok) return say(deps, composed.error);
  if (options.logLevel === null) log.setLevel(composed.value.loaded.config.log.level);
  const server = await startServer(deps, options, composed.value);
  if (!server.ok) {
    await composed.value.close(0);
    return say(deps, server.error);
  }
  const { url, port, server: http, loginCode } = server.value;
  const listen = listenAddress(composed.value.loaded.config, options, deps.env);
  const host = listen.ok ? listen.value.host : '127.0.0.1';
  // Commands read it to find the server: a bare address means http, anything else is the whole URL.
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  writeAtomically(home.addressFile, url.startsWith('https:') ? `${url}\n` : `${address}\n`, 0o600);
  deps.stdout.write(
    welcome({
      url,
      code: loginCode,
      home,
      configPath: options.configPath,
      demo,
      logFile: deps.stderr.isTTY ? join(home.path, 'logs', 'genesis.log') : null,
    }),
  );
  await runUntilStopped(deps, composed.value, home);
  rmSync(home.addressFile, { force: true });
  const closing = http.close(1_000);
  await composed.value.close(stopGraceMs);
  await closing;
  log.info('stopped');
  log.flush();
  return 0;
}

async function startServer(
  deps: ServeDeps,
  options: ServeOptions,
  composed: Composed,
): Promise<Outcome<{ url: string; port: number; server: Server; loginCode: string }>> {
  const { config } = composed.loaded;
  const listen = listenAddress(config, options, deps.env);
  if (!listen.ok) return listen;
  const tls = readTls(config);
  if (!tls.ok) return tls;
  const loginCodes = createLoginCodes({ clock: systemClock, random: systemRandom });
  const server = createServer({
    app: composed.running.app,
    renderMetrics: (response) => renderMetrics(composed, response),
    listen: listen.value,
    tls: tls.value,
    loginCodes,
    consoleFolders,
  });
  const listening = await server.listen();
  return listening.ok ? ok({ ...listening.value, server, loginCode: loginCodes.create().code }) : listening;
}

/** The head of the audit log goes into the log, out of the state's reach: about once an hour and at the end. */
function reportAuditHead(composed: Composed): Promise<void> {
  return composed.store.audit.head().then((head) => {
    if (head !== null) composed.running.app.log.info('audit head', { count: head.count, hash: head.hash, at: head.at });
  });
}

async function runUntilStopped(deps: ServeDeps, composed: Composed, home: Home): Promise<void> {
  const controller = new AbortController();
  deps.onStop(() => controller.abort());
  const { running } = composed;
  deps.onHangup(() => void running.app.reload(reloadActor));
  await running.start({ act: true });
  const background: Promise<void>[] = [running.loop(controller.signal)];
  const isDemo = running.app
    .config()
    .services.some((s) => Object.values(s.backup.components).some((c) => c.paths.includes(home.demoDataFolder)));
  if (isDemo)
    background.push(
      changeDemoData(
        home.demoDataFolder,
        { clock: systemClock, random: systemRandom, log: running.app.log },
        controller.signal,
      ),
    );
  background.push(
    (async () => {
      while (!controller.signal.aborted) {
        await reportAuditHead(composed);
        await systemClock.sleep(3_600_000, controller.signal);
      }
    })(),
  );
  await Promise.all(background);
  await reportAuditHead(composed);
}
