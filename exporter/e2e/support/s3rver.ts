import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { checkout, freePort, startProcess, waitUntil, type RunningProcess } from './processes.ts';
import { makeCertificate, type ObjectStore } from './store-bench.ts';

/** S3 on this machine: s3rver behind TLS. It refuses another access key than its own; signatures of version 4 it does not check. */

const bucket = 'backups';
/** Built into it: the access key and the secret. */
const builtIn = 'S3RVER';

export interface S3Store extends ObjectStore {
  readonly bucket: string;
  /** Address and port. */
  readonly endpoint: string;
  /** PEM file of the authority that signed its certificate. */
  readonly ca: string;
}

/** Starts it with one empty bucket. */
export async function startS3rver(folder: string): Promise<S3Store> {
  const tls = await makeCertificate(folder);
  const port = await freePort();
  const program = path.join(checkout, 'node_modules/s3rver/bin/s3rver.js');
  if (!existsSync(program)) throw new Error('s3rver is not installed: npm ci');
  const secretFile = path.join(folder, 'secret');
  writeFileSync(secretFile, builtIn, { mode: 0o600 });
  const names = async (prefix: string): Promise<readonly string[]> => {
    const query = new URLSearchParams({ 'list-type': '2', prefix });
    const text = await get(port, readFileSync(tls.ca), `/${bucket}?${query.toString()}`);
    return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => match[1] ?? '');
  };
  let running: RunningProcess | undefined;
  const start = async (): Promise<void> => {
    const child = await startProcess({
      name: 's3rver',
      file: process.execPath,
      args: [
        program,
        ...['--address', '127.0.0.1', '--port', String(port), '--directory', path.join(folder, 'data'), '--silent'],
        ...['--cert', tls.certificate, '--key', tls.key, '--no-vhost-buckets', '--configure-bucket', bucket],
      ],
    });
    running = child;
    await waitUntil('s3rver answers', async () => (await names('')).length >= 0, { processes: [child] });
  };
  await start();
  return {
    key: builtIn,
    bucket,
    endpoint: `127.0.0.1:${port}`,
    ca: tls.ca,
    remote: (keyFile) => ({
      s3: {
        bucket,
        endpoint: `127.0.0.1:${port}`,
        access_key: `file:${keyFile}`,
        secret_key: `file:${secretFile}`,
        uri_style: 'path',
        ca_file: tls.ca,
      },
    }),
    names,
    start,
    stop: async () => void (await running?.stop()),
  };
}

function get(port: number, ca: Buffer, at: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: at, ca, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(text) : reject(new Error(`${answer.statusCode}: ${text}`)),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}
