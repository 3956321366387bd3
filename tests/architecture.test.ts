/**
 * Imports run one way: main → server → schema → resolvers → loaders → the rooms of the domain → redis, postgres. See the
 * table below.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = join(ROOT, 'src')

/**
 * What each room of src may import: a room is a directory, or a file at the top. A room with rooms in it is named
 * with them (`affinities`) or without (`affinities/index`). `type x`: only types of it.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['app', 'config', 'server', 'demo', 'session', 'log', 'errors'],
  app: [
    'config',
    'open-cache',
    'server',
    'demo',
    'gateway',
    'gateway/aether',
    'gateway/nodes',
    'session',
    'affinities',
    'audit',
    'model-mappings',
    'pool-sessions',
    'statistics',
    'usage',
    'log',
    'redis',
    'postgres',
    'util',
    'errors',
  ],
  'open-cache': [
    'type config',
    'affinities',
    'model-mappings',
    'pool-sessions',
    'statistics',
    'session',
    'log',
    'redis',
    'util',
    'errors',
  ],
  // The table of variables. Values come out plain; the rooms that they are for take them.
  config: ['type redis', 'util', 'errors'],
  server: [
    'server',
    'schema',
    'loaders',
    'type affinities',
    'type audit',
    'type usage',
    'type gateway',
    'type gateway/nodes',
    'type model-mappings',
    'type pool-sessions',
    'type postgres',
    'type session',
    'type statistics',
    'context',
    'util',
    'errors',
  ],
  'server/http': ['type server', 'util', 'errors'],
  'server/writing': ['type context', 'util'],
  'server/limits': ['schema', 'type session', 'context', 'util', 'errors'],
  'server/observe': [
    'server/http',
    'type statistics',
    'type gateway',
    'type gateway/nodes',
    'context',
    'log',
    'util',
    'errors',
  ],
  schema: [
    'util',
    'resolvers',
    'loaders',
    'affinities',
    'audit',
    'model-mappings',
    'pool-sessions',
    'statistics',
    'usage',
    'type gateway',
    'type gateway/nodes',
    'session',
    'context',
    'errors',
    'generated',
  ],
  resolvers: [
    'loaders',
    'affinities',
    'audit',
    'model-mappings',
    'pool-sessions',
    'statistics',
    'usage',
    'type gateway',
    'type gateway/nodes',
    'type session',
    'context',
    'util',
    'errors',
  ],
  context: [
    'type loaders',
    'type affinities',
    'type audit',
    'type model-mappings',
    'type pool-sessions',
    'type statistics',
    'type usage',
    'type gateway',
    'type gateway/nodes',
    'type session',
    'type postgres',
    'type util',
  ],
  loaders: ['type affinities', 'type gateway', 'util', 'errors'],
  // What is pinned where: the records and the port first, then how they are indexed, followed and cleared.
  affinities: ['redis', 'util', 'errors'],
  'affinities/families': ['affinities', 'errors'],
  'affinities/index': ['affinities', 'util'],
  'affinities/history': ['affinities'],
  'affinities/follow-up': ['affinities'],
  'affinities/feed': [
    'affinities',
    'affinities/index',
    'affinities/history',
    'log',
    'redis',
    'util',
    'errors',
  ],
  'affinities/clear': [
    'affinities',
    'type affinities/follow-up',
    'type gateway/nodes',
    'log',
    'redis',
    'util',
    'errors',
  ],
  'model-mappings': ['type affinities', 'log', 'redis', 'util', 'errors'],
  'pool-sessions': ['redis', 'util', 'errors'],
  statistics: ['type affinities', 'log', 'redis', 'util', 'errors'],
  audit: ['postgres', 'log', 'util', 'type generated', 'errors'],
  // What the service knows of a gateway: rows, ports, fixed figures. Each gateway has a folder, which fills them.
  // What usage rows say: plain functions, and the port that a gateway fills.
  usage: ['util', 'errors'],
  gateway: ['type affinities', 'type usage', 'postgres', 'util'],
  // The gateway's own processes, as far as clears call them: the port, and how any of them is called.
  'gateway/nodes': ['type affinities', 'type gateway', 'util', 'errors'],
  'gateway/aether': [
    'gateway',
    'gateway/nodes',
    'type affinities',
    'usage',
    'model-mappings',
    'postgres',
    'type generated',
    'util',
    'errors',
  ],
  session: ['config', 'type gateway', 'redis', 'util', 'errors'],
  redis: ['util', 'errors'],
  postgres: ['util', 'generated', 'errors'],
  log: ['util', 'errors'],
  cli: [
    'client',
    'main',
    'config',
    'affinities',
    'gateway',
    'gateway/aether',
    'gateway/nodes',
    'postgres',
    'redis',
    'session',
    'util',
    'errors',
  ],
  // For use outside of this service, and by the command line as anybody would.
  client: [],
  // It plays an Aether, and so writes what Aether would.
  demo: [
    'affinities',
    'model-mappings',
    'statistics',
    'redis',
    'session',
    'gateway',
    'gateway/aether',
    'type gateway/nodes',
    'errors',
  ],
  util: ['errors'],
  errors: [],
}

/** Packages that belong to one part of the service, and where they may be imported. */
const PACKAGES: readonly [packages: RegExp, units: readonly string[]][] = [
  [/^(graphql(-.*)?|@graphql-.*|@pothos|@escape\.tech)(\/|$)/, ['schema', 'server']],
  [/^ioredis(\/|$)/, ['redis', 'affinities', 'model-mappings', 'statistics', 'demo']],
  [/^(pg|@prisma|@electric-sql|pglite-prisma-adapter)(\/|$)/, ['postgres', 'gateway', 'audit']],
  [/^dataloader(\/|$)/, ['loaders']],
  [/^(node:)?process$/, ['main', 'cli']],
  [/^(jose|rate-limiter-flexible)(\/|$)/, ['session', 'server']],
  [/^@opentelemetry(\/|$)/, ['server']],
]

