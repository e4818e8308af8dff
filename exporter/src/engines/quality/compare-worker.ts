import { parentPort, workerData } from 'node:worker_threads';
import type { FromCompareWorker } from './compare-thread.ts';
import { compareServers, type CompareRequest } from './compare-servers.ts';

/** Thread that makes one comparison and answers once; any message to it means to stop. */

function post(message: FromCompareWorker): void {
  parentPort?.postMessage(message);
}

const aborter = new AbortController();
parentPort?.on('message', () => aborter.abort());
try {
  const compared = await compareServers((workerData as { readonly data: CompareRequest }).data, aborter.signal);
  if (compared.ok) post({ type: 'done', comparison: compared.value });
  else {
    const { code, message, retryable, details } = compared.error;
    post({ type: 'failed', failure: { code, message, retryable, details } });
  }
} catch (thrown) {
  post({ type: 'bug', stack: Error.isError(thrown) ? (thrown.stack ?? thrown.message) : String(thrown) });
}
// Else the port keeps the thread alive.
parentPort?.close();
