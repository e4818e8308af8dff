import type { Argument, Command, Option } from 'commander';
import { exitCodeMeanings } from './exit.ts';

/** docs/reference/cli.md: every command with its arguments and options, read off the commander tree. Pure. */
export function cliReference(program: Command): string {
  return [
    '# Command line',
    '',
    'Generated from `exporter/src/cli` by `npm run generate`: do not edit.',
    '',
    'Commands talk to the running server: its address stands in `<home>/run/address`, the token comes from `GENESIS_TOKEN` or the first',
    'readable of `<home>/tokens/admin`, `operator`, `viewer`. Where no server runs, commands that read, and backup, verify, restore and',
    'drill, take the lock of the home and do the same in their own process.',
    '',
    '## Options of every command',
    '',
    ...optionTable(program.options),
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---|---|',
    ...exitCodeMeanings.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`),
    '',
    'Only `genesis status` ends with 1 without a failure: when not everything is healthy. With `--json` a failure is the document',
    '`{"error": {"code", "message", "hint"}}`; the codes are listed in `api.md`.',
    '',
    '## Commands',
    '',
    ...program.commands.flatMap((command) => section(command, program.name())),
  ].join('\n');
}

function section(command: Command, before: string): string[] {
  const name = `${before} ${command.name()}`;
  const own = [
    `### ${name}${command.registeredArguments.map((argument) => ` ${argumentText(argument)}`).join('')}`,
    '',
    command.description(),
    '',
    ...(command.options.length === 0 ? [] : [...optionTable(command.options), '']),
  ];
  return [...own, ...command.commands.flatMap((child) => section(child, name))];
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionTable(options: readonly Option[]): string[] {
  const rows = options
    .filter((option) => !option.hidden)
    .map((option) => {
      const choices = option.argChoices === undefined ? '' : ` One of ${option.argChoices.join(', ')}.`;
      const standard =
        option.defaultValue === undefined || Array.isArray(option.defaultValue) || option.isBoolean() || option.negate;
      return `| \`${option.flags}\` | ${cell(`${option.description}${option.mandatory ? ' (needed)' : ''}.${choices}`)} | ${standard ? '' : String(option.defaultValue)} |`;
    });
  return ['| option | meaning | default |', '|---|---|---|', ...rows];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}
