import type { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { connectRedis, createRedis } from '../../src/redis/client.js'
import { scanMasters } from '../../src/redis/scan.js'
import { microsecondsBetween, ScanPace } from '../../src/redis/scan-pace.js'
import { freshRedis } from '../support/servers/shared.js'

/** A server whose clock goes on by so many microseconds for each key that a SCAN looks at. It counts each SCAN. */
function serverWithClock(usPerKey: () => number, keys: number) {
  const counts: number[] = []
  let clockUs = 1_700_000_000_000_000
  let left = keys
  const time = () => [null, [String(Math.floor(clockUs / 1e6)), String(Math.floor(clockUs % 1e6))]]
  const pipeline = () => {
    const replies: unknown[] = []
    const commands = {
      time() {
        replies.push(time())
        return commands
      },
      scanBuffer(_cursor: string, _match: string, _pattern: string, _count: string, count: number) {
        counts.push(count)
        clockUs += count * usPerKey()
        left -= count
        replies.push([null, [Buffer.from(left > 0 ? '7' : '0'), []]])
        return commands
      },
      exec: async () => replies,
    }
    return commands
  }
  return { node: { pipeline } as unknown as Redis, counts }
}

async function walk(node: Redis): Promise<void> {
  for await (const _ of scanMasters(node, { pattern: '*' })) expect.fail('there are no keys')
}

it('looks at more keys in a step while steps are quick', async () => {
  const { node, counts } = serverWithClock(() => 0.03, 100_000)
  await walk(node)
  expect(counts.every((count, n) => n === 0 || count >= (counts[n - 1] ?? 0))).toBe(true)
  expect(counts.at(-1)).toBe(4_000)
})

it('keeps every step below 0.3 ms, once it knows how slow the server is', async () => {
  const { node, counts } = serverWithClock(() => 3.5, 20_000)
  await walk(node)
  const times = counts.map((count) => count * 3.5)
  expect(times[0]).toBeLessThan(2_000)
  expect(Math.max(...times.slice(1))).toBeLessThan(300)
})

it('goes down at once when the server becomes slow, and up again when it is quick', async () => {
  let usPerKey = 0.05
  let steps = 0
  const { node, counts } = serverWithClock(() => {
    steps += 1
    if (steps === 20) usPerKey = 20
    if (steps === 40) usPerKey = 0.05
    return usPerKey
  }, 200_000)
  await walk(node)
  expect(counts[18]).toBeGreaterThan(1_000)
  // One step is slow before that is known.
  expect(Math.max(...counts.slice(20, 39))).toBeLessThanOrEqual(50)
  expect(counts.at(-1)).toBeGreaterThan(1_000)
})

it('never asks for nothing, however slow the server', () => {
  const pace = new ScanPace()
  for (let step = 0; step < 10; step += 1) pace.took(1_000_000, pace.count)
  expect(pace.count).toBe(50)
})

it('reads the time as Redis tells it, and no time where the clock went back or is refused', () => {
  expect(microsecondsBetween(['10', '999900'], ['11', '200'])).toBe(300)
  expect(microsecondsBetween(['11', '0'], ['10', '999999'])).toBeUndefined()
  expect(microsecondsBetween(undefined, ['11', '200'])).toBeUndefined()
})

it('stays at the small step of the start where a user may not ask for the time', async () => {
  const server = await freshRedis()
  const gateway = server.client()
  await gateway.mset(Array.from({ length: 5_000 }, (_, n) => [`key:${n}`, '']).flat())
  await gateway.call('ACL', 'SETUSER', 'timeless', 'on', '>secret', '~*', '+@all', '-time')
  const url = `redis://timeless:secret@127.0.0.1:${server.port}`
  const client = createRedis({ kind: 'single', url }, { onError: () => {} })
  onTestFinished(() => client.disconnect())
  await connectRedis(client, 10_000)
  const steps: number[] = []
  const names = new Set<string>()
  for await (const { keys, visited } of scanMasters(client, { pattern: 'key:*' })) {
    steps.push(visited)
    for (const key of keys) names.add(key)
  }
  expect(names.size).toBe(5_000)
  expect(new Set(steps)).toEqual(new Set([500]))
})
