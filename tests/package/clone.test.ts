import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/servers/child.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

it('`npx affinityql` builds a clone that nobody has built, once, and keeps its own output clean', () => {
  const clone = temporaryDirectory('clone')
  cpSync(join(ROOT, 'bin'), join(clone, 'bin'), { recursive: true })
  mkdirSync(join(clone, 'scripts'))
  writeFileSync(
    join(clone, 'package.json'),
    '{"name":"affinityql","version":"0.0.0","bin":"bin/affinityql.mjs"}',
  )
  writeFileSync(
    join(clone, 'scripts', 'prepare.mjs'),
    `import { mkdirSync, writeFileSync } from 'node:fs'
    console.log('Building …')
    mkdirSync('dist/cli', { recursive: true })
    writeFileSync('dist/cli/main.js', 'console.log(process.argv[2])')`,
  )
  const npx = () => {
    const { stdout, stderr } = spawnSync('npx', ['affinityql', 'doctor'], {
      cwd: clone,
      encoding: 'utf8',
      env: { ...process.env, npm_config_cache: join(clone, 'cache'), npm_config_loglevel: 'error' },
    })
    return { stdout, stderr }
  }
  expect(npx()).toEqual({ stdout: 'doctor\n', stderr: 'Building …\n' })
  expect(npx()).toEqual({ stdout: 'doctor\n', stderr: '' })
})
