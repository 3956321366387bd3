#!/usr/bin/env node
// Installs Redis and PostgreSQL if they are missing, for tests and benchmarks; with --browser also a browser; with --tests
// a browser and the programs that only tests run. It starts no server, and keeps Debian's packages from starting one.
// It is plain Node without dependencies, so that it runs before `npm ci`.
import { spawnSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const POSTGRES_TOOLS = ['initdb', 'postgres', 'pg_dump', 'psql']
// The one without windows takes two thirds of the CPU.
const BROWSERS = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
]

/**
 * Programs that only tests run, with their Debian packages: those that the documentation's scripts use, the shells with
 * completions, a pooler, and the checkers of the deployment files.
 */
const TEST_TOOLS = {
  curl: 'curl',
  jq: 'jq',
  python3: 'python3',
  zsh: 'zsh',
  fish: 'fish',
  promtool: 'prometheus',
  pgbouncer: 'pgbouncer',
  // systemd exists on Linux only.
  ...(process.platform === 'linux' && { 'systemd-analyze': 'systemd' }),
}

const searchPath = () => (process.env.PATH ?? '').split(delimiter).filter(Boolean)

const isExecutable = (file) => {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

/** Finds a program in PATH; returns its full path, or undefined. */
export const findProgram = (name) =>
  searchPath()
    .map((directory) => join(directory, name))
    .find(isExecutable)

/** Finds Redis's programs; returns undefined if one is missing. */
export function findRedis() {
  const server = findProgram('redis-server')
  const cli = findProgram('redis-cli')
  return server && cli ? { server, cli } : undefined
}

// Debian installs PostgreSQL's server programs outside of PATH, in one directory for each version. Lists the newest first.
function debianPostgresDirectories(root = '/usr/lib/postgresql') {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(root, version, 'bin'))
}

/** Finds the newest directory with initdb, postgres, pg_dump and psql; returns undefined if there is none. */
export const findPostgresDirectory = () =>
  [...debianPostgresDirectories(), ...searchPath()].find((directory) =>
    POSTGRES_TOOLS.every((tool) => isExecutable(join(directory, tool))),
  )

/** Finds a Chromium or Chrome; returns its path, or undefined. */
export const findBrowser = () => BROWSERS.map(findProgram).find(Boolean)

/** Returns the names of the missing Debian packages. */
export function missingPackages({ tests = false, browser = tests } = {}) {
  const missing = []
  if (!findRedis()) missing.push('redis-server', 'redis-tools')
  if (!findPostgresDirectory()) missing.push('postgresql')
  if (browser && !findBrowser()) missing.push('chromium-headless-shell')
  if (!tests) return missing
  for (const [program, name] of Object.entries(TEST_TOOLS)) if (!findProgram(program)) missing.push(name)
  return missing
}

const canInstall = () =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version') && findProgram('apt-get') !== undefined

function aptGet(...args) {
  const { status } = spawnSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (status !== 0) throw new Error(`apt-get ${args[0]} failed.`)
}

const POLICY = '/usr/sbin/policy-rc.d'
const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.conf'

function writeUnlessPresent(file, text, mode) {
  if (existsSync(file)) return false
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode })
  return true
}

function install(packages) {
  // Exit code 101 of this policy forbids package scripts to start services.
  const ourPolicy = writeUnlessPresent(POLICY, '#!/bin/sh\nexit 101\n', 0o755)
  writeUnlessPresent(CREATE_CLUSTER, 'create_main_cluster = false\n', 0o644)
  try {
    aptGet('update', '-q')
    aptGet(
      'install',
      '-y',
      '-q',
      '--no-install-recommends',
      '-o',
      'Dpkg::Options::=--force-confold',
      ...packages,
    )
  } finally {
    if (ourPolicy) rmSync(POLICY)
  }
}

function main(flags) {
  const tests = flags.includes('--tests')
  const wanted = { tests, browser: tests || flags.includes('--browser') }
  const missing = missingPackages(wanted)
  if (missing.length === 0) return 0
  if (canInstall()) {
    console.error(`Installing ${missing.join(', ')} …`)
    install(missing)
    const still = missingPackages(wanted)
    if (still.length === 0) return 0
    console.error(`Installed, but still not found: ${still.join(', ')}.`)
    return 1
  }
  console.error(
    [
      `Not installed: ${missing.join(', ')} (names of Debian packages).`,
      `On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}`,
      `On macOS: brew install redis postgresql${tests ? ' jq fish prometheus pgbouncer' : ''}${wanted.browser ? ' && brew install --cask chromium' : ''}`,
    ].join('\n'),
  )
  return 1
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2))
