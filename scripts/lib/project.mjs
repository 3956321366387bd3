// Shared by start, build and test. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Built, not checked in; `prisma generate` makes it. */
export const DATABASE_CLIENT = join(ROOT, 'src', 'generated', 'prisma')

/** Built, not checked in; scripts/build-client.mjs makes it. */
export const CLIENT_OPERATIONS = join(ROOT, 'src', 'client', 'generated', 'operations.ts')

/** Built, not checked in; scripts/build-web.mjs makes it. */
export const CONSOLE_OPERATIONS = join(ROOT, 'web', 'src', 'generated')

export const WINDOWS = process.platform === 'win32'

export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  console.error(`affinityql: Node.js 20.19 or later is needed; this is ${process.versions.node}.`)
  process.exit(1)
}

/** Runs a command in the project's folder; the exit code, never an exception. A quiet one is heard only when it fails. */
export function run(command, args, { env = {}, quiet = false } = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: ROOT,
    // As npm does it: Prisma finds its generators there.
    env: {
      ...process.env,
      PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
      ...env,
    },
    stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
    shell: WINDOWS,
  })
  if (error) console.error(`affinityql: ${command} could not be run: ${error.message}`)
  if (quiet && status !== 0) process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  return status ?? 1
}

export const bin = (name) => join(ROOT, 'node_modules', '.bin', WINDOWS ? `${name}.cmd` : name)

/** A file of node_modules that notes which lockfile it was installed from. */
export const LOCK_NOTE = '.affinityql-lock'

export const lockHash = () => hashOf(['package-lock.json', 'package.json'])

/** Installs what the lockfile says, unless that was done already. */
export function install() {
  const stamp = join(ROOT, 'node_modules', LOCK_NOTE)
  const lock = lockHash()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  console.log('Installing packages …')
  // Also in production: the build needs the compiler.
  if (
    run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { quiet: true }) !== 0
  ) {
    console.error('affinityql: npm ci failed; its message is above.')
    process.exit(1)
  }
  writeFileSync(stamp, lock)
}

/** The typed database client and its Pothos types, from prisma/schema.prisma. */
export function generate({ quiet = true } = {}) {
  // `prisma generate` looks for a native engine that it never runs, and would download it: any program will do.
  return run(bin('prisma'), ['generate', '--no-hints'], {
    env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
    quiet,
  })
}

/** One hash over files and folders, so that what has not changed is not built again. */
export function hashOf(paths) {
  const hash = createHash('sha256')
  const add = (path) => {
    const entries = readdirOrNull(path)
    if (!entries) hash.update(path).update(readFileSync(join(ROOT, path)))
    else for (const entry of entries) if (entry !== 'generated') add(`${path}/${entry}`)
  }
  for (const path of paths) if (existsSync(join(ROOT, path))) add(path)
  return hash.digest('hex')
}

function readdirOrNull(path) {
  try {
    return readdirSync(join(ROOT, path)).sort()
  } catch {
    return null
  }
}
