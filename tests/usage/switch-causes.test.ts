import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { affinityql, startServer } from '../cli/support.js'
import { writePin } from '../support/pin.js'
import { freshDatabase } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from './usage-table.js'

/** The example of docs/savings.md; times are minutes before now. */
const EXAMPLE = `${ENDPOINT_KEYS_USAGE};
  INSERT INTO usage (id, request_id, provider, api_key_id, provider_api_key_id, model, api_format, status, created_at,
    input_tokens, cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_price_per_1m, cache_creation_price_per_1m)
  SELECT n::text, n::text, 'somebody', 'one-api-key', key, 'claude', 'CLAUDE', 'completed', now() - ago * interval '1 minute',
    uncached, read, written, 3, 0.3, 3.75
    FROM (VALUES (1, 'a', 74, 1000, 0, 10000), (2, 'b', 72, 800, 0, 11200), (3, 'b', 69, 500, 11200, 0), (4, 'a', 60, 12000, 0, 0))
      AS given (n, key, ago, uncached, read, written)`

it('affinityql switches and ttl-advice print what the example of the docs says', async () => {
  const databaseUrl = freshDatabase()
  await sql(databaseUrl, EXAMPLE)
  const server = await startServer({ databaseUrl, redis: 'empty' })
  const { stdout, code } = await affinityql(['switches', '--by', 'provider-key', '--side', 'left'], {
    server,
  })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^pairs +2$/m)
  expect(stdout).toMatch(/^switches +1 \(upper bound\)$/m)
  expect(stdout).toMatch(/^lost tokens +10,000$/m)
  expect(stdout).toMatch(/^input from the cache, stayed +95\.7 %$/m)
  expect(stdout).toMatch(/^input from the cache, switched +0\.0 %$/m)
  expect(stdout).toMatch(/^not known +1 /m)
  const json = await affinityql(['switches', '--json'], { server })
  expect(JSON.parse(json.stdout)).toMatchObject({
    total: { pairs: 2, switches: 1, lostTokens: 10_000, costUsd: expect.closeTo(0.0345, 9) },
  })
  const docs = readFileSync(new URL('../../docs/savings.md', import.meta.url), 'utf8')
  for (const figure of ['**$0.0345**', 'a hit rate of 95.7 %', '0 of 12,000']) expect(docs).toContain(figure)
  const advice = await affinityql(['ttl-advice', '--by', 'api-key', '--json'], { server })
  // Three intervals are too few.
  expect(JSON.parse(advice.stdout)).toMatchObject({
    by: 'API_KEY',
    ttlIsFixed: false,
    groupCount: 0,
    groups: [],
  })
  expect((await affinityql(['ttl-advice', '--by', 'colour'], { server })).code).toBe(2)

  // A pin that a clear removes between two requests is why the second went elsewhere.
  const redis = new Redis(server.redis.url)
  await writePin(redis, { affinityKey: 'one-api-key', modelId: 'claude' })
  redis.disconnect()
  const add = (id: string, key: string) =>
    sql(
      databaseUrl,
      `INSERT INTO usage (id, request_id, provider, api_key_id, provider_api_key_id, model, api_format, status, created_at, input_tokens)
       VALUES ($1, $1, 'somebody', 'one-api-key', $2, 'claude', 'CLAUDE', 'completed', now(), 100)`,
      [id, key],
    )
  await add('before', 'k')
  await expect
    .poll(
      async () => (await server.query('{ affinities(first: 10) { totalCount } }')).data.affinities.totalCount,
    )
    .toBe(1)
  const cleared = await server.query(
    'mutation { clearAffinities(filter: { affinityKeys: ["one-api-key"] }) { ... on ClearAffinitiesPayload { clearedCount } } }',
  )
  expect(cleared.data.clearAffinities).toEqual({ clearedCount: 1 })
  await add('after', 'b')
  const causes = async () => {
    const since = new Date(Date.now() - 60_000).toISOString()
    const { data } = await server.query(
      `{ switchCosts(since: "${since}", by: TOTAL) { total { byCause { cause switches } } } }`,
    )
    return data.switchCosts.total.byCause
  }
  await expect.poll(causes).toEqual([{ cause: 'CLEARED', switches: 1 }])
  await server.close()
})
