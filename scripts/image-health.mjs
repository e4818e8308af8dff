#!/usr/bin/env node
// Health check of the container: ends with 0 when Genesis answers on the address it wrote into its home, else with 1 and a sentence.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';

const timeoutMs = 4_000;

/** The written address with a wildcard replaced by loopback; a bare address means http. */
function addressIn(home) {
  const text = readFileSync(join(home, 'run', 'address'), 'utf8').trim();
  const url = new URL(text.includes('://') ? text : `http://${text}`);
  if (['0.0.0.0', '[::]'].includes(url.hostname)) url.hostname = '127.0.0.1';
  return new URL('/healthz', url);
}

function probe(url) {
  return new Promise((resolve, reject) => {
    // The certificate is for the name that others call; here the connection never leaves the container.
    const options = { timeout: timeoutMs, rejectUnauthorized: false, headers: { host: `localhost:${url.port}` } };
    const request = (url.protocol === 'https:' ? https : http).get(url, options, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`${url} answers ${response.statusCode}`));
    });
    request.on('timeout', () => request.destroy(new Error(`${url} does not answer within ${timeoutMs} ms`)));
    request.on('error', reject);
  });
}

try {
  await probe(addressIn(process.env.GENESIS_HOME ?? '/var/lib/genesis'));
} catch (thrown) {
  process.stderr.write(`unhealthy: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
