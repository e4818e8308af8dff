import { Argument, type Command, type Option } from 'commander';
import { ok } from '../contract/errors.ts';
import { exitCodes } from './exit.ts';
import type { Register } from './options.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

export const registerCompletion: Register = (program, run) => {
  program
    .command('completion')
    .description('Print the completion script of a shell, e.g. source <(genesis completion bash)')
    .addArgument(new Argument('<shell>', 'which').choices(shells))
    .action(
      run((context, command) => {
        const shell = shells.find((known) => known === command.args[0]) ?? 'bash';
        const script = completionScript(program, shell);
        context.emit({ shell, script }, () => script);
        return Promise.resolve(ok(exitCodes.done));
      }),
    );
};

interface CompletionNode {
  /** Words after `genesis`, empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly long: string;
    readonly description: string;
    readonly choices: readonly string[];
  }[];
}

/** Every command with what may follow it, read off the commander tree. */
export function completionNodes(program: Command): readonly CompletionNode[] {
  const globals = program.options;
  const visit = (command: Command, path: readonly string[]): CompletionNode[] => [
    {
      path: path.join(' '),
      commands: command.commands.map((child) => ({ name: child.name(), description: child.description() })),
      options: [...command.options, ...(command === program ? [] : globals)].flatMap(toOption),
    },
    ...command.commands.flatMap((child) => visit(child, [...path, child.name()])),
  ];
  return visit(program, []);
}

function toOption(option: Option): CompletionNode['options'] {
  if (option.long === undefined || option.hidden) return [];
  return [{ long: option.long, description: option.description, choices: option.argChoices ?? [] }];
}

export function completionScript(program: Command, shell: Shell): string {
  const nodes = completionNodes(program);
  if (shell === 'fish') return fishScript(nodes);
  return shell === 'bash'
    ? bashScript(nodes)
    : `#compdef genesis\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(nodes)}`;
}

/** zsh runs the same function through its bashcompinit. */
function bashScript(nodes: readonly CompletionNode[]): string {
  const words = nodes.map((node) => {
    const all = [...node.commands.map((command) => command.name), ...node.options.map((option) => option.long)];
    return `    ${single(node.path)}) words=${single(all.join(' '))} ;;`;
  });
  const paths = nodes.filter((node) => node.path !== '').map((node) => `|${node.path}`);
  const choices = new Map(
    nodes.flatMap((node) =>
      node.options
        .filter((option) => option.choices.length > 0)
        .map((option) => [`${node.path} ${option.long}`.trim(), option.choices]),
    ),
  );
  return `# Completion of genesis; made by \`genesis completion\`.
_genesis() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word next words=''
  local known=${single(`${paths.join('')}|`)}
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$known" in *"|$next|"*) path="$next" ;; esac
  done
  case "\${path:+$path }\${COMP_WORDS[COMP_CWORD-1]}" in
${[...choices].map(([key, values]) => `    ${single(key)}) COMPREPLY=($(compgen -W ${single(values.join(' '))} -- "$current")); return ;;`).join('\n')}
  esac
  case "$path" in
${words.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ \${#COMPREPLY[@]} -eq 0 && "$current" != -* ]]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _genesis genesis
`;
}

function fishScript(nodes: readonly CompletionNode[]): string {
  const lines = nodes.flatMap((node) => {
    const condition = `__genesis_at ${single(node.path)}`;
    return [
      ...node.commands.map(
        (command) =>
          `complete -c genesis -n ${single(condition)} -f -a ${single(command.name)} -d ${single(command.description)}`,
      ),
      ...node.options.map((option) => {
        const values = option.choices.length === 0 ? '' : ` -x -a ${single(option.choices.join(' '))}`;
        return `complete -c genesis -n ${single(condition)} -l ${option.long.replace(/^--/, '')}${values} -d ${single(option.description)}`;
      }),
    ];
  });
  const known = nodes.filter((node) => node.path !== '').map((node) => single(node.path));
  return `# Completion of genesis; made by \`genesis completion\`.
function __genesis_at
    set -l known ${known.join(' ')}
    set -l path ''
    for word in (commandline -opc)[2..]
        set -l next (string trim -- "$path $word")
        if contains -- "$next" $known
            set path $next
        end
    end
    test "$path" = "$argv[1]"
end
${lines.join('\n')}
`;
}

/** A word in single quotes for any of the shells. */
function single(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}
