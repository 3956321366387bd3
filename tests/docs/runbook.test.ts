import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.js'
import { CLI, startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'

const text = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8')
const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
const [define = ''] = blocks
const ofCurl = blocks.filter((block) => /^(ID=\$\()?ask /m.test(block) && block !== define)
const ofCli = blocks.filter((block) => block.includes('affinityql ') && block !== define)

/** `affinityql` in PATH, as `npm install --global` puts it there. */
const binaries = mkdtempSync(join(tmpdir(), 'affinityql-bin-'))
writeFileSync(join(binaries, 'affinityql'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
chmodSync(join(binaries, 'affinityql'), 0o755)

const PROVIDER = 'OpenAI'
const MARK = '--- next block ---'

let server: TestServer
beforeEach(async () => {
  // The documents of the page are registered: they run where no other does.
  server = await startServer({ env: { TRUSTED_DOCUMENTS_ONLY: 'true' } })
})
afterEach(() => server.close())

/** Runs blocks one after the other in one shell, and returns what each printed. */
async function inOneShell(
  scripts: readonly string[],
): Promise<{ code: number | null; said: string[]; stderr: string }> {
  const script = scripts.join(`\necho '${MARK}'\n`)
  const child = spawn('bash', ['-c', `set -euo pipefail\n${script}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}`,
      AFFINITYQL_URL: server.url,
      AFFINITYQL_TOKEN: ADMIN_TOKEN,
      PROVIDER,
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (said: string) => {
    stdout += said
  })
  child.stderr.setEncoding('utf8').on('data', (said: string) => {
    stderr += said
  })
  const [code] = await once(child, 'close')
  return { code, said: stdout.split(`${MARK}\n`), stderr }
}

const asked = () => createClient({ url: server.url, token: ADMIN_TOKEN })

async function idOfProvider(): Promise<string> {
  const { nodes } = await asked().providers({ search: PROVIDER })
  return nodes.find(({ displayName }) => displayName === PROVIDER)?.id ?? ''
}

/** How many pins the provider has, by the list of records, which no block of the page uses. */
async function pinned(): Promise<number> {
  const providerId = await idOfProvider()
  return (await asked().affinityRecords({ filter: { providerId }, first: 1 })).totalCount
}

/** Once the provider has no pin any more, its users are pinned elsewhere, as by a gateway that answers their next requests. */
async function usersComeBackElsewhere(): Promise<() => Promise<void>> {
  const redis = server.redis.client()
  const providerId = await idOfProvider()
  const keys = await redis.keys('cache_affinity:*')
  const values = await redis.mget(keys)
  const theirs = keys
    .map((key, n) => ({ key, value: values[n] ?? '' }))
    .filter(({ value }) => value.includes(providerId))
  return async () => {
    await expect.poll(pinned, { interval: 100, timeout: 60_000 }).toBe(0)
    const pipeline = redis.pipeline()
    for (const { key, value } of theirs) {
      const again = { ...JSON.parse(value), provider_id: 'elsewhere', created_at: Date.now() / 1_000 }
      pipeline.set(key, JSON.stringify(again), 'EX', 300)
    }
    await pipeline.exec()
  }
}

describe('docs/runbook.md', () => {
  it('has no shell block that is not run here', () => {
    expect([define, ...ofCli, ...ofCurl].sort()).toEqual([...blocks].sort())
  })

  it('leads by the command line from a broken provider to everybody elsewhere', async () => {
    const before = await pinned()
    const comeBack = await usersComeBackElsewhere()
    const [{ code, said, stderr }] = await Promise.all([inOneShell(ofCli), comeBack()])
    expect(code, stderr).toBe(0)
    const [who = '', dryRun = '', clear = '', left = ''] = said
    expect(who).toMatch(new RegExp(`^${PROVIDER} +${before} +[\\d.]+ %$`, 'm'))
    expect(who).toMatch(/^PROVIDER KEY +AFFINITIES/m)
    expect(who).toMatch(/^USER +AFFINITIES/m)
    expect(dryRun).toContain(`${before} affinities`)
    expect(clear).toContain(`Cleared ${before} affinities`)
    expect(clear).toMatch(/\nEverybody is elsewhere after [^:]+: elsewhere \d+\.\n$/)
    expect(stderr).toContain('Warning (STILL_ACTIVE)')
    expect(left).not.toMatch(new RegExp(`^${PROVIDER} `, 'm'))
    expect(left).toMatch(/ CLEARED /)
    expect(left).toContain('cache_clear_provider')
    expect(await pinned()).toBe(0)
  })

  it('leads there by curl as well', async () => {
    const before = await pinned()
    const { code, said, stderr } = await inOneShell([define, ...ofCurl])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, who = '', dryRun = '', clear = '', left = ''] = said
    expect(JSON.parse(who).affinityCounts.total).toBe(before)
    expect(JSON.parse(dryRun).clearProviderCache).toMatchObject({
      clearedCount: before,
      warnings: expect.arrayContaining([expect.objectContaining({ code: 'STILL_ACTIVE' })]),
    })
    expect(JSON.parse(clear).clearProviderCache.clearedCount).toBe(before)
    const [list = '', history = ''] = left.split(/(?<=^\})\n/m)
    expect(JSON.parse(list).affinities).toEqual({ totalCount: 0, nodes: [] })
    const cleared = JSON.parse(history).affinityHistory.buckets.map(
      (bucket: { cleared: number | null }) => bucket.cleared ?? 0,
    )
    expect(cleared.reduce((sum: number, count: number) => sum + count, 0)).toBe(before)
    expect(await pinned()).toBe(0)
  })
})
