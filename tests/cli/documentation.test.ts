import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../src/cli/exit-codes.js'
import { createProgram } from '../../src/cli/program.js'
import { affinityql } from './support.js'

const text = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8')

/** What is printed after each `$ affinityql … --help`, but for the options that every command has. */
const shown = new Map(
  [...text.matchAll(/```text\n\$ affinityql (.*)\n([\s\S]*?)```/g)].map(([, args = '', help = '']) => [
    args,
    help,
  ]),
)
const withoutGlobals = (help: string) => `${help.split('\nGlobal Options:\n')[0]?.trimEnd()}\n`

type Command = ReturnType<typeof createProgram>

function leaves(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [[...path, '--help'].join(' ')]
  return command.commands.flatMap((below) => leaves(below, [...path, below.name()]))
}

const unused = { isInteractive: false, isOutputTerminal: false, columns: undefined } as Parameters<
  typeof createProgram
>[0]['terminal']
const program = createProgram({
  terminal: unused,
  env: {},
  signal: new AbortController().signal,
  exitCode: 0,
})

describe('docs/cli.md', () => {
  it('has the help of every command', () => {
    expect([...shown.keys()].sort()).toEqual(['--help', ...leaves(program)].sort())
  })

  it.each([...shown])('shows of `affinityql %s` what it prints', async (args, help) => {
    const { code, stdout } = await affinityql(args.split(' '))
    expect(withoutGlobals(stdout)).toBe(help)
    expect(code).toBe(0)
  })

  it('has every exit code, and no other', () => {
    const documented = [...text.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code))
    expect(documented).toEqual(Object.values(EXIT))
  })
})
