import { ok } from '../contract/errors.ts';
import type { Register } from './options.ts';

export const registerServe: Register = (program, run) => {
  program
    .command('serve')
    .description('Run the exporter: schedules, metrics, page and API, until it is stopped')
    .option('--listen <address:port>', 'listen here instead of where the configuration says (GENESIS_LISTEN)')
    .option('--log-level <level>', 'debug, info, warn or error')
    .action(
      run(async ({ deps, place, configGiven }, command) => {
        const { listen, logLevel } = command.opts<{ listen?: string; logLevel?: string }>();
        return ok(await deps.serve({ ...place, configGiven, listen: listen ?? null, logLevel: logLevel ?? null }));
      }),
    );
};
