import { expect, it } from 'vitest'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { ENDPOINT_KEYS_USAGE } from '../usage/usage-table.js'
import { affinityql, startServer } from './support.js'

it('affinityql savings prints what the caches earned, in words or as the API says it', async () => {
  const databaseUrl = freshDatabase()
  psql(
    databaseUrl,
    `${ENDPOINT_KEYS_USAGE}; INSERT INTO usage (id, request_id, provider, model, api_format, status, created_at, input_tokens,
       cache_read_input_tokens, cache_creation_input_tokens, input_price_per_1m, cache_read_cost_usd)
     SELECT n::text, n::text, 'somebody', 'model-' || n, 'CLAUDE', 'completed', now() - n * interval '2 hours', 1000000, 3000000, 0, 5, 1.5
       FROM generate_series(1, 3) n`,
  )
  const server = await startServer({ databaseUrl, redis: 'empty' })
  const run = (...args: string[]) => affinityql(['savings', ...args], { server })

  const { stdout, code } = await run('--since', '5h', '--by', 'model')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^requests +2$/m)
  expect(stdout).toMatch(/^input from the cache +75\.0 %$/m)
  expect(stdout).toMatch(/^net +\$27\.00$/m)
  expect(stdout).toMatch(/^GROUP +REQUESTS +HIT RATE +SAVED +PREMIUM +NET +UNPRICED$/m)
  expect(stdout).toMatch(/^model-1 +1 +75\.0 % +\$13\.50 +- +\$13\.50 +0$/m)

  const cut = await run('--since', '1d', '--by', 'model', '--first', '1', '--json')
  expect(JSON.parse(cut.stdout)).toMatchObject({
    by: 'MODEL',
    groupCount: 3,
    total: { netSavedUsd: 40.5 },
    groups: [{ key: 'model-1' }],
    others: { requests: 2 },
  })

  for (const wrong of [
    ['--since', '32d'],
    ['--since', 'yesterday'],
    ['--by', 'colour'],
    ['--first', '0'],
  ])
    expect((await run(...wrong)).code, wrong.join(' ')).toBe(2)
  await server.close()
})

it('affinityql savings says where the gateway has no usage rows', async () => {
  const server = await startServer({ redis: 'empty' })
  const { code, stderr } = await affinityql(['savings'], { server })
  expect(stderr).toContain('gateway.missing names')
  expect(code).not.toBe(0)
  await server.close()
})
