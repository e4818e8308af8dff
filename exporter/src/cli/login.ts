import { done, withSession } from './context.ts';
import { humanAge } from './format.ts';
import type { Register } from './options.ts';

export const registerLogin: Register = (program, run) => {
  program
    .command('login')
    .description('A new one-time login link for the page of the running server')
    .action(
      run((context) =>
        withSession(context, 'server', async (session) => {
          const code = await session.loginCode();
          if (code.ok)
            context.remark(
              `open this in a browser on this machine; it works once (ends ${humanAge(code.value.expiresAt, context.deps.clock.now())}):`,
            );
          return done(context, code, ({ url }) => `${url}\n`);
        }),
      ),
    );
};
