/** Counts by what affinities have in common, against plain sums over the reference model. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import {
  expectedPins,
  type Filter,
  fixturePins,
  type Pin,
  type Rows,
  readRows,
  staleReasonsOf,
  usabilityOf,
} from './affinity-model.js'
import { MODES } from './shown.js'

const NOW = Date.now()
const pins = fixturePins(NOW)

const COUNTS = `
  query ($by: AffinityGrouping!, $filter: AffinityFilter, $search: String, $first: Int) {
    affinityCounts(by: $by, filter: $filter, search: $search, first: $first) {
      by total groupCount others ungrouped
      groups {
        key label count
        provider { displayName affinityCount } providerKey { name affinityCount } endpoint { baseUrl }
        model { displayName affinityCount } user { username } apiKey { name }
      }
    }
  }`

/** The groups of a pin, by grouping. */
const GROUPS: Readonly<Record<string, (pin: Pin, rows: Rows) => readonly string[]>> = {
  PROVIDER: ({ providerId }) => [providerId],
  PROVIDER_KEY: ({ providerKeyId }) => [providerKeyId],
  ENDPOINT: ({ endpointId }) => [endpointId],
  MODEL: ({ modelId }) => [modelId],
  API_FORMAT: ({ apiFormat }) => [apiFormat],
  CLIENT_FAMILY: () => [],
  USER: (pin, rows) => {
    const userId = rows.api_keys.get(pin.affinityKey)?.['user_id']
    return userId == null ? [] : [String(userId)]
  },
  API_KEY: ({ affinityKey }) => [affinityKey],
  STALE_REASON: (pin, rows) => [...new Set(staleReasonsOf(pin, rows, NOW))],
  USABILITY: (pin, rows) => [usabilityOf(pin, rows, NOW)],
  FAMILY: () => ['CACHE_AFFINITY'],
}

interface Question {
  readonly filter?: Filter
  readonly search?: string
}

function expectedCounts(by: string, question: Question, rows: Rows, first: number) {
  const found = expectedPins(pins, rows, NOW, question)
  const counts = new Map<string, number>()
  let ungrouped = 0
  for (const pin of found) {
    const groups = GROUPS[by]?.(pin, rows) ?? []
    for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1)
    if (groups.length === 0) ungrouped += 1
  }
  const all = [...counts]
    .map(([key, count]) => ({ key, count }))
    .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
  const others = all.slice(first).reduce((sum, { count }) => sum + count, 0)
  return { by, total: found.length, groupCount: all.length, groups: all.slice(0, first), others, ungrouped }
}

describe.each(MODES)('affinityCounts, %s,', (_mode, env) => {
  let service: TestApp
  let rows: Rows
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW, env })
    rows = await readRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const counts = async (variables: object) => {
    const { data, errors } = await service.query(COUNTS, variables)
    expect(errors).toEqual([])
    return data.affinityCounts
  }
  const [some] = pins
  const questions: readonly Question[] = [
    {},
    { filter: { stale: true } },
    { filter: { stale: false, apiFormat: 'CLAUDE' } },
    { filter: { providerIds: [some?.providerId ?? '', 'nothing-has-this-id'] } },
    { filter: { requestCountMin: 10 } },
    { filter: { providerId: 'nothing-has-this-id' } },
    { search: 'claude' },
    { search: 'alice', filter: { stale: false } },
  ]

  it.each(Object.keys(GROUPS))('are sums by %s, whatever the filter and search', async (by) => {
    for (const question of questions) {
      for (const first of [1, 3, 1000]) {
        const expected = expectedCounts(by, question, rows, first)
        expect(await counts({ by, first, ...question }), JSON.stringify(question)).toMatchObject(expected)
      }
    }
  })

  it('name their groups as people know them, by ids where there is no name', async () => {
    const { groups } = await counts({ by: 'PROVIDER', first: 1000 })
    for (const { key, label, count, provider } of groups) {
      expect(label).toBe(rows.providers.get(key)?.['display_name'] ?? key)
      expect(provider?.displayName ?? key).toBe(label)
      expect(provider?.affinityCount ?? count).toBe(count)
    }
    expect(groups.some(({ provider }: { provider: unknown }) => provider === null)).toBe(true)
    const models = (await counts({ by: 'MODEL', first: 1000 })).groups
    for (const { key, label, count, model } of models) {
      expect(label).toBe(rows.global_models.get(key)?.['display_name'] ?? key)
      expect(model?.affinityCount ?? count).toBe(count)
    }
    for (const { count, providerKey } of (await counts({ by: 'PROVIDER_KEY', first: 1000 })).groups)
      expect(providerKey?.affinityCount ?? count).toBe(count)
    for (const { key, label } of (await counts({ by: 'USER', first: 1000 })).groups)
      expect(label).toBe(rows.users.get(key)?.['username'] ?? key)
  })

  it.each([0, 1_001])('are refused for %i groups', async (first) => {
    const { errors } = await service.query(COUNTS, { by: 'PROVIDER', first })
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'first' } }])
  })

  it('follow a change at once', async () => {
    const before = await counts({ by: 'USABILITY' })
    const { data } = await service.query(
      'mutation { clearAffinities(filter: { stale: true }) { ... on ClearPayload { clearedCount } } }',
    )
    const after = await counts({ by: 'USABILITY' })
    expect(data.clearAffinities.clearedCount).toBeGreaterThan(0)
    expect(after.total).toBe(before.total - data.clearAffinities.clearedCount)
    expect(after.groups.map(({ key }: { key: string }) => key)).not.toContain('STALE')
    expect((await counts({ by: 'STALE_REASON' })).groups).toEqual([])
  })
})
