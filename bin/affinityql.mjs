#!/usr/bin/env node
// Checked in, so that `npx affinityql` finds it in a fresh clone, too, which is then built as by `npm start`.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const fileOf = (path) => fileURLToPath(new URL(path, import.meta.url))

if (!existsSync(fileOf('../dist/cli/main.js'))) {
  // What the build says is no answer of the command's.
  const build = spawnSync(process.execPath, [fileOf('../scripts/prepare.mjs')], { stdio: ['ignore', 2, 2] })
  if (build.status !== 0) process.exit(1)
}
await import('../dist/cli/main.js')
