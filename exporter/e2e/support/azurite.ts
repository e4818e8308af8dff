import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { checkout, freePort, startProcess, waitUntil, type RunningProcess } from './processes.ts';
import { makeCertificate, type ObjectStore } from './store-bench.ts';

/** Azure Blob Storage on this machine: azurite behind TLS, with an account and a key of its own. */

const account = 'genesis';
const container = 'backups';
const version = '2020-10-02';

/** Starts it with one empty container. */
export async function startAzurite(folder: string): Promise<ObjectStore> {
  const tls = await makeCertificate(folder);
  const port = await freePort();
  const key = randomBytes(32).toString('base64');
  const program = path.join(checkout, 'node_modules/azurite/dist/src/blob/main.js');
  if (!existsSync(program)) throw new Error('azurite is not installed: npm ci');
  const ca = readFileSync(tls.ca);
  const ask = (method: string, query: Readonly<Record<string, string>>) => call({ port, key, ca }, method, query);
  let running: RunningProcess | undefined;
  const start = async (): Promise<void> => {
    const child = await startProcess({
      name: 'azurite',
      file: process.execPath,
      args: [
        program,
        ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', path.join(folder, 'data')],
        ...['--cert', tls.certificate, '--key', tls.key],
        // A test tells nobody that it ran.
        ...['--disableTelemetry', '--silent'],
      ],
      env: { AZURITE_ACCOUNTS: `${account}:${key}` },
    });
    running = child;
    await waitUntil('azurite answers', async () => (await ask('GET', { comp: 'list' })).status > 0, {
      processes: [child],
    });
  };
  await start();
  const made = await ask('PUT', { restype: 'container' });
  if (made.status !== 201) throw new Error(`the container was not made: ${made.status} ${made.text}`);
  return {
    key,
    remote: (keyFile) => ({
      azure: {
        container,
        account,
        key: `file:${keyFile}`,
        endpoint: `127.0.0.1:${port}`,
        uri_style: 'path',
        ca_file: tls.ca,
      },
    }),
    names: async (prefix) => {
      const answer = await ask('GET', { comp: 'list', prefix, restype: 'container' });
      if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
      return [...answer.text.matchAll(/<Name>([^<]*)<\/Name>/g)].map((match) => match[1] ?? '');
    },
    start,
    stop: async () => void (await running?.stop()),
  };
}

interface Place {
  readonly port: number;
  readonly key: string;
  readonly ca: Buffer;
}

/** A request about the container, signed with the account's key ("Shared Key"). */
function call(place: Place, method: string, query: Readonly<Record<string, string>>) {
  const headers = { 'x-ms-date': new Date().toUTCString(), 'x-ms-version': version };
  const resource = `/${account}/${container}`;
  const parameters = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = [
    method,
    // Standard headers, none of which is sent.
    ...Array<string>(11).fill(''),
    ...Object.entries(headers).map(([name, value]) => `${name}:${value}`),
    // The account stands in the path, and is put before it once more.
    `/${account}${resource}`,
    ...parameters.map(([name, value]) => `${name}:${value}`),
  ].join('\n');
  const signature = createHmac('sha256', Buffer.from(place.key, 'base64')).update(signed).digest('base64');
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: place.port,
        method,
        path: `${resource}?${new URLSearchParams(query).toString()}`,
        headers: { ...headers, 'content-length': 0, authorization: `SharedKey ${account}:${signature}` },
        ca: place.ca,
        agent: false,
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => (text += chunk));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}
