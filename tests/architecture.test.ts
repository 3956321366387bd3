/**
 * Imports run one way: main → server → schema → resolvers → loaders, stores, live → clients. See docs and the table below.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = join(ROOT, 'src')

/** What each directory (or file at the top) of src may import of the others. `type x`: only types of it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['app', 'config', 'server', 'demo', 'security', 'errors'],
  app: ['config', 'open-cache', 'server', 'demo', 'security', 'live', 'stores', 'clients', 'errors'],
  'open-cache': ['type config', 'type security', 'server', 'live', 'stores', 'clients', 'errors'],
  // Each setting is parsed by the part that it is for.
  config: ['server', 'security', 'clients', 'errors'],
  server: ['schema', 'resolvers', 'loaders', 'live', 'stores', 'security', 'context', 'errors'],
  schema: ['resolvers', 'loaders', 'live', 'stores', 'security', 'context', 'errors', 'generated'],
  resolvers: ['loaders', 'live', 'stores', 'security', 'context', 'errors'],
  context: ['type loaders', 'type live', 'type stores', 'type security'],
  loaders: ['stores', 'errors'],
  live: ['stores', 'clients', 'errors'],
  // Security says what it needs of a store (a directory, a blacklist); stores implement it.
  stores: ['clients', 'generated', 'errors', 'type security'],
  clients: ['generated', 'errors'],
  security: ['errors'],
  cli: ['client', 'main', 'config', 'clients', 'stores', 'security', 'errors'],
  // For use outside of this service, and by the command line as anybody would.
  client: [],
  demo: ['recorder', 'stores', 'security', 'generated', 'errors'],
  // For use outside of this service: no more of it than the formats.
  recorder: ['stores/keys', 'stores/affinity-record', 'stores/memory-keyspace', 'errors'],
  errors: [],
}

/** Packages that belong to one part of the service, and where they may be imported. */
const PACKAGES: readonly [packages: RegExp, units: readonly string[]][] = [
  [/^(graphql(-.*)?|@graphql-.*|@pothos|@escape\.tech)(\/|$)/, ['schema', 'server']],
  [/^ioredis(\/|$)/, ['clients', 'stores', 'recorder']],
  [/^(pg|@prisma|@electric-sql|pglite-prisma-adapter)(\/|$)/, ['clients', 'stores']],
  [/^dataloader(\/|$)/, ['loaders']],
  [/^(node:)?process$/, ['main']],
  [/^(jose|rate-limiter-flexible)(\/|$)/, ['security']],
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

const unitOf = (file: string): string => file.split('/')[0] ?? file

/** `stores/keys` is allowed by `stores/keys` and by `stores`. */
const allows = (allowed: readonly string[], { to, isType }: Import): boolean =>
  [unitOf(to), to].some((name) => allowed.includes(name) || (isType && allowed.includes(`type ${name}`)))

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
    expect(IMPORTS).toContainEqual({ from: 'clients/redis', to: 'ioredis', isPackage: true, isType: false })
  })

  it('imports in one direction', () => {
    const wrong = IMPORTS.filter(({ isPackage }) => !isPackage)
      .filter((entry) => unitOf(entry.from) !== unitOf(entry.to))
      .filter((entry) => !allows(MAY_IMPORT[unitOf(entry.from)] ?? [], entry))
      .map(({ from, to, isType }) => {
        const allowed = MAY_IMPORT[unitOf(from)]?.join(', ') || 'nothing'
        return `src/${from}.ts imports ${isType ? 'a type of ' : ''}${to}; ${unitOf(from)} may import: ${allowed}`
      })
    expect(wrong).toEqual([])
  })

  it('imports nothing in a circle', () => {
    const edges = new Map<string, string[]>()
    for (const { from, to, isPackage } of IMPORTS)
      if (!isPackage) edges.set(from, [...(edges.get(from) ?? []), to])
    expect(firstCycle(edges)?.join(' → ')).toBeUndefined()
  })

  it('uses each package only in the part that it belongs to', () => {
    const wrong = IMPORTS.filter(({ isPackage }) => isPackage).flatMap(({ from, to }) =>
      PACKAGES.filter(([packages, units]) => packages.test(to) && !units.includes(unitOf(from))).map(
        ([, units]) => `src/${from}.ts imports ${to}, which belongs to ${units.join(', ')}`,
      ),
    )
    expect(wrong).toEqual([])
  })

  it('reaches the database through clients, stores and the demo alone', () => {
    const wrong = IMPORTS.filter(({ to }) => to.startsWith('generated/prisma'))
      .map(({ from }) => from)
      .filter((from) => !['clients', 'stores', 'demo'].includes(unitOf(from)))
    expect(wrong).toEqual([])
  })

  it('reads the environment in main.ts, and in the command line, alone', () => {
    const readers = lint('style/noProcessEnv').filter((finding) => !/^src\/(main\.ts|cli\/)/.test(finding))
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
