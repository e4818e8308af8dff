import { parentPort } from 'node:worker_threads';
import { compressFrame, release, SegmentHasher, type FrameAnswer, type FrameRequest } from './frame-work.ts';

/** Thread that compresses frames or hashes the contents in them, in the order in which they are sent. It is as nice as the thread that starts it. */

const hasher = new SegmentHasher();
const buffers: Buffer[] = [];

function answer(request: FrameRequest): void {
  if (request.kind === 'buffer') {
    buffers.push(Buffer.from(request.memory));
    return;
  }
  const raw = buffers[request.buffer];
  if (raw === undefined) throw new RangeError(`frame in unknown buffer ${request.buffer}`);
  if (request.kind === 'hash') {
    post({ digests: hasher.run(raw, request.segments) });
    return;
  }
  const { bytes, sha256 } = compressFrame(raw.subarray(0, request.length), request.level);
  // Back through shared memory: to move the array would charge its whole size to the other thread's garbage collector, frame after frame.
  bytes.copy(raw, request.resultAt);
  const storedLength = bytes.length;
  release(bytes);
  post({ storedLength, sha256 });
}

function post(message: FrameAnswer): void {
  parentPort?.postMessage(message);
}

parentPort?.on('message', answer);
