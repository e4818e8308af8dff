import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker, type ResourceLimits } from 'node:worker_threads';

/** Sources run as .ts, a packed install as .js: a worker's file lies beside the one that starts it, under the same ending. */
const ending = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/**
 * First code of every thread. A thread does not take over its process's compile cache, and without it a checkout strips the types of thirty files for every
 * backup (a quarter of a second); so it is opened before the first import, and written as soon as the thread is up.
 */
const boot = `
const { workerData } = require('node:worker_threads');
const modules = require('node:module');
if (workerData.cache !== null) modules.enableCompileCache(workerData.cache);
import(workerData.entry).then(() => modules.flushCompileCache());`;

export interface ThreadOptions {
  /** `workerData.data` in the thread. */
  readonly data: unknown;
  /** Its whole environment; default none. */
  readonly env?: Readonly<Record<string, string>>;
  readonly resourceLimits?: ResourceLimits;
}

/**
 * Starts `<name>.ts` (or .js), which lies beside the module of that `import.meta.url`, in a thread: without the environment and the flags
 * (--input-type, --inspect) of this process.
 */
export function startThread(beside: string, name: string, options: ThreadOptions): Worker {
  const cache = getCompileCacheDir();
  return new Worker(boot, {
    eval: true,
    env: { ...options.env },
    execArgv: [],
    workerData: {
      entry: new URL(`./${name}${ending}`, beside).href,
      // Node adds a folder for its version by itself.
      cache: cache === undefined ? null : dirname(cache),
      data: options.data,
    },
    ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
  });
}
