import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import {
  conditionsOf,
  expectedPins,
  fixturePins,
  keyOfNode,
  type Pin,
  type Rows,
  readRows,
  sql,
  staleReasonsOf,
  usabilityOf,
} from './affinity-model.js'

const NOW = Date.now()
const SECOND = 1_000
const HOUR = 3_600_000
const at = (milliseconds: number) => new Date(milliseconds)

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
    await set(0, (pin) => [
      'UPDATE api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW - SECOND), pin.affinityKey],
    ])
    await set(1, (pin) => [
      'UPDATE api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW + HOUR), pin.affinityKey],
    ])
    await set(2, (pin) => [
      'UPDATE provider_api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW - SECOND), pin.providerKeyId],
    ])
    await set(3, (pin) => [
      'UPDATE provider_api_keys SET expires_at = $1 WHERE id = $2',
      [at(NOW + HOUR), pin.providerKeyId],
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
        totalCount nodes { affinityKey apiFormat modelId usability staleReasons conditions } } }`,
      { filter },
    )
    expect(errors).toEqual([])
    return data.affinities
  }

  it('are told apart from the others over all records', async () => {
    for (const stale of [true, false]) {
      const { totalCount, nodes } = await read({ stale })
      const expected = expectedPins(pins, rows, NOW, { filter: { stale } }).map(({ key }) => key)
      expect(expected.length).toBeGreaterThan(50)
      expect(totalCount).toBe(expected.length)
      expect(nodes.map(keyOfNode)).toEqual(expected)
      for (const node of nodes) expect(node.staleReasons.length > 0).toBe(stale)
    }
  })

  it('tell every reason, and what the use of the others depends on', async () => {
    const { nodes } = await read({})
    expect(nodes).toHaveLength(pins.length)
    for (const node of nodes) {
      const pin = pins.find(({ key }) => key === keyOfNode(node))
      if (!pin) throw new Error('Each record is a pin.')
      expect([...node.staleReasons].sort()).toEqual(staleReasonsOf(pin, rows, NOW).sort())
      expect([...node.conditions].sort()).toEqual(conditionsOf(pin, rows, NOW).sort())
      expect(node.usability).toBe(usabilityOf(pin, rows, NOW))
    }
  })

  it('do not include those of a provider key that has expired, or of a user who is only marked as deleted', async () => {
    for (const number of [2, 4]) {
      const { nodes } = await read({ affinityKey: changed[number]?.affinityKey })
      expect(nodes.length).toBeGreaterThan(0)
      for (const { staleReasons } of nodes) {
        expect(staleReasons).not.toContain('PROVIDER_KEY_EXPIRED')
        expect(staleReasons).not.toContain('USER_DELETED')
      }
    }
  })

  it('become usable when the time of the breaker’s next probe has come, without any change by the gateway', async () => {
    const pin = pins.find((one) => staleReasonsOf(one, rows, NOW).length === 0)
    if (!pin) throw new Error('The fixtures have honourable pins.')
    const { affinityKey, apiFormat, modelId, providerKeyId } = pin
    const openUntil = (milliseconds: number, isOpen = true) =>
      sql(
        service.databaseUrl,
        'UPDATE provider_api_keys SET next_probe_at = $1, circuit_breaker_open = $2, half_open_until = NULL WHERE id = $3',
        [at(milliseconds), isOpen, providerKeyId],
      )
    const count = async () =>
      (await read({ affinityKey, apiFormat, modelId, staleReasons: ['CIRCUIT_OPEN'] })).totalCount
    await openUntil(Date.now() + HOUR)
    expect(await count()).toBe(1)
    await openUntil(Date.now() + 300)
    await vi.waitFor(async () => expect(await count()).toBe(0), 5_000)
    await openUntil(NOW, false)
  })

  it('are selected by each verdict and each reason', async () => {
    for (const usability of ['USABLE', 'CONDITIONAL', 'STALE']) {
      const { nodes } = await read({ usability })
      expect(nodes.map(keyOfNode)).toEqual(
        expectedPins(pins, rows, NOW, { filter: { usability } }).map(({ key }) => key),
      )
    }
    const seen = new Set(pins.flatMap((pin) => staleReasonsOf(pin, rows, NOW)))
    expect(seen.size).toBeGreaterThan(10)
    for (const reason of seen) {
      const { nodes } = await read({ staleReasons: [reason] })
      expect(nodes.map(keyOfNode)).toEqual(
        expectedPins(pins, rows, NOW, { filter: { staleReasons: [reason] } }).map(({ key }) => key),
      )
    }
  })

  it('cannot be selected by an empty list of reasons', async () => {
    const { errors } = await service.query('{ affinities(filter: { staleReasons: [] }) { totalCount } }')
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
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
