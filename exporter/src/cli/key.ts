import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { loadConfig } from '../config/index.ts';
import { fail, ok, type Outcome } from '../contract/errors.ts';
import { done, tryFile, withSession, type CommandContext } from './context.ts';
import { printable } from './format.ts';
import type { Register } from './options.ts';

const keyBytes = 32;

export const registerKey: Register = (program, run) => {
  const key = program.command('key').description('The key that seals backups');
  key
    .command('generate <file>')
    .description('A new random key (64 hex digits) in a new file that only you can read')
    .action(
      run(async (context, command) => {
        const file = context.path(command.args[0] ?? '');
        const written = tryFile(() => writeNewSecret(file, context.deps.random.hex(keyBytes)));
        const text = `wrote ${printable(file)}; use it as backup.encryption.key: file:${printable(file)}\nkeep another copy away from this machine, then run: genesis key confirm SERVICE\n`;
        return done(context, written.ok ? ok({ file }) : written, () => text);
      }),
    );
  key
    .command('show-fingerprint [service]')
    .description('Fingerprint of the configured key, as the repositories name it')
    .action(
      run(async (context, command) => {
        const service = serviceWithKey(context, command.args[0]);
        if (!service.ok) return service;
        const found = await context.deps.keyFingerprint({ ...context.place, service: service.value });
        return done(context, found, ({ fingerprint }) => `${fingerprint}\n`);
      }),
    );
  key
    .command('confirm [service]')
    .description('Say that you keep the key elsewhere too: a key kept only beside the data is lost with it')
    .requiredOption('--fingerprint <fingerprint>', 'of the key you keep, read from that other place')
    .action(
      run((context, command) =>
        withSession(context, 'act', async (session) => {
          const service = serviceWithKey(context, command.args[0]);
          if (!service.ok) return service;
          const configured = await context.deps.keyFingerprint({ ...context.place, service: service.value });
          if (!configured.ok) return configured;
          const { fingerprint } = configured.value;
          if (command.opts<{ fingerprint: string }>().fingerprint !== fingerprint) {
            return fail('key_wrong', `${service.value} is sealed with the key ${fingerprint}, not with that one`);
          }
          const confirmed = await session.confirmKey(service.value, fingerprint);
          const document = { service: service.value, fingerprint, confirmed: true };
          return done(
            context,
            confirmed.ok ? ok(document) : confirmed,
            () => `recorded: the key ${fingerprint} is kept elsewhere too\n`,
          );
        }),
      ),
    );
};

/** The named service, or the only encrypted one in the configuration. */
function serviceWithKey(context: CommandContext, named: string | undefined): Outcome<string> {
  if (named !== undefined) return ok(named);
  const loaded = loadConfig(context.place.configPath, context.deps.env, { home: context.place.home });
  if (!loaded.ok) return loaded;
  const names = loaded.value.config.services
    .filter((service) => service.backup.encryption !== null)
    .map((service) => service.name);
  const [first] = names;
  if (first === undefined) return fail('key_missing', `no service in ${loaded.value.path} has backup.encryption.key`);
  return names.length === 1 ? ok(first) : fail('bad_request', `name the service: ${names.join(', ')}`);
}

/** Never over an existing file: that would lose the key of every backup made with it. */
function writeNewSecret(file: string, secret: string): void {
  const fd = openSync(file, 'wx', 0o600);
  try {
    writeSync(fd, `${secret}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
