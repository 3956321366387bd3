import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, createRedis, type RedisClient } from '../../src/redis/client.js'
import { observeCommands } from '../../src/redis/command-observer.js'
import { type RedisServer, startRedis } from '../support/servers/redis.js'
import { startRedisCluster } from '../support/servers/redis-cluster.js'

interface Told {
  readonly command: string
  readonly durationMs: number
  readonly failed: boolean
}

/** What is told of `client` from now on; the client's own handshakes are left out. */
function observe(client: RedisClient): Told[] {
  const told: Told[] = []
  observeCommands(client, (command, durationMs, error) => {
    const failed = error !== undefined
    if (!['client', 'info', 'cluster', 'select'].includes(command)) told.push({ command, durationMs, failed })
  })
  return told
}

describe('commands of a client', () => {
  let server: RedisServer
  let client: RedisClient
  let told: Told[]
  beforeAll(async () => {
    server = await startRedis()
    client = createRedis({ kind: 'single', url: server.url }, { onError: () => {} })
    told = observe(client)
    await connectRedis(client, 5_000)
  })
  afterAll(async () => {
    client.disconnect()
    await server.stop()
  })

  it('are told one by one with their time, also those of a pipeline', async () => {
    told.length = 0
    await client.set('canary-key', 'canary-value')
    await client.pipeline().get('canary-key').get('canary-key').exec()
    expect(told.map(({ command }) => command)).toEqual(['set', 'get', 'get'])
    for (const { durationMs } of told) expect(durationMs).toBeGreaterThan(0)
    expect(JSON.stringify(told)).not.toContain('canary')
  })

  it('are told as failed where Redis refuses them, and their callers hear of it as before', async () => {
    told.length = 0
    await expect(client.hget('canary-key', 'field')).rejects.toThrow('WRONGTYPE')
    const replies = await client.pipeline().hget('canary-key', 'field').get('canary-key').exec()
    expect(replies?.map(([error, value]) => error?.message.slice(0, 9) ?? value)).toEqual([
      'WRONGTYPE',
      'canary-value',
    ])
    expect(told.map(({ command, failed }) => [command, failed])).toEqual([
      ['hget', true],
      ['hget', true],
      ['get', false],
    ])
  })

  it('are told as failed where they cannot even be sent', async () => {
    await server.kill()
    told.length = 0
    await expect(client.get('canary-key')).rejects.toThrow()
    expect(told).toEqual([expect.objectContaining({ command: 'get', failed: true })])
  })
})

it('commands to a cluster are told of each of its nodes, once each', async () => {
  const servers = await startRedisCluster({ replicas: 0 })
  const client = createRedis({ kind: 'cluster', nodes: servers.nodes }, { onError: () => {} })
  const told = observe(client)
  try {
    await connectRedis(client, 10_000)
    told.length = 0
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index}`)
    await Promise.all(keys.map((key) => client.set(key, '1')))
    expect(new Set(keys.map((key) => servers.masterOf(key).port)).size).toBe(3)
    expect(told.map(({ command }) => command)).toEqual(keys.map(() => 'set'))
  } finally {
    client.disconnect()
    await servers.stop()
  }
})
