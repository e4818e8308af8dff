import { parentPort } from 'node:worker_threads';
import systeminformation from 'systeminformation';
import type { Reading, ReadingAnswer, ReadingAsked } from './system-source.ts';

/** Thread that asks systeminformation and answers each reading by its id. */

const readings: Readonly<Record<Reading, () => Promise<unknown>>> = {
  currentLoad: () => systeminformation.currentLoad(),
  mem: () => systeminformation.mem(),
  fsSize: () => systeminformation.fsSize(),
  networkStats: () => systeminformation.networkStats('*'),
  disksIO: () => systeminformation.disksIO(),
  fsStats: () => systeminformation.fsStats(),
};

function answer(message: ReadingAnswer): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', ({ id, reading }: ReadingAsked) => {
  readings[reading]().then(
    (value) => answer({ id, value }),
    (error: unknown) => answer({ id, error: Error.isError(error) ? error.message : String(error) }),
  );
});
