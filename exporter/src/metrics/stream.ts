import type { Writable } from 'node:stream';
import type { WriteChunk } from './render.ts';

/** Writes into a stream as fast as its reader takes it; false once the stream was closed or destroyed. */
export function writeInto(stream: Writable): WriteChunk {
  return (chunk) => {
    if (stream.destroyed || stream.writableEnded) return false;
    if (chunk.length === 0 || stream.write(chunk)) return true;
    return new Promise<boolean>((resolve) => {
      const settle = (going: boolean) => (): void => {
        stream.off('drain', onDrain);
        stream.off('close', onClose);
        resolve(going);
      };
      const onDrain = settle(true);
      const onClose = settle(false);
      stream.once('drain', onDrain);
      stream.once('close', onClose);
    });
  };
}
