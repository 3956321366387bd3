import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, dirname, join, matchesGlob, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startProgram } from '../support/process.js'
import { freePort, removeDirectory, temporaryDirectory } from '../support/servers/child.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'
import { all, contextRules, STAGES } from './dockerfile.js'
import { at, ROOT, yamlOf } from './files.js'

/*
 * There is no container engine here. What the Dockerfile says is therefore done in folders: the stages hold what COPY
 * gives them and nothing else, and their commands run. The base image and the user alone are not tried.
 */
const BUILD_TIMEOUT_MS = 240_000

const folder = temporaryDirectory('image')
// So many files take longer to remove than a worker is given to end.
afterAll(() => removeDirectory(folder))

const isInContext = (path: string): boolean => {
  const { through, stopped } = contextRules()
  const isBelow = (rule: string) => path === rule || path.startsWith(`${rule}/`)
  const isStopped = stopped.some((rule) => matchesGlob(path, rule) || isBelow(rule))
  return !isStopped && through.some((rule) => isBelow(rule) || rule.startsWith(`${path}/`))
}

function shell(command: string, cwd: string, env: Readonly<Record<string, string>> = {}): void {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  })
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}${stderr}`)
}

/** The same files under other names in this folder, where this file system can: half a gigabyte need not be written. */
function link(sources: readonly string[], to: string): void {
  const [all, made] = [sources, sources.map((source) => join(to, basename(source)))].map((paths) =>
    paths.map((path) => `'${path}'`).join(' '),
  )
  shell(`cp -al ${all} '${to}/' 2>/dev/null || { rm -rf ${made} && cp -a ${all} '${to}/'; }`, folder)
}

/** Makes a stage in a folder of its name. */
function make(name: string): string {
  const stage = join(folder, name)
  const [from = ''] = all('FROM', STAGES.get(name))
  const [base = ''] = from.split(' ')
  if (STAGES.has(base)) cpSync(join(folder, base), stage, { recursive: true, verbatimSymlinks: true })
  else mkdirSync(stage)
  for (const { name: instruction, rest } of STAGES.get(name) ?? []) {
    if (instruction === 'COPY') copy(rest, stage)
    // The service's own folder is made as root.
    if (instruction === 'RUN' && !rest.startsWith('install -d')) runIn(stage, rest)
  }
  return stage
}

function copy(rest: string, stage: string): void {
  const [, from, paths = ''] = /^(?:--from=(\w+) )?(.+)$/.exec(rest) ?? []
  const words = paths.split(/\s+/)
  const target = words.pop() ?? ''
  for (const word of words) {
    const source = from ? join(folder, from, word.replace('/app/', '')) : join(ROOT, word)
    const to = target.endsWith('/') ? join(stage, target, word.split('/').at(-1) ?? '') : join(stage, target)
    mkdirSync(dirname(to), { recursive: true })
    if (from) link([source], dirname(to))
    else cpSync(source, to, { recursive: true, filter: (file) => isInContext(relative(ROOT, file)) })
  }
}

/** The packages are those that are here, so that no registry is asked. */
function runIn(stage: string, command: string): void {
  const [install = '', ...then] = command.split(' && ')
  if (install === 'npm ci') symlinkSync(join(ROOT, 'node_modules'), join(stage, 'node_modules'))
  else if (install === 'npm ci --omit=dev') installProduction(stage)
  else then.unshift(install)
  if (then.length > 0) shell(then.join(' && '), stage)
}

/** What only development needs is half of all, so that it is not copied first. */
function installProduction(stage: string): void {
  const { packages }: { packages: Record<string, { dev?: boolean }> } = JSON.parse(
    readFileSync(join(stage, 'package-lock.json'), 'utf8'),
  )
  const paths = Object.keys(packages).filter((path) => path !== '')
  const outermost = paths.filter(
    (path) => path.lastIndexOf('node_modules/') === 0 && !packages[path]?.dev && existsSync(join(ROOT, path)),
  )
  // A folder of its own for each scope.
  for (const parent of new Set(outermost.map((path) => dirname(path)))) {
    const inIt = outermost.filter((path) => dirname(path) === parent).map((path) => join(ROOT, path))
    mkdirSync(join(stage, parent), { recursive: true })
    link(inIt, join(stage, parent))
  }
  for (const path of paths)
    if (packages[path]?.dev) rmSync(join(stage, path), { recursive: true, force: true })
}

const commandOf = (text: string): string[] => JSON.parse(/(\[.+\])$/.exec(text)?.[1] ?? '[]')

describe('the stages of the Dockerfile, in folders', () => {
  it(
    'build the service, load the fixtures, and serve them until asked to stop',
    async () => {
      make('build')
      make('dependencies')
      const service = make('service')
      for (const path of ['dist/main.js', 'dist/web/index.html', 'dist/trusted-documents.json']) {
        expect(existsSync(join(service, path)), path).toBe(true)
      }
      expect(existsSync(join(service, 'node_modules/typescript')), 'a compiler').toBe(false)

      const stores = { DATABASE_URL: freshDatabase('empty'), REDIS_URL: (await freshRedis('empty')).url }
      const fixtures = make('fixtures')
      const [load = ''] = all('CMD', STAGES.get('fixtures'))
      shell(commandOf(load).join(' '), fixtures, stores)

      // As deploy/compose.yaml sets them, where it does not name its own stores.
      const composed = at(yamlOf('deploy/compose.yaml')[0], 'services', 'affinityql', 'environment')
      const variables = Object.entries(Object(composed)).map(([name, value]) => [
        name,
        String(value).replace(/^\$\{\w+:-(.*)\}$/, '$1'),
      ])
      const [command = ''] = all('CMD', STAGES.get('service'))
      const env = {
        ...Object.fromEntries(variables),
        ...stores,
        PORT: `${await freePort()}`,
        AUDIT_SPOOL_DIR: join(folder, 'spool'),
      }
      const process = startProgram(commandOf(command), { cwd: service, env })
      await process.line(/affinityql serves/)
      const [check = ''] = all('HEALTHCHECK', STAGES.get('service'))
      const [node = '', ...args] = commandOf(check)
      expect(spawnSync(node, args, { env: { PATH: env['PATH'], ...env } }).status).toBe(0)
      process.kill('SIGTERM')
      expect(await process.exit).toBe(0)
    },
    BUILD_TIMEOUT_MS,
  )
})
