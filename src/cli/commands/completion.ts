import { Argument, type Command } from 'commander'
import type { Cli } from '../command.js'
import { printableLines } from '../terminal.js'

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** Adds the command that prints completion scripts. It makes them from the commands and options of the program. */
export function addCompletion(program: Command, cli: Cli): void {
  program
    .command('completion')
    .description('Print a completion script for a shell. In bash: source <(affinityql completion bash)')
    .addArgument(new Argument('<shell>', 'The script is for this shell.').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) =>
      cli.terminal.write(printableLines(SCRIPTS[shell](levels(program)))),
    )
}

interface Level {
  /** The path has the names of the commands below the program: `` or `clear user`. */
  readonly path: string
  readonly commands: readonly Command[]
  readonly options: readonly { readonly flag: string; readonly description: string }[]
}

function levels(program: Command, path = '', inherited: Level['options'] = []): Level[] {
  const own = program.options
    .filter(({ long }) => long)
    .map(({ long, description }) => ({ flag: long ?? '', description }))
  const options = [...own, ...inherited]
  const below = program.commands.flatMap((command) =>
    levels(command, `${path} ${command.name()}`.trim(), path === '' ? own : inherited),
  )
  return [{ path, commands: program.commands, options }, ...below]
}

const wordsOf = ({ commands, options }: Level): string =>
  [...commands.map((command) => command.name()), ...options.map(({ flag }) => flag)].join(' ')

const cases = (all: readonly Level[], variable: string): string =>
  all.map((level) => `    '${level.path}') ${variable}='${wordsOf(level)}' ;;`).join('\n')

/** Makes the shell code that walks the typed words to a command. A word that names no command is an argument. */
const walk = (all: readonly Level[], typed: string): string => `  local at='' next word choices=''
  for word in ${typed}; do
    next="\${at:+$at }$word"
    case "$next" in
      ${paths(all).join('|')}) at="$next" ;;
    esac
  done
  case "$at" in
${cases(all, 'choices')}
  esac`

const paths = (all: readonly Level[]): string[] => all.slice(1).map(({ path }) => `'${path}'`)

const SCRIPTS = {
  bash: (all: readonly Level[]) => `# affinityql completion for bash
_affinityql() {
${walk(all, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  COMPREPLY=($(compgen -W "$choices" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _affinityql affinityql
`,

  zsh: (all: readonly Level[]) => `#compdef affinityql
# affinityql completion for zsh
_affinityql() {
${walk(all, `"\${(@)words[2,CURRENT-1]}"`)}
  compadd -- \${=choices}
}
# Autoloaded from fpath, this file is the function's first call. Sourced, it only registers the function.
if [[ "$funcstack[1]" == _affinityql ]]; then _affinityql "$@"; else compdef _affinityql affinityql; fi
`,

  fish: (all: readonly Level[]) => {
    const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
    const lines = all.flatMap(({ path, commands, options }) => {
      const here = `-n ${quote(`__affinityql_at ${quote(path)}`)}`
      return [
        ...commands.map(
          (command) =>
            `complete -c affinityql -f ${here} -a ${quote(command.name())} -d ${quote(command.description())}`,
        ),
        ...options.map(
          ({ flag, description }) =>
            `complete -c affinityql ${here} -l ${flag.slice(2)} -d ${quote(description)}`,
        ),
      ]
    })
    return `# affinityql completion for fish
function __affinityql_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim "$path $word")
    if contains -- "$next" ${paths(all).join(' ')}
      set path $next
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`
  },
} as const
