import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** Node's own loader hook, in its own thread, which can print but shares nothing with us. */
const TELL_OF_EACH_MODULE = `data:text/javascript,${encodeURIComponent(
  'export async function load(url, context, next) { process._rawDebug(url); return next(url, context) }',
)}`

function modulesLoadedBy(entry: string): string[] {
  const script = `import { register } from 'node:module'
    register(${JSON.stringify(TELL_OF_EACH_MODULE)})
    await import(${JSON.stringify(entry)})`
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { cwd: ROOT, encoding: 'utf8' },
  )
  expect(status, stderr).toBe(0)
  return stderr.split('\n').filter((line) => line.startsWith('file:'))
}

it('loads neither a server, nor GraphQL, nor a database, nor a Redis client of its own', () => {
  const loaded = modulesLoadedBy(new URL('../../src/demo/recorder/index.ts', import.meta.url).href)
  const packages = loaded.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  expect(loaded.some((url) => url.includes('/src/demo/recorder/affinity-recorder.'))).toBe(true)
  expect(packages).toEqual([])
})
