import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { buildSchema, isAbstractType } from 'graphql'
import { minVersion, satisfies } from 'semver'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { temporaryDirectory } from '../support/servers/child.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const INSTALL_TIMEOUT_MS = 300_000

/** Runs a command to its end and throws what the command said if it fails. */
function runBoth(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: '' },
    maxBuffer: 64 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return { stdout, stderr }
}

const run = (...command: Parameters<typeof runBoth>): string => runBoth(...command).stdout

const folder = temporaryDirectory('package')
let tarball = ''
let contents: string[] = []
/** What npm said on standard error while it installed the tarball. */
let warnings = ''

beforeAll(() => {
  const [packed] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], ROOT),
  )
  tarball = join(folder, packed.filename)
  contents = packed.files.map(({ path }: { path: string }) => path)
  mkdirSync(join(folder, 'empty'))
  const empty = join(folder, 'empty')
  writeFileSync(join(empty, 'package.json'), '{"name":"consumer","private":true,"type":"module"}')
  const install = ['install', '--prefer-offline', '--omit=dev', '--no-audit', '--no-fund', '--loglevel=warn']
  warnings = runBoth('npm', [...install, tarball], empty).stderr
}, INSTALL_TIMEOUT_MS)

const installed = join(folder, 'empty')

describe('the tarball', () => {
  it('holds the build, the schema and the migrations, and neither sources nor tests', () => {
    expect(contents).toEqual(
      expect.arrayContaining([
        'package.json',
        'schema.graphql',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'SECURITY.md',
        'docs/operating.md',
        'deploy/systemd/affinityql.service',
        'dist/main.js',
        'bin/affinityql.mjs',
        'dist/cli/main.js',
        'dist/client/index.js',
        'dist/client/index.d.ts',
        'dist/client/generated/possible-types.js',
        'dist/client/generated/possible-types.d.ts',
        'dist/trusted-documents.json',
        'dist/web/index.html',
        'prisma/schema.prisma',
        'prisma/migrations/20261122000000_init/migration.sql',
      ]),
    )
    const others = contents.filter(
      (path) =>
        !/^(bin|dist|prisma|docs|deploy)\/|^(package\.json|schema\.graphql|[A-Z]+\.md|LICENSE)$/.test(path),
    )
    expect(others).toEqual([])
    expect(contents.filter((path) => /(^|\/)tests?\/|\.map$|\.ts$(?<!\.d\.ts)|\.test\./.test(path))).toEqual(
      [],
    )
    expect(contents.filter((path) => /\/\.[^/]*$/.test(path))).toEqual([])
  })

  it('holds every page and picture that its README points to', () => {
    const links = readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/\]\(([^)#:]+)\)/g)
    const targets = [...links].map(([, target = '']) => target)
    expect(targets.length).toBeGreaterThan(15)
    expect(targets.filter((target) => !contents.includes(target))).toEqual([])
  })

  it('holds no module whose source is gone', () => {
    const modules = contents.filter((path) => /^dist\/(?!web\/).*\.js$/.test(path))
    expect(modules.length).toBeGreaterThan(100)
    const source = (path: string) => path.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')
    expect(modules.filter((path) => !existsSync(join(ROOT, source(path))))).toEqual([])
  })

  it('holds each file of the console in the three encodings that are served, where it can be compressed', () => {
    const compressible = contents.filter((path) => /^dist\/web\/.*\.(html|js|css|svg)$/.test(path))
    expect(compressible.length).toBeGreaterThan(10)
    const missing = compressible
      .flatMap((path) => [`${path}.gz`, `${path}.br`])
      .filter((path) => !contents.includes(path))
    expect(missing).toEqual([])
  })

  it('passes publint', () => {
    run(join(ROOT, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], ROOT)
  })

  it('has types that every kind of import finds', () => {
    // It is an ES module: `require` works from Node.js 20.19 on, which this tool does not know.
    run(
      join(ROOT, 'node_modules/.bin/attw'),
      [tarball, '--profile', 'esm-only', '--no-emoji', '--exclude-entrypoints', 'schema.graphql'],
      ROOT,
    )
  })
})

describe('installed in an empty folder', () => {
  it('brings no package that refuses the oldest Node.js that is promised', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const oldest = minVersion(engines.node)?.version ?? ''
    const { packages } = JSON.parse(
      readFileSync(join(installed, 'node_modules/.package-lock.json'), 'utf8'),
    ) as { packages: Record<string, { version: string; engines?: { node?: string } }> }
    expect(Object.keys(packages).length).toBeGreaterThan(100)
    const refusing = Object.entries(packages).filter(
      ([, { engines }]) => engines?.node !== undefined && !satisfies(oldest, engines.node),
    )
    expect(refusing.map(([path, { version, engines }]) => `${path}@${version}: ${engines?.node}`)).toEqual([])
    // npm itself complains only where this runs on such a Node.js.
    expect(warnings.split('\n').filter((line) => line.includes('EBADENGINE'))).toEqual([])
  })

  it('answers as `npx affinityql`', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(run('npx', ['--no-install', 'affinityql', '--version'], installed).trim()).toBe(version)
  })

  it('serves with nothing set, up to the first answer, by its own command line', async () => {
    const server = spawn('npx', ['--no-install', 'affinityql', 'serve', '--port', '0'], {
      cwd: installed,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    onTestFinished(() => void process.kill(-(server.pid ?? 0), 'SIGKILL'))
    let url = ''
    let token = ''
    const said: string[] = []
    for (const stream of [server.stdout, server.stderr]) {
      createInterface(stream).on('line', (line) => {
        said.push(line)
        url ||= /(http:\/\/127\.0\.0\.1:\d+)\/graphql/.exec(line)?.[1] ?? ''
        token ||= /token\s+(aql_\S+)/.exec(line)?.[1] ?? ''
      })
    }
    while (token === '' && server.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20))
    expect(token, said.join('\n')).not.toBe('')
    const { status, stdout } = spawnSync(
      'npx',
      ['--no-install', 'affinityql', 'affinities', 'list', '--ndjson', '--limit', '3'],
      {
        cwd: installed,
        encoding: 'utf8',
        env: { ...process.env, AFFINITYQL_URL: url, AFFINITYQL_TOKEN: token },
      },
    )
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(3)

    const page = await fetch(`${url}/`, { headers: { accept: 'text/html' } })
    const [, script = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(await page.text()) ?? []
    expect(script).toMatch(/^\/assets\//)
    const asset = await fetch(new URL(script, url))
    expect(asset.headers.get('content-type')).toContain('javascript')
    expect(asset.headers.get('content-encoding')).toMatch(/^(br|gzip)$/)
    expect((await asset.text()).length).toBeGreaterThan(10_000)
  }, 60_000)

  it('is imported as `affinityql/client`', () => {
    writeFileSync(
      join(installed, 'use.js'),
      `import { createClient, AffinityqlError } from 'affinityql/client'
const client = createClient({ url: 'http://127.0.0.1:1' })
const error = await client.clearAllCache().catch((reason) => reason)
console.log(error instanceof AffinityqlError, error.code)
`,
    )
    expect(run(process.execPath, ['use.js'], installed).trim()).toBe('true NETWORK_ERROR')
  })

  it('has the schema, and the possible types that Apollo’s cache takes', () => {
    writeFileSync(
      join(installed, 'schema.js'),
      `import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { possibleTypes } from 'affinityql/possible-types'
const text = readFileSync(fileURLToPath(import.meta.resolve('affinityql/schema.graphql')), 'utf8')
console.log(JSON.stringify({ text, possibleTypes }))
`,
    )
    const { text, possibleTypes } = JSON.parse(run(process.execPath, ['schema.js'], installed))
    const schema = buildSchema(text)
    const abstract = Object.values(schema.getTypeMap()).filter((type) => isAbstractType(type))
    expect(abstract.length).toBeGreaterThan(5)
    expect(possibleTypes).toEqual(
      Object.fromEntries(
        abstract.map((type) => [
          type.name,
          schema
            .getPossibleTypes(type)
            .map(({ name }) => name)
            .sort(),
        ]),
      ),
    )
  })

  it('has types that the compiler reads in strict ES modules', () => {
    writeFileSync(
      join(installed, 'use.ts'),
      `import { createClient, type Affinity } from 'affinityql/client'
const client = createClient({ url: 'http://127.0.0.1:4000' })
export async function names(): Promise<string[]> {
  const all: string[] = []
  for await (const affinity of client.affinities.all({ filter: { stale: true } })) all.push(label(affinity))
  return all
}
const label = ({ user, modelId }: Affinity): string => user?.username ?? modelId
export async function clear(identifier: string): Promise<number> {
  const result = await client.clearUserCache({ identifier })
  switch (result.__typename) {
    case 'ClearUserCachePayload':
      return result.clearedCount
    case 'UnavailableError':
      return result.clearedCount
    case 'InvalidInputError':
      throw new Error(result.field ?? result.message)
    case 'NotFoundError':
      // @ts-expect-error: nothing was cleared, so there is no count
      return result.clearedCount
  }
}
// @ts-expect-error: an affinity has no such field
export const wrong = (affinity: Affinity) => affinity.colour
`,
    )
    const documentation = readFileSync(join(ROOT, 'docs/client.md'), 'utf8')
    const examples = [...documentation.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, example]) => example)
    expect(examples.length).toBeGreaterThan(3)
    writeFileSync(join(installed, 'documented.ts'), examples.join('\n'))
    writeFileSync(
      join(installed, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          module: 'nodenext',
          moduleResolution: 'nodenext',
          target: 'es2023',
          strict: true,
          exactOptionalPropertyTypes: true,
          noEmit: true,
          types: ['node'],
          typeRoots: [join(ROOT, 'node_modules/@types')],
        },
        files: ['use.ts', 'documented.ts'],
      }),
    )
    run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', installed], installed)
  })
})
