/** The gateways' own hit analyses of the fixtures' rows: what we say is equal wherever the formula is the same. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startTestApp, type TestApp } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

const fixture = (path: string): string =>
  readFileSync(new URL(`../fixtures/${path}`, import.meta.url), 'utf8')

const Answer = z.object({
  analysis_period_hours: z.number(),
  total_requests: z.number(),
  requests_with_cache_hit: z.number(),
  request_cache_hit_rate: z.number(),
  total_input_tokens: z.number(),
  total_cache_read_tokens: z.number(),
  total_cache_creation_tokens: z.number(),
  token_cache_hit_rate: z.number(),
  total_cache_read_cost_usd: z.number(),
  total_cache_creation_cost_usd: z.number(),
  estimated_savings_usd: z.number(),
})

interface Asked {
  readonly at: Date
  readonly userId?: string | undefined
  readonly apiKeyId?: string | undefined
  readonly answer: z.infer<typeof Answer>
}

const QUERY = `query ($since: DateTime!, $until: DateTime, $filter: UsageFilter) {
  cacheUsage(since: $since, until: $until, by: API_FORMAT, filter: $filter) { total { requests requestsWithCacheRead requestHitRate
    uncachedInputTokens cacheReadTokens cacheCreationTokens cacheReadCostUsd cacheCreationCostUsd savedUsd } } }`

/** The gateways' windows have no end, and one row is of the next hours. */
const ours = async (service: TestApp, { at, userId, apiKeyId, answer }: Asked) => {
  const since = new Date(at.getTime() - answer.analysis_period_hours * 3_600_000).toISOString()
  const until = new Date(at.getTime() + 24 * 3_600_000).toISOString()
  const { data, errors } = await service.query(QUERY, { since, until, filter: { userId, apiKeyId } })
  expect(errors).toEqual([])
  return data.cacheUsage.total
}

/** What both count alike. A rate of nothing is 0 there and null here, and so is a cost that no row has. */
function expectAlike(total: Awaited<ReturnType<typeof ours>>, answer: z.infer<typeof Answer>): void {
  expect({
    total_requests: total.requests,
    requests_with_cache_hit: total.requestsWithCacheRead,
    total_cache_read_tokens: total.cacheReadTokens,
    total_cache_creation_tokens: total.cacheCreationTokens,
  }).toEqual({
    total_requests: answer.total_requests,
    requests_with_cache_hit: answer.requests_with_cache_hit,
    total_cache_read_tokens: answer.total_cache_read_tokens,
    total_cache_creation_tokens: answer.total_cache_creation_tokens,
  })
  expect(100 * (total.requestHitRate ?? 0)).toBeCloseTo(answer.request_cache_hit_rate, 1)
  expect(total.cacheReadCostUsd ?? 0).toBeCloseTo(answer.total_cache_read_cost_usd, 3)
  expect(total.cacheCreationCostUsd ?? 0).toBeCloseTo(answer.total_cache_creation_cost_usd, 3)
}

describe('the hit analyses of a gateway whose provider keys belong to endpoints', () => {
  const { now, answers } = z
    .object({
      now: z.string(),
      answers: z.array(
        z.object({
          analysis: z.string(),
          params: z.object({ user_id: z.string().optional(), api_key_id: z.string().optional() }),
          answer: z.unknown(),
        }),
      ),
    })
    .parse(JSON.parse(fixture('endpoint-keys/usage-answers.json')))
  const asked = answers
    .filter(({ analysis }) => analysis === 'hit-analysis')
    .map(({ params, answer }) => ({
      at: new Date(now),
      userId: params.user_id,
      apiKeyId: params.api_key_id,
      answer: Answer.parse(answer),
    }))
  let service: TestApp
  beforeAll(async () => {
    const databaseUrl = freshDatabase('schema')
    psql(databaseUrl, fixture('endpoint-keys/usage-schema.sql') + fixture('endpoint-keys/usage-data.sql'))
    service = await startTestApp({ databaseUrl, redis: 'empty', env: { COST_PER_MINUTE: '0' } })
  })
  afterAll(() => service.close())

  it('has all of them', () => expect(asked.length).toBeGreaterThan(15))

  it.each(asked)(
    'says the same of the last $answer.analysis_period_hours h, user $userId, API key $apiKeyId',
    async (one) => {
      const total = await ours(service, one)
      expectAlike(total, one.answer)
      // The gateway counts tokens that OpenAI and Gemini formats count within the input once more.
      expect(total.uncachedInputTokens).toBeLessThanOrEqual(one.answer.total_input_tokens)
    },
  )

  it('differs in what was saved: the gateway takes each read for a tenth of the price', async () => {
    const [week] = asked
    if (!week) throw new Error('There is no analysis.')
    const total = await ours(service, week)
    expect(week.answer.estimated_savings_usd).toBeCloseTo(9 * week.answer.total_cache_read_cost_usd, 2)
    expect(total.savedUsd).toBeGreaterThan(0)
  })
})

describe.each([
  ['provider-keys', '/api/analytics/cache-affinity/hit-analysis'],
  ['process-memory', '/api/admin/usage/cache-affinity/hit-analysis'],
] as const)('the hit analyses of %s', (folder, path) => {
  const asked = z
    .array(
      z.object({
        at: z.number(),
        request: z.object({
          path: z.string(),
          body: z
            .object({
              scope: z.object({ kind: z.string(), user_id: z.string().optional() }).optional(),
              user_id: z.string().optional(),
              api_key_id: z.string().optional(),
            })
            .optional(),
        }),
        body: z.unknown(),
      }),
    )
    .parse(JSON.parse(fixture(`${folder}/answers.json`)))
    // Without a scope the Python gateway counts those of whoever asks.
    .filter(
      ({ request }) => request.path === path && (!request.body || request.body.scope?.kind === 'global'),
    )
    .map(({ at, request, body }) => ({
      at: new Date(at * 1_000),
      userId: request.body?.user_id,
      apiKeyId: request.body?.api_key_id,
      answer: Answer.parse(body),
    }))
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ database: folder, redis: 'empty', env: { COST_PER_MINUTE: '0' } })
  })
  afterAll(() => service.close())

  it('has some', () => expect(asked.length).toBeGreaterThan(0))

  it.each(asked)('says the same of $answer.total_requests requests', async (one) => {
    const total = await ours(service, one)
    expectAlike(total, one.answer)
    // These have taken cached tokens out of the input already.
    const all = total.uncachedInputTokens + total.cacheReadTokens
    if (folder === 'provider-keys') {
      expect(total.uncachedInputTokens).toBe(one.answer.total_input_tokens)
      expect((100 * total.cacheReadTokens) / Math.max(all, 1)).toBeCloseTo(one.answer.token_cache_hit_rate, 1)
    }
  })
})
