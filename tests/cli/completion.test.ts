import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/servers/child.js'
import { affinityql } from './support.js'

/** The words that the shell itself would offer for the last of these, in its own order. */
type Complete = (...words: string[]) => string[]

const folder = temporaryDirectory('completion')

function shell(program: string, args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { ...process.env } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\n').filter((line) => line !== '')
}

async function scriptFor(name: string): Promise<string> {
  // Under the name by which zsh finds it.
  const file = join(folder, name === 'zsh' ? '_affinityql' : name)
  writeFileSync(file, (await affinityql(['completion', name])).stdout)
  return file
}

const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' ')

const SHELLS: Readonly<Record<string, (script: string) => Complete>> = {
  bash:
    (script) =>
    (...words) =>
      shell('bash', [
        '-c',
        `source ${script}; COMP_WORDS=(${quoted(words)}); COMP_CWORD=${words.length - 1}; _affinityql
         printf '%s\\n' "\${COMPREPLY[@]}"`,
      ]),

  // As an autoloaded function of its completion system, which is called for the first time here.
  zsh:
    () =>
    (...words) =>
      shell('zsh', [
        '-f',
        '-c',
        `fpath=(${folder} $fpath); autoload -Uz _affinityql; compdef() { : }
         compadd() { shift; print -l -- "\${(M)@:#\${words[CURRENT]}*}" }
         words=(${quoted(words)}); CURRENT=${words.length}; _affinityql`,
      ]),

  fish:
    (script) =>
    (...words) =>
      shell('fish', ['--no-config', '-c', `source ${script}; complete -C '${words.join(' ')}'`]).map(
        (line) => line.split('\t')[0] ?? '',
      ),
}

describe.each(Object.entries(SHELLS))('affinityql completion %s', (name, make) => {
  it('completes commands and options', async () => {
    const complete = make(await scriptFor(name))
    expect(complete('affinityql', 'cl')).toEqual(['clear'])
    expect(complete('affinityql', 'clear', 'provider')).toEqual(['provider', 'provider-mapping'])
    expect(complete('affinityql', 'clear', 'user', 'bob', '--dr')).toEqual(['--dry-run'])
    expect(complete('affinityql', 'affinities', 'list', '--js')).toEqual(['--json'])
    expect(complete('affinityql', '--json', 'mappings', 'st')).toEqual(['stats'])
  })
})

describe('affinityql completion', () => {
  it('is evaluated by zsh as bash does it, after compinit', async () => {
    const script = await scriptFor('zsh')
    const bound = shell('zsh', [
      '-f',
      '-c',
      `autoload -Uz compinit; compinit -D -u; source ${script}; print -r -- $_comps[affinityql]`,
    ])
    expect(bound).toEqual(['_affinityql'])
  })

  it('ends with 2 for a shell that it does not know', async () => {
    expect((await affinityql(['completion', 'powershell'])).code).toBe(2)
  })
})
