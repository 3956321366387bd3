import { spawnSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ConfigurationError } from '../../src/errors.js'
import { lockDirectory } from '../../src/postgres/directory-lock.js'
import { startProgram } from '../support/process.js'
import { temporaryDirectory } from '../support/servers/child.js'

const CONTENDER = fileURLToPath(new URL('lock-contender.ts', import.meta.url))
const CONTENDERS = 4
const DIRECTORIES = 300

/** The id of a process that has ended. */
const endedProcess = (): number => spawnSync(process.execPath, ['-e', '']).pid

const locksIn = (root: string) => readdirSync(root).filter((name) => name.includes('.lock'))

it.each([
  ['no lock', []],
  ['the lock of a process that has ended', ['.lock']],
  // As after a machine that went off at the worst moment, and at the next start again.
  ['that, and its take-over half done', ['.lock', '.lock.next', '.lock.next.next']],
])('of four processes at once, one takes a directory that has %s', async (_what, stale) => {
  const root = temporaryDirectory('lock')
  const pid = endedProcess()
  for (let n = 0; n < DIRECTORIES; n += 1)
    for (const suffix of stale) writeFileSync(join(root, `${n}${suffix}`), `${pid} 1\n`)
  const contenders = Array.from({ length: CONTENDERS }, () =>
    startProgram([process.execPath, '--import', 'tsx', CONTENDER, root, String(DIRECTORIES)], { env: {} }),
  )
  await Promise.all(contenders.map((contender) => contender.line(/^ready$/)))
  writeFileSync(join(root, 'go'), '')
  const taken = await Promise.all(
    contenders.map(async (contender) => {
      const [, list = ''] = await contender.line(/^taken (.*)$/)
      return JSON.parse(list) as number[]
    }),
  )
  expect(taken.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: DIRECTORIES }, (_, n) => n))
  expect(locksIn(root)).toHaveLength(DIRECTORIES)
})

it('is given back whole, and only by its holder', () => {
  const root = temporaryDirectory('lock')
  const directory = join(root, 'database')
  const unlock = lockDirectory(directory)
  expect(() => lockDirectory(directory)).toThrow(ConfigurationError)
  expect(locksIn(root)).toEqual(['database.lock'])
  unlock()
  expect(locksIn(root)).toEqual([])
  writeFileSync(`${directory}.lock`, '1\n')
  unlock()
  expect(locksIn(root)).toEqual(['database.lock'])
})
