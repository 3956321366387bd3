import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadGeneration } from '../support/generations.js'
import { affinityql, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ redis: 'empty', env: { CLEAR_GUARD_SECONDS: '0' } })
  await loadGeneration(server.redis.client(), 'process-memory')
})
afterAll(() => server.close())

const run = (...args: string[]) => affinityql(args, { server })

it('affinities list shows clients and sessions where there are some, and filters by them', async () => {
  const all = await run('affinities', 'list', '--client-family', 'codex')
  expect(all.stdout.split('\n')[0]).toMatch(/MODEL +CLIENT +SESSION +PROVIDER/)
  const plain = await run('affinities', 'list', '--family', 'SCHEDULER_AFFINITY')
  expect(plain.stdout.split('\n')[0]).not.toContain('SESSION')
  const [record] = JSON.parse((await run('affinities', 'list', '--client-family', 'codex', '--json')).stdout)
  const ofSession = await run('affinities', 'list', '--session-hash', record.sessionHash, '--json')
  expect(new Set(JSON.parse(ofSession.stdout).map((each: typeof record) => each.sessionHash))).toEqual(
    new Set([record.sessionHash]),
  )
  expect((await run('affinities', 'list', '--client-session', 'none', '--json')).stdout).toBe('[]\n')
  expect(await run('affinities', 'list', '--client-agent', 'x')).toMatchObject({ code: 2 })
})

it('pool-sessions lists digests and clears what the options select', async () => {
  const token = 'conv:with:colons/and slash 100%'
  const digest = createHash('sha256').update(token).digest('hex').slice(0, 16)
  const listed = await run('pool-sessions', 'list')
  expect(listed.stdout).toContain(digest)
  expect(listed.stdout + listed.stderr).not.toContain('conv:with')
  expect(await run('pool-sessions', 'clear', '--yes')).toMatchObject({ code: 2 })
  const dry = await run('pool-sessions', 'clear', '--session', token, '--dry-run', '--json')
  expect(JSON.parse(dry.stdout)).toMatchObject({ clearedCount: 1, dryRun: true })
  expect((await run('pool-sessions', 'clear', '--digest', digest, '--yes')).code).toBe(0)
  expect((await run('pool-sessions', 'list')).stdout).not.toContain(digest)
})
