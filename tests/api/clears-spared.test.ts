/** A clear by verdict judges by rows that it reads just before it removes, while rows and pins change. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import type { OpenGateway } from '../../src/gateway/gateway.js'
import { startTestApp } from '../support/app.js'
import { sql } from './affinity-model.js'

const CLEAR = `mutation ($filter: AffinityFilter!, $dryRun: Boolean! = false) { result: clearAffinities(filter: $filter, dryRun: $dryRun) {
  __typename ... on ClearAffinitiesPayload { clearedCount sparedCount auditEvent { metadata } } } }`
const PINS = '{ affinities(first: 1000) { nodes { id usability staleReasons affinityKey } } }'

/** The service, with a database in which something may happen before each time that pins are judged. */
async function start() {
  const acts: (() => Promise<unknown>)[] = []
  const openGateway: OpenGateway = (...given) => {
    const gateway = createAetherGateway(...given)
    return {
      ...gateway,
      store: {
        ...gateway.store,
        judge: async (ids) => {
          await acts.shift()?.()
          return gateway.store.judge(ids)
        },
      },
    }
  }
  const service = await startTestApp({ openGateway, env: { CLEAR_GUARD_SECONDS: '1' } })
  onTestFinished(service.close)
  const client = service.redis.client()
  const pins = async (): Promise<
    { id: string; usability: string; staleReasons: string[]; affinityKey: string }[]
  > => (await service.query(PINS)).data.affinities.nodes
  await Promise.all((await client.keys('cache_affinity:*')).map((key) => client.expire(key, 3_600)))
  return { service, acts, client, pins }
}

const NOTHING = async () => {}

describe('clearAffinities by verdict', () => {
  it('spares what a row made usable after it was chosen, and what was pinned elsewhere, and says so in its audit event', async () => {
    const { service, acts, client, pins } = await start()
    const inactive = (is: boolean, id: string) =>
      sql(service.databaseUrl, 'UPDATE api_keys SET is_active = $1 WHERE id = $2', [!is, id])
    const usable = (await pins()).filter(({ usability }) => usability === 'USABLE')
    const [freed, moved] = [...new Set(usable.map(({ affinityKey }) => affinityKey))]
    if (freed === undefined || moved === undefined) throw new Error('The fixtures have usable pins.')
    await inactive(true, freed)
    await inactive(true, moved)
    const chosen = (await pins()).filter(({ staleReasons }) => staleReasons.includes('API_KEY_INACTIVE'))
    const ofFreed = chosen.filter(({ affinityKey }) => affinityKey === freed).length
    const ofMoved = chosen.filter(({ affinityKey }) => affinityKey === moved).length
    expect(Math.min(ofFreed, ofMoved)).toBeGreaterThan(0)

    acts.push(NOTHING, async () => {
      await inactive(false, freed)
      for (const key of await client.keys(`cache_affinity:${moved}:*`)) {
        const value = JSON.parse((await client.get(key)) ?? '')
        await client.set(key, JSON.stringify({ ...value, key_id: 'elsewhere' }), 'KEEPTTL')
      }
    })
    const { data } = await service.query(CLEAR, { filter: { staleReasons: ['API_KEY_INACTIVE'] } })
    expect(acts).toEqual([])
    const sparedCount = ofFreed + ofMoved
    expect(data.result).toMatchObject({ clearedCount: chosen.length - sparedCount, sparedCount })
    expect(data.result.auditEvent.metadata.result).toMatchObject({ sparedCount })
    const left = await pins()
    expect(left.filter(({ affinityKey }) => affinityKey === freed)).toHaveLength(ofFreed)
    expect(left.filter(({ affinityKey }) => affinityKey === moved)).toHaveLength(ofMoved)
  })

  it('spares nothing where nothing changes, nor in a dry run', async () => {
    const { service, pins } = await start()
    const stale = (await pins()).filter(({ usability }) => usability === 'STALE').length
    const dry = await service.query(CLEAR, { filter: { stale: true }, dryRun: true })
    expect(dry.data.result).toMatchObject({ clearedCount: stale, sparedCount: 0 })
    const { data } = await service.query(CLEAR, { filter: { stale: true } })
    expect(data.result).toMatchObject({ clearedCount: stale, sparedCount: 0 })
    expect((await pins()).filter(({ usability }) => usability === 'STALE')).toEqual([])
  })

  it('by other filters counts no pin that still matches', async () => {
    const { service, pins } = await start()
    const [first] = await pins()
    const { data } = await service.query(CLEAR, { filter: { affinityKey: first?.affinityKey } })
    expect(data.result).toMatchObject({ __typename: 'ClearAffinitiesPayload', sparedCount: 0 })
  })
})
