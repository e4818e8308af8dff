import { parentPort } from 'node:worker_threads';
import { SegmentHasher, type HashRequest } from './content-hash.ts';

/** Thread that hashes the contents of one archive, frame by frame in order. */
const hasher = new SegmentHasher();
parentPort?.on('message', ({ raw, segments }: HashRequest) => parentPort?.postMessage(hasher.run(raw, segments)));
