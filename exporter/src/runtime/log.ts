import { mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { destination, pino, type Logger } from 'pino';
import type { Log } from '../ports/index.ts';

export interface SwitchableLog extends Log {
  setLevel(level: string): void;
  flush(): void;
}

function wrap(logger: Logger, flush: () => void): SwitchableLog {
  return {
    debug: (message, data) => logger.debug(data ?? {}, message),
    info: (message, data) => logger.info(data ?? {}, message),
    warn: (message, data) => logger.warn(data ?? {}, message),
    error: (message, data) => logger.error(data ?? {}, message),
    setLevel: (level) => {
      logger.level = level;
    },
    flush,
  };
}

const maxInteractiveBytes = 10 * 2 ** 20;

/**
 * JSON lines as Loki takes them: to stderr for a service manager, or, when a person sits at the terminal, to
 * `<home>/logs/genesis.log` (one older file kept) so that the few lines they need stay readable.
 */
export function createLog(options: {
  readonly level: string;
  readonly home: string;
  readonly interactive: boolean;
}): SwitchableLog {
  const base = {
    name: 'genesis',
    timestamp: pino.stdTimeFunctions.isoTime,
    base: null,
    formatters: { level: (level: string) => ({ level }) },
  };
  if (!options.interactive) {
    const stream = destination({ dest: 2, sync: true });
    return wrap(pino({ ...base, level: options.level }, stream), () => undefined);
  }
  const folder = join(options.home, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'genesis.log');
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > maxInteractiveBytes) renameSync(file, `${file}.1`);
  const stream = destination({ dest: file, sync: true, mode: 0o600 });
  return wrap(pino({ ...base, level: options.level }, stream), () => stream.flushSync());
}

/** For commands that print their own results: only what went wrong. */
export function createQuietLog(): SwitchableLog {
  return wrap(
    pino(
      { name: 'genesis', level: 'warn', timestamp: pino.stdTimeFunctions.isoTime, base: null },
      destination({ dest: 2, sync: true }),
    ),
    () => undefined,
  );
}