interface Import {
  /** From src, without extension: `stores/keys`. */
  readonly from: string
  /** The same of a file of ours; a package's name otherwise. */
  readonly to: string
  readonly isPackage: boolean
  readonly isType: boolean
}

const STATIC = /^(?:import|export)\s+(type\s+)?(?:([^'"`;]*?)\s+from\s+)?'([^']+)'/gm
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8')
  const file = (target: string) => relative(SRC, target).replace(/\.(ts|js)$/, '')
  const found = (specifier: string, isType: boolean): Import => {
    const isPackage = !specifier.startsWith('.')
    const to = isPackage ? specifier : file(join(dirname(path), specifier))
    return { from: file(path), to, isPackage, isType }
  }
  return [
    ...[...text.matchAll(STATIC)].map(([, type, names = '', specifier = '']) =>
      found(specifier, type !== undefined || onlyTypes(names)),
    ),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier = '']) => found(specifier, false)),
  ]
}

/** `{ type A, type B }` imports nothing that runs. */
const onlyTypes = (names: string): boolean =>
  /^\{.*\}$/s.test(names.trim()) &&
  names
    .replace(/[{}]/g, '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
    .every((name) => name.startsWith('type '))

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('generated/'))
  .map((name) => join(SRC, name))
const IMPORTS = FILES.flatMap(importsOf)

/** Rooms with rooms in them. */
const PARENTS = ['affinities', 'server', 'gateway']

const topOf = (file: string): string => file.split('/')[0] ?? file

/** `affinities/index/leaf` is in `affinities/index`; `affinities/affinity-record` in `affinities`, `audit/x` in `audit`. */
function roomOf(file: string): string {
  const [top = file, inner, ...rest] = file.split('/')
  return PARENTS.includes(top) && rest.length > 0 ? `${top}/${inner}` : top
}

/**
 * A room is allowed by its own name; from outside of it, a room in another by that one's name as well, unless it is one
 * gateway's: whoever may know the ports may not know what fills them.
 */
function allows(allowed: readonly string[], { from, to, isType }: Import): boolean {
  const isSealed = topOf(from) === topOf(to) || topOf(to) === 'gateway'
  const names = isSealed ? [roomOf(to)] : [roomOf(to), topOf(to)]
  if (topOf(from) === 'server' && roomOf(from) === 'server') names.push(topOf(to))
  return names.some((name) => allowed.includes(name) || (isType && allowed.includes(`type ${name}`)))
}

function firstCycle(edges: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    if (done.has(file)) return undefined
    for (const next of edges.get(file) ?? []) {
      const cycle = visit(next, [...path, file])
      if (cycle) return cycle
    }
    done.add(file)
    return undefined
  }
  for (const file of edges.keys()) {
    const cycle = visit(file, [])
    if (cycle) return cycle
  }
  return undefined
}

/** Findings of these rules, as `path:line: message`. Biome knows the syntax; a search of the text would not. */
function lint(...rules: readonly string[]): string[] {
  const only = rules.map((rule) => `--only=${rule}`)
  const { stdout, stderr } = spawnSync(
    'node_modules/.bin/biome',
    ['lint', ...only, '--reporter=json', 'src'],
    {
      cwd: ROOT,
      encoding: 'utf8',
    },
  )
  if (!stdout.startsWith('{')) throw new Error(`Biome did not run: ${stderr}`)
  const {
    diagnostics,
  }: { diagnostics: { message: string; location: { path: string; start: { line: number } } }[] } =
    JSON.parse(stdout)
  return diagnostics.map(({ message, location }) => `${location.path}:${location.start.line}: ${message}`)
}

