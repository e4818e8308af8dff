import type { Command } from 'commander';
import { done, withSession } from './context.ts';
import { humanTime, printable } from './format.ts';
import { durationOption, type Runner } from './options.ts';

/** How the pause of one automation is asked for and told. */
export interface PauseWords {
  /** What does not happen meanwhile: `failover`. */
  readonly what: string;
  /** Of the service, after its name: `does not fail over by itself`. */
  readonly paused: string;
  readonly resumed: string;
  readonly pause: 'pauseFailover' | 'pauseScaling';
  readonly resume: 'resumeFailover' | 'resumeScaling';
}

/** The commands pause and resume of an automation. */
export function registerPauses(parent: Command, run: Runner, words: PauseWords): void {
  parent
    .command('pause <service>')
    .description(`No automatic ${words.what} until it expires`)
    .requiredOption('--for <duration>', 'e.g. 2h; at most 7d', durationOption)
    .requiredOption('--reason <text>', 'why; goes into the audit log')
    .action(
      run((context, given) => {
        const options = given.opts<{ for: number; reason: string }>();
        const service = given.args[0] ?? '';
        return withSession(context, 'server', async (session) =>
          done(
            context,
            await session[words.pause](service, options.for, options.reason),
            ({ until }) => `${printable(service)} ${words.paused} until ${humanTime(until)}\n`,
          ),
        );
      }),
    );
  parent
    .command('resume <service>')
    .description(`Automatic ${words.what} again, now`)
    .action(
      run((context, given) => {
        const service = given.args[0] ?? '';
        return withSession(context, 'server', async (session) =>
          done(context, await session[words.resume](service), ({ resumed }) =>
            resumed ? `${printable(service)} ${words.resumed}\n` : 'it was not paused\n',
          ),
        );
      }),
    );
}
