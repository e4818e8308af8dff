import { Option } from 'commander';
import { ok } from '../contract/errors.ts';
import { roles, type Role } from '../contract/operation.ts';
import type { TokenReply } from '../contract/replies.ts';
import { done, withSession } from './context.ts';
import { formatTable, humanAge, humanTime } from './format.ts';
import { durationOption, type Register } from './options.ts';

export const registerToken: Register = (program, run) => {
  const token = program.command('token').description('API tokens (admin)');
  token
    .command('create <name>')
    .description('A new token; its secret is shown this once')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).makeOptionMandatory())
    .option('--expires <duration>', 'when it ends by itself, e.g. 90d (default: never)', durationOption)
    .action(
      run((context, command) =>
        withSession(context, 'act', async (session) => {
          const { role, expires } = command.opts<{ role: Role; expires?: number }>();
          const wanted = {
            name: command.args[0] ?? '',
            role,
            expiresInSeconds: expires === undefined ? null : Math.ceil(expires),
          };
          const made = await session.createToken(wanted);
          if (made.ok) context.remark('this is shown only now; whoever has it can do what its role allows:');
          return done(context, made, ({ secret }) => `${secret}\n`);
        }),
      ),
    );
  token
    .command('list', { isDefault: true })
    .description('All tokens, never their secrets')
    .action(
      run((context) =>
        withSession(context, 'read', async (session) => {
          const { stdout, clock } = context.deps;
          return done(context, await session.tokens(), (tokens) => tokensTable(tokens, clock.now(), stdout.columns));
        }),
      ),
    );
  token
    .command('revoke <id>')
    .description('End a token at once')
    .action(
      run((context, command) =>
        withSession(context, 'act', async (session) => {
          const id = command.args[0] ?? '';
          const revoked = await session.revokeToken(id);
          return done(context, revoked.ok ? ok({ id, revoked: true }) : revoked, () => `${id} is revoked\n`);
        }),
      ),
    );
};

function tokensTable(tokens: readonly TokenReply[], now: Date, columns: number | null): string {
  if (tokens.length === 0) return 'there is no token\n';
  const rows = tokens.map((token) => [
    token.id,
    token.name,
    token.role,
    humanTime(token.createdAt),
    token.expiresAt === null ? 'never' : humanAge(token.expiresAt, now),
    humanAge(token.lastUsedAt, now),
    token.revokedAt === null ? 'live' : `revoked ${humanAge(token.revokedAt, now)}`,
  ]);
  const titles = ['ID', 'NAME', 'ROLE', 'CREATED', 'EXPIRES', 'LAST USED', 'STATE'];
  return formatTable(
    titles.map((title) => ({ title })),
    rows,
    columns,
  );
}