describe('the source', () => {
  it('is read by this test: it finds the imports that are there', () => {
    expect(FILES.length).toBeGreaterThan(50)
    expect(IMPORTS).toContainEqual({ from: 'main', to: 'app', isPackage: false, isType: false })
    expect(IMPORTS).toContainEqual({
      from: 'context',
      to: 'loaders/index',
      isPackage: false,
      isType: true,
    })
    expect(IMPORTS).toContainEqual({ from: 'redis/client', to: 'ioredis', isPackage: true, isType: false })
  })

  it('imports in one direction', () => {
    const wrong = IMPORTS.filter(({ isPackage }) => !isPackage)
      .filter((entry) => roomOf(entry.from) !== roomOf(entry.to))
      .filter((entry) => !allows(MAY_IMPORT[roomOf(entry.from)] ?? [], entry))
      .map(({ from, to, isType }) => {
        const allowed = MAY_IMPORT[roomOf(from)]?.join(', ') || 'nothing'
        return `src/${from}.ts imports ${isType ? 'a type of ' : ''}${to}; ${roomOf(from)} may import: ${allowed}`
      })
    expect(wrong).toEqual([])
  })

  it('knows one gateway where the parts are put together, in its doctor and in the demo alone', () => {
    const isOneGateways = (file: string) =>
      roomOf(file).startsWith('gateway/') && roomOf(file) !== 'gateway/nodes'
    const importers = IMPORTS.filter(({ from, to }) => isOneGateways(to) && !isOneGateways(from))
    const files = new Set(importers.map(({ from }) => from))
    expect([...files].sort()).toEqual([
      'app',
      'app/open-nodes',
      'cli/doctor/findings',
      'demo/model-mappings',
      'demo/rows',
      'demo/traffic',
    ])
  })

  it('names the gateway’s tables in SQL in the gateway’s folder, and where the demo fills them, alone', () => {
    const tables = [...readFileSync(join(ROOT, 'prisma/schema.prisma'), 'utf8').matchAll(/@@map\("(\w+)"\)/g)]
      .map(([, table = '']) => table)
      .filter((table) => table !== 'audit_logs')
    expect(tables).toContain('provider_api_keys')
    const statement = new RegExp(`\\b(FROM|JOIN|INTO|UPDATE)\\s+"?(${tables.join('|')})\\b`)
    const files = FILES.filter((path) => statement.test(readFileSync(path, 'utf8'))).map((path) =>
      relative(SRC, path),
    )
    expect(files.filter((file) => !file.startsWith('gateway/aether/'))).toEqual(['demo/rows.ts'])
    expect(files).toContain('gateway/aether/name-search.ts')
  })

  it('imports nothing in a circle', () => {
    const edges = new Map<string, string[]>()
    for (const { from, to, isPackage } of IMPORTS)
      if (!isPackage) edges.set(from, [...(edges.get(from) ?? []), to])
    expect(firstCycle(edges)?.join(' → ')).toBeUndefined()
  })

  it('uses each package only in the part that it belongs to', () => {
    const wrong = IMPORTS.filter(({ isPackage }) => isPackage).flatMap(({ from, to }) =>
      PACKAGES.filter(([packages, units]) => packages.test(to) && !units.includes(topOf(from))).map(
        ([, units]) => `src/${from}.ts imports ${to}, which belongs to ${units.join(', ')}`,
      ),
    )
    expect(wrong).toEqual([])
  })

  it('uses Prisma where the client is made, where it reads lists, where it reads and writes audit rows and in the schema alone', () => {
    const wrong = IMPORTS.filter(({ to }) => to.startsWith('generated/'))
      .map(({ from }) => from)
      .filter((from) => !['postgres', 'audit', 'schema'].includes(topOf(from)))
      .filter((from) => from !== 'gateway/aether/lists')
    expect(wrong).toEqual([])
  })

  it('touches its process in main.ts, the command line and the lock of a directory alone', () => {
    const findings = lint('correctness/noProcessGlobal')
    // A rule that finds nothing at all would hold nothing.
    expect(findings.filter((finding) => finding.startsWith('src/main.ts:'))).not.toEqual([])
    // A lock names the process that holds it.
    const owners = /^src\/(main\.ts|cli\/|postgres\/directory-lock\.ts|util\/process-identity\.ts)/
    expect(findings.filter((finding) => !owners.test(finding))).toEqual([])
  })

  it('reaches the environment in main.ts, and where the command line starts the service, alone', () => {
    const readers = lint('style/noProcessEnv').filter(
      (finding) => !/^src\/(main|cli\/commands\/service)\.ts:/.test(finding),
    )
    expect(readers).toEqual([])
  })

  it('prints nothing past the log and has no `any`', () => {
    expect(lint('suspicious/noConsole', 'suspicious/noExplicitAny')).toEqual([])
  })

  it('silences no rule of the linter or the compiler', () => {
    const silenced = FILES.flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/biome-ignore|@ts-(ignore|nocheck|expect-error)/g)].map(
        ([what]) => `${relative(ROOT, path)}: ${what}`,
      ),
    )
    expect(silenced).toEqual([])
  })
})
