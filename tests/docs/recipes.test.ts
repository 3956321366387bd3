import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CLI, startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'

const text = readFileSync(new URL('../../docs/recipes.md', import.meta.url), 'utf8')
const blocks = (language: string) =>
  [...text.matchAll(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, block = '']) => block)

/** `affinityql` in PATH, as `npm install --global` puts it there. */
const binaries = mkdtempSync(join(tmpdir(), 'affinityql-bin-'))
writeFileSync(join(binaries, 'affinityql'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`)
chmodSync(join(binaries, 'affinityql'), 0o755)

let server: TestServer
beforeEach(async () => {
  // The recipes' documents are registered: they run where no other does.
  server = await startServer({ env: { TRUSTED_DOCUMENTS_ONLY: 'true' } })
})
afterEach(() => server.close())

async function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${binaries}${delimiter}${process.env['PATH'] ?? ''}`,
      AFFINITYQL_URL: server.url,
      AFFINITYQL_TOKEN: ADMIN_TOKEN,
      ...env,
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
  return { code, stdout, stderr }
}

const bash = (script: string, env?: Readonly<Record<string, string>>) =>
  run('bash', ['-c', `set -euo pipefail\n${script}`], env)

const left = async () => {
  const { stdout } = await bash('affinityql affinities list --records --ndjson')
  return stdout.split('\n').length - 1
}

describe('docs/recipes.md', () => {
  const [
    byReason = '',
    allPages = '',
    clearUser = '',
    csv = '',
    topTen = '',
    clearStale = '',
    keysOfName = '',
    clearKey = '',
    moved = '',
    ...more
  ] = blocks('sh')

  it('has no shell recipe that is not run here', () => {
    expect(more).toEqual([])
    for (const recipe of [
      byReason,
      allPages,
      clearUser,
      csv,
      topTen,
      clearStale,
      keysOfName,
      clearKey,
      moved,
    ])
      expect(recipe).not.toBe('')
  })

  it('counts the reasons of stale pins', async () => {
    const { code, stdout, stderr } = await bash(byReason)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^ +\d+ [A-Z_]+\n/)
  })

  it('says what is wrong where the token is', async () => {
    const { code, stderr } = await bash(byReason, { AFFINITYQL_TOKEN: 'wrong' })
    expect(code).not.toBe(0)
    expect(stderr).toContain('The token is invalid')
  })

  it('reads all pages', async () => {
    const { code, stdout } = await bash(allPages)
    expect(new Set(stdout.trim().split('\n')).size).toBe(506)
    expect(code).toBe(0)
  })

  it('clears a user’s affinities', async () => {
    const { code, stdout } = await bash(clearUser)
    expect(Number(stdout)).toBeGreaterThan(0)
    expect(code).toBe(0)
    expect(await left()).toBe(506 - Number(stdout))
    const unknown = await bash(clearUser.replace('张伟', 'nobody'))
    expect(unknown.code).not.toBe(0)
  })

  it('makes a table for a spreadsheet, and names the busiest users', async () => {
    const table = await bash(csv)
    expect(table.stdout.trim().split('\n')).toHaveLength(506)
    expect(table.code).toBe(0)
    const busiest = await bash(topTen)
    expect(busiest.stdout.trim().split('\n')).toHaveLength(10)
    expect(busiest.stdout).toMatch(/^\d+\t\S/)
  })

  it('clears stale pins, and there are none the second time', async () => {
    expect((await bash(clearStale)).code).toBe(0)
    expect(await left()).toBeLessThan(506)
    const { code, stdout } = await bash(clearStale)
    expect(code).toBe(0)
    expect(stdout).toContain('0 ')
  })

  it('clears exactly the pins on a rotated provider key, and links to the audit event', async () => {
    const named = await bash(keysOfName, { KEY_NAME: 'openai-1' })
    const keys = named.stdout
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    expect(keys.map(([, , provider]) => provider)).toEqual(['OpenAI', 'OpenAI'])
    const [count = '', id = ''] = keys[0] ?? []
    const { code, stdout, stderr } = await bash(clearKey, { KEY_ID: id })
    expect(stdout).toContain(`Cleared ${count} affinities`)
    expect(stderr).toMatch(/No records were found\.\n$/)
    expect(stdout).toMatch(new RegExp(`^${server.url}/audit\\?event=[\\da-f-]{36}$`, 'm'))
    expect(code).toBe(0)
    expect(await left()).toBe(506 - Number(count))
  })

  it('watches pins that move', async () => {
    const key = 'cache_affinity:moving:CLAUDE:moving-model'
    const value = (provider: string) =>
      JSON.stringify({
        provider_id: provider,
        endpoint_id: 'e',
        key_id: 'k',
        created_at: Date.now() / 1_000,
        expire_at: Date.now() / 1_000 + 300,
        request_count: 1,
      })
    const client = server.redis.client()
    let isOver = false
    const move = async () => {
      for (let moves = 0; !isOver; moves += 1) {
        await client.set(key, value(`provider-${moves}`), 'EX', 300)
        await sleep(100)
      }
    }
    // On a busy machine its two seconds may be over before it has begun.
    const watched = async () => (await bash(`set +o pipefail\n${moved}`)).stdout
    const watch = async () => {
      try {
        await expect.poll(watched, { timeout: 40_000 }).toMatch(/^\["moving-model","provider-\d+"\]$/m)
      } finally {
        isOver = true
      }
    }
    // The last write is done before the server goes.
    await Promise.all([watch(), move()])
  })

  it('counts by provider in Python, with the standard library alone', async () => {
    const [script = '', ...others] = blocks('python')
    expect(others).toEqual([])
    const { code, stdout, stderr } = await run('python3', ['-I', '-c', script])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const counts = stdout
      .trim()
      .split('\n')
      .map((line) => Number.parseInt(line, 10))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(506)
  })

  it('clears in a CI job after a model was renamed', async () => {
    const [job = ''] = blocks('yaml')
    const steps = [...job.matchAll(/^ {6}- run: \|\n((?: {10}.*\n)+)/gm)].map(([, step = '']) =>
      step.replace(/^ {10}/gm, ''),
    )
    expect(steps).toHaveLength(1)
    // A job's shell stops at the first command that fails.
    const { code, stdout } = await run('bash', ['-e', '-c', steps.join('')], { OLD: 'gpt-4o', NEW: 'gpt-5' })
    expect(code).toBe(0)
    expect(stdout).toContain('model_mapping_cache_clear_by_name')
    expect(stdout).toContain('cache_clear_filtered')
  })
})
