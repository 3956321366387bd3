import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { LOCK_NOTE, lockHash } from '../../scripts/lib/project.mjs'
import { temporaryDirectory } from '../support/servers/child.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What is in no clone: packages, what the build makes, and the repository itself. */
const MADE = /(^|\/)(node_modules|dist|generated|\.git|\.data)$/

it('`npx affinityql` builds a clone that nobody has built, once, and keeps its own output clean', () => {
  const clone = temporaryDirectory('clone')
  cpSync(ROOT, clone, { recursive: true, filter: (path) => !MADE.test(relative(ROOT, path)) })
  const packages = join(clone, 'node_modules')
  mkdirSync(packages)
  // The packages are those that are here, and noted as installed, so that no registry is asked.
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (name !== LOCK_NOTE) symlinkSync(join(ROOT, 'node_modules', name), join(packages, name))
  writeFileSync(join(packages, LOCK_NOTE), lockHash())
  const npx = () => {
    const { status, stdout, stderr } = spawnSync('npx', ['affinityql', '--version'], {
      cwd: clone,
      encoding: 'utf8',
      env: { ...process.env, npm_config_cache: join(clone, 'cache'), npm_config_loglevel: 'error' },
    })
    return { status, stdout, building: stderr.includes('Building …'), stderr }
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const first = npx()
  expect(first, first.stderr).toMatchObject({ status: 0, stdout: `${version}\n`, building: true })
  expect(npx()).toEqual({ status: 0, stdout: `${version}\n`, building: false, stderr: '' })
}, 480_000)
