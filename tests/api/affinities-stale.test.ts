import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STALE_REASONS } from '../../src/resolvers/stale.js'
import { startTestApp, type TestApp } from '../support/app.js'
import {
  expectedPins,
  fixturePins,
  keyOfNode,
  type Pin,
  type Rows,
  readRows,
  sql,
  staleReasonsOf,
} from './affinity-model.js'

const NOW = Date.now()
const SECOND = 1_000

describe('stale affinities', () => {
  let service: TestApp
  let rows: Rows
  let changed: Pin[]
  const pins = fixturePins(NOW)

  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW })
    // Takes one usable pin of each of several users and makes each stale for another reason. Other pins may share the rows.
    const before = await readRows(service.databaseUrl)
    const honourable = pins.filter((pin) => staleReasonsOf(pin, before, NOW).length === 0)
    changed = [
      ...new Map(honourable.map((pin) => [before.api_keys.get(pin.affinityKey)?.['user_id'], pin])).values(),
    ]
    const set = async (n: number, statement: (pin: Pin) => [string, unknown[]]) => {
      const pin = changed[n]
      if (!pin) throw new Error('The fixtures have honourable pins of many users.')
      await sql(service.databaseUrl, ...statement(pin))
    }
    const at = (milliseconds: number) => new Date(milliseconds)
    await set(0, (pin) => ['UPDATE api_keys SET expires_at = $1 WHERE id = $2', [at(NOW), pin.affinityKey]])
    await set(1, (pin) => [
      'UPDATE api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW + SECOND), pin.affinityKey],
    ])
    await set(2, (pin) => [
      'UPDATE provider_api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW - SECOND), pin.providerKeyId],
    ])
    await set(3, (pin) => [
      'UPDATE provider_api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW + SECOND), pin.providerKeyId],
    ])
    await set(4, (pin) => [
      'UPDATE users SET is_deleted = true WHERE id = (SELECT user_id FROM api_keys WHERE id = $1)',
      [pin.affinityKey],
    ])
    await set(5, (pin) => ['DELETE FROM provider_api_keys WHERE id = $1', [pin.providerKeyId]])
    await set(6, (pin) => ['DELETE FROM api_keys WHERE id = $1', [pin.affinityKey]])
    rows = await readRows(service.databaseUrl)
  })
  afterAll(() => service.close())

  const read = async (filter: object) => {
    const { data, errors } = await service.query(
      `query ($filter: AffinityFilter) { affinities(first: 1000, filter: $filter) {
        totalCount nodes { affinityKey apiFormat modelId staleReasons } } }`,
      { filter },
    )
    expect(errors).toEqual([])
    return data.affinities
  }

  it('are told apart from the others over all records', async () => {
    for (const stale of [true, false]) {
      const { totalCount, nodes } = await read({ stale })
      const expected = expectedPins(pins, rows, NOW, { filter: { stale } }).map(({ key }) => key)
      expect(expected.length).toBeGreaterThan(100)
      expect(totalCount).toBe(expected.length)
      expect(nodes.map(keyOfNode)).toEqual(expected)
      for (const node of nodes) expect(node.staleReasons.length > 0).toBe(stale)
    }
  })

  it('tell every reason, each of which occurs', async () => {
    const { nodes } = await read({})
    const seen = new Set<string>()
    for (const node of nodes) {
      const pin = pins.find(({ key }) => key === keyOfNode(node))
      expect([...node.staleReasons].sort()).toEqual(pin && staleReasonsOf(pin, rows, NOW).sort())
      for (const reason of node.staleReasons) seen.add(reason)
    }
    expect([...seen].sort()).toEqual([...STALE_REASONS].sort())
  })

  it('include those of a key from the very moment at which it expires', async () => {
    const [expiredNow, expiresSoon] = changed
    const reasons = async (pin: Pin | undefined) =>
      (await read({ affinityKey: pin?.affinityKey })).nodes.flatMap(
        ({ staleReasons }: { staleReasons: string[] }) => staleReasons,
      )
    expect(await reasons(expiredNow)).toContain('API_KEY_EXPIRED')
    expect(await reasons(expiresSoon)).not.toContain('API_KEY_EXPIRED')
  })

  it('include those of a user who is marked as deleted', async () => {
    const owner = changed[4]
    const { nodes } = await read({ affinityKey: owner?.affinityKey })
    expect(nodes.length).toBeGreaterThan(0)
    for (const node of nodes) expect(node.staleReasons).toContain('USER_INACTIVE')
  })

  it('can be asked for together with a search and other filters', async () => {
    for (const stale of [true, false]) {
      const { data } = await service.query(
        `query ($stale: Boolean) { affinities(first: 1000, search: "an", filter: { stale: $stale, apiFormat: "CLAUDE" }) {
          nodes { affinityKey apiFormat modelId } } }`,
        { stale },
      )
      const expected = expectedPins(pins, rows, NOW, { search: 'an', filter: { stale, apiFormat: 'CLAUDE' } })
      expect(expected.length).toBeGreaterThan(0)
      expect(data.affinities.nodes.map(keyOfNode)).toEqual(expected.map(({ key }) => key))
    }
  })

  it('are up to date with the database at each request', async () => {
    const pin = pins.find((one) => staleReasonsOf(one, rows, NOW).length === 0)
    if (!pin) throw new Error('The fixtures have honourable pins.')
    const { affinityKey, apiFormat, modelId } = pin
    const countStale = async () => (await read({ stale: true, affinityKey, apiFormat, modelId })).totalCount
    expect(await countStale()).toBe(0)
    await sql(service.databaseUrl, 'UPDATE api_keys SET is_active = false WHERE id = $1', [affinityKey])
    expect(await countStale()).toBe(1)
    await sql(service.databaseUrl, 'UPDATE api_keys SET is_active = true WHERE id = $1', [affinityKey])
    expect(await countStale()).toBe(0)
  })
})
