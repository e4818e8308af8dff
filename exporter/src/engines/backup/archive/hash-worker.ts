import { parentPort } from 'node:worker_threads';
import { SegmentHasher, type HashRequest } from './content-hash.ts';

/** Thread that hashes the contents of one archive, frame by frame in order. */
const hasher = new SegmentHasher();
const buffers: Uint8Array[] = [];

function answer(request: HashRequest): void {
  if (request.kind === 'buffer') {
    buffers.push(new Uint8Array(request.memory));
    return;
  }
  const raw = buffers[request.buffer];
  if (raw === undefined) throw new RangeError(`frame in unknown buffer ${request.buffer}`);
  parentPort?.postMessage(hasher.run(raw, request.segments));
}

parentPort?.on('message', answer);
