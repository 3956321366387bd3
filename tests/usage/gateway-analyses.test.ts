/** The analyses of the gateways themselves, of the same rows: equal wherever the formula is the same. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { freshDatabase } from '../support/servers/shared.js'

const DAY_MS = 24 * 3_600_000

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8')

interface Question {
  readonly analysis: string
  readonly hours: number
  readonly limit: number
  readonly now: number
  readonly filter: { readonly userId?: string; readonly apiKeyId?: string }
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape follows from the analysis
  readonly answer: any
}

const startOf = ({ now, hours }: Pick<Question, 'now' | 'hours'>) => now - hours * 3_600_000

interface Parameters {
  readonly hours?: number
  readonly limit?: number
  readonly user_id?: string
  readonly api_key_id?: string
}

const question = (analysis: string, given: Parameters, now: number, answer: unknown): Question => ({
  analysis,
  hours: given.hours ?? (analysis === 'interval-timeline' ? 24 : 168),
  limit: given.limit ?? 10_000,
  now,
  filter: {
    ...(given.user_id !== undefined && { userId: given.user_id }),
    ...(given.api_key_id !== undefined && { apiKeyId: given.api_key_id }),
  },
  answer,
})

function recorded(): Question[] {
  const { now, answers } = JSON.parse(fixture('endpoint-keys/usage-answers.json'))
  return answers.map(
    ({ analysis, params, answer }: { analysis: string; params: Parameters; answer: unknown }) =>
      question(analysis, params, Date.parse(now), answer),
  )
}

/** Later gateways answer what was asked by their routes, with the moment. */
function routed(folder: string): Question[] {
  const entries: {
    at: number
    request: { path: string; body?: Parameters & { scope?: { kind: string } & Parameters } }
    body: unknown
  }[] = JSON.parse(fixture(`${folder}/answers.json`))
  return entries
    .filter(
      ({ request: { path, body } }) =>
        /ttl-analysis|interval-timeline/.test(path) && (body?.scope || folder === 'process-memory'),
    )
    .map(({ at, request: { path, body = {} }, body: answer }) =>
      question(path.split('/').at(-1) ?? '', { ...body, ...body.scope }, at * 1_000, answer),
    )
}

const ADVICE = `query ($since: DateTime!, $until: DateTime, $by: TtlAdviceGrouping!, $filter: UsageFilter) {
  ttlAdvice(since: $since, until: $until, by: $by, filter: $filter, first: 1000) {
    groups { key intervals within5 within15 within30 within60 over60 p50Minutes p75Minutes p90Minutes maxMinutes gatewayMinutes } } }`
const INTERVALS = `query ($since: DateTime!, $until: DateTime, $filter: UsageFilter!) {
  requestIntervals(since: $since, until: $until, filter: $filter, first: 10000) { total sampled points { at minutes model } } }`

/** Gateways round, and show a percentile of exactly 0 as null. */
const rounded = (value: number | null) => Math.round((value ?? 0) * 100) / 100

/** Rust's gateway takes them of intervals that it has not sorted, so that its half is longer than its three quarters. */
const percentilesOf =
  (folder: string) =>
  ({ p50, p75, p90 }: Readonly<Record<'p50' | 'p75' | 'p90', number | null>>) => {
    const near = (value: number | null) =>
      folder === 'process-memory' ? expect.any(Number) : expect.closeTo(rounded(value), 1)
    return { p50Minutes: near(p50), p75Minutes: near(p75), p90Minutes: near(p90) }
  }

describe.each(['endpoint-keys', 'provider-keys', 'process-memory'] as const)('the rows of %s', (folder) => {
  let service: TestApp
  const percentiles = percentilesOf(folder)
  const questions = folder === 'endpoint-keys' ? recorded() : routed(folder)
  beforeAll(async () => {
    const databaseUrl = freshDatabase(folder === 'endpoint-keys' ? 'fixtures' : folder)
    if (folder === 'endpoint-keys')
      for (const name of ['usage-schema', 'usage-data'])
        await sql(databaseUrl, fixture(`endpoint-keys/${name}.sql`).replaceAll('public.', ''))
    // The gateways' windows of intervals leave out their start.
    await sql(
      databaseUrl,
      "UPDATE usage SET created_at = created_at - interval '1 ms' WHERE created_at = ANY ($1)",
      [questions.map((one) => new Date(startOf(one)).toISOString())],
    )
    const [first] = questions
    service = await startTestApp({
      databaseUrl,
      redis: 'empty',
      now: () => (first?.now ?? 0) + DAY_MS,
      env: { COST_PER_MINUTE: '0' },
    })
  })
  afterAll(() => service.close())

  const ask = async (document: string, { hours, now, filter }: Question, more: object = {}) => {
    const { data, errors } = await service.query(document, {
      since: new Date(startOf({ now, hours })).toISOString(),
      // The gateways' windows have no end.
      until: new Date(now + DAY_MS).toISOString(),
      filter,
      ...more,
    })
    expect(errors).toEqual([])
    return data
  }

  it('give the intervals and the recommendations that the gateway gave', async () => {
    // Asked for a user and an API key at once, the oldest gateway finds nothing, also where that user has requests of that key.
    const analyses = questions.filter(
      ({ analysis, filter }) => analysis === 'ttl-analysis' && !(filter.userId && filter.apiKeyId),
    )
    expect(analyses.length).toBeGreaterThan(0)
    let compared = 0
    for (const one of analyses) {
      const by = one.filter.apiKeyId === undefined ? 'USER' : 'API_KEY'
      const { ttlAdvice } = await ask(ADVICE, one, { by })
      const ours = new Map(ttlAdvice.groups.map((group: { key: string }) => [group.key, group]))
      for (const theirs of one.answer.users) {
        const spread = theirs.interval_distribution
        // We leave out groups of which less is known.
        if (theirs.request_count < 10) continue
        compared += 1
        expect([one.hours, one.filter, ours.get(theirs.group_id)]).toEqual([
          one.hours,
          one.filter,
          {
            key: theirs.group_id,
            // What the gateway calls requests are the intervals between them.
            intervals: theirs.request_count,
            within5: spread.within_5min,
            within15: spread.within_15min,
            within30: spread.within_30min,
            within60: spread.within_60min,
            over60: spread.over_60min,
            ...percentiles(theirs.percentiles),
            maxMinutes: expect.closeTo(theirs.max_interval_minutes, 1),
            gatewayMinutes: theirs.recommended_ttl_minutes,
          },
        ])
      }
      const least10 = one.answer.users.filter(
        ({ request_count }: { request_count: number }) => request_count >= 10,
      )
      expect(ttlAdvice.groups).toHaveLength(least10.length)
    }
    expect(compared).toBeGreaterThan(5)
  }, 60_000)

  it('give the timeline of a user that the gateway gave', async () => {
    const timelines = questions.filter(
      ({ analysis, filter }) => analysis === 'interval-timeline' && filter.userId,
    )
    for (const one of timelines) {
      const { requestIntervals } = await ask(INTERVALS, one)
      const points = requestIntervals.points.filter(({ minutes }: { minutes: number }) => minutes <= 120)
      expect([one.filter, points.length]).toEqual([one.filter, one.answer.total_points])
    }
    expect(timelines.length).toBeGreaterThanOrEqual(folder === 'process-memory' ? 0 : 1)
  })
})
