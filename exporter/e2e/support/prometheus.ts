import { writeFileSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { freePort, startProcess, tempFolder, waitUntil, type RunningProcess } from './processes.ts';

export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** Writes generated files below a folder, as `genesis generate` does. */
export function writeFiles(folder: string, files: readonly GeneratedFile[]): void {
  for (const file of files) {
    const target = path.join(folder, file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.content);
  }
}

export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PrometheusServer {
  readonly url: string;
  readonly process: RunningProcess;
  /** Instant query; an empty list when nothing matches. */
  query(expr: string): Promise<PrometheusSample[]>;
  /** GET of an API path, e.g. `/api/v1/rules`; the `data` of the answer. */
  api<T = unknown>(route: string): Promise<T>;
  stop(): Promise<number | null>;
}

/** Real Prometheus on a free port with the given file (which may name rule files relative to itself). */
export async function startPrometheus(options: {
  readonly configFile: string;
  readonly port?: number;
  readonly flags?: readonly string[];
  /** Folder of its data, which may hold some already; default: a new one. */
  readonly tsdb?: string;
}): Promise<PrometheusServer> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const server = await startProcess({
    name: 'prometheus',
    file: 'prometheus',
    args: [
      `--config.file=${options.configFile}`,
      `--storage.tsdb.path=${options.tsdb ?? tempFolder('genesis-tsdb-')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.flags ?? []),
    ],
    mend: 'install the Debian package prometheus',
  });
  await waitUntil('prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok, { processes: [server] });
  const api = async <T>(route: string): Promise<T> => {
    const reply = await fetch(`${url}${route}`);
    const body = (await reply.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`prometheus ${route}: ${body.error ?? reply.status}`);
    return body.data;
  };
  return {
    url,
    process: server,
    api,
    query: async (expr) => {
      const data = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(
        `/api/v1/query?query=${encodeURIComponent(expr)}`,
      );
      return data.result.map((sample) => ({ metric: sample.metric, value: Number(sample.value[1]) }));
    },
    stop: () => server.stop(),
  };
}

export interface AlertmanagerServer {
  readonly url: string;
  readonly process: RunningProcess;
  stop(): Promise<number | null>;
}

/** Real Alertmanager on a free port, without clustering. */
export async function startAlertmanager(options: {
  readonly configFile: string;
  readonly port?: number;
}): Promise<AlertmanagerServer> {
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const server = await startProcess({
    name: 'alertmanager',
    file: 'prometheus-alertmanager', // Debian's name of the binary
    args: [
      `--config.file=${options.configFile}`,
      `--storage.path=${tempFolder('genesis-am-')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    mend: 'install the Debian package prometheus-alertmanager',
  });
  await waitUntil('alertmanager is ready', async () => (await fetch(`${url}/-/ready`)).ok, { processes: [server] });
  return { url, process: server, stop: () => server.stop() };
}

export interface WebhookAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface WebhookServer {
  readonly url: string;
  /** All alerts received so far, in order of arrival. */
  alerts(): readonly WebhookAlert[];
  stop(): Promise<void>;
}

/** A receiver of Alertmanager's webhook messages. */
export async function startWebhook(): Promise<WebhookServer> {
  const alerts: WebhookAlert[] = [];
  const server: Server = createServer((request, reply) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { alerts: WebhookAlert[] };
      alerts.push(...message.alerts);
      reply.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the webhook server has no port');
  return {
    url: `http://127.0.0.1:${address.port}/alerts`,
    alerts: () => alerts,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
