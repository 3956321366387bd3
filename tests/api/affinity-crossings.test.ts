/** What crosses the filter of a subscription while its record stays as it is: by a row of the database, or by time. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { subscribe } from '../support/subscribe.js'
import { sql } from './affinity-model.js'

const SWEEP_EVERY_MS = 50
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })
const readsVerdicts = (statement: string) => statement.includes('json_build_array')

let service: TestApp
let provider = ''
beforeAll(async () => {
  service = await startTestApp({ sweepEveryMs: SWEEP_EVERY_MS })
  const { data } = await service.query(
    '{ affinities(first: 1, filter: { usability: USABLE }) { nodes { providerId } } }',
  )
  provider = data.affinities.nodes[0].providerId
})
afterAll(() => service.close())

const watch = (filter: string, fields = 'type at previousProviderId affinity { id staleReasons }') =>
  subscribe(service, `subscription { affinityEvents(filter: { ${filter} }) { ${fields} } }`)
type Watched = Awaited<ReturnType<typeof watch>>
const told = (stream: Watched) => stream.answers().map(({ data }) => data.affinityEvents)
const idsOf = (events: readonly { type: string; affinity: { id: string } }[], type: string) =>
  events
    .filter((event) => event.type === type)
    .map(({ affinity }) => affinity.id)
    .sort()
const listed = async (filter: string): Promise<string[]> => {
  const { data } = await service.query(`{ affinities(first: 1000, filter: { ${filter} }) { nodes { id } } }`)
  return data.affinities.nodes.map(({ id }: { id: string }) => id).sort()
}
const turn = (isOn: boolean) =>
  sql(service.databaseUrl, 'UPDATE providers SET is_active = $1 WHERE id = $2', [isOn, provider])
/** Runs the test while the provider is off. */
async function whileOff(run: () => Promise<void>) {
  await turn(false)
  await run().finally(() => turn(true))
}

describe('a provider that is switched off in the database', () => {
  it('takes its affinities out of what is usable and into what is stale, and back again', async () => {
    const usable = await listed('stale: false')
    const gone = await listed(`stale: false, providerId: "${provider}"`)
    expect(gone).not.toEqual([])
    expect(gone).not.toEqual(usable)
    const [fresh, stale, twin] = [
      await watch('stale: false'),
      await watch('stale: true'),
      await watch('stale: true'),
    ]
    const elsewhere = await watch('stale: true, providerId: "elsewhere"')
    await whileOff(async () => {
      await until(() => expect(idsOf(told(fresh), 'LEFT')).toEqual(gone))
      await until(() => expect(idsOf(told(stale), 'ENTERED')).toEqual(gone))
      for (const { previousProviderId, affinity } of told(stale)) {
        expect(previousProviderId).toBeNull()
        expect(affinity.staleReasons).toContain('PROVIDER_INACTIVE')
      }
    })
    await until(() => expect(idsOf(told(fresh), 'ENTERED')).toEqual(gone))
    await until(() => expect(idsOf(told(stale), 'LEFT')).toEqual(gone))
    for (const type of ['ENTERED', 'LEFT']) await until(() => expect(idsOf(told(twin), type)).toEqual(gone))
    for (const stream of [fresh, stale]) expect(told(stream)).toHaveLength(2 * gone.length)
    expect(told(elsewhere)).toEqual([])
  })

  it('is told of one user’s affinities to whoever watches that user', async () => {
    const { data } = await service.query(
      `{ affinities(first: 100, filter: { stale: false, providerId: "${provider}" }) { nodes { id user { id } } } }`,
    )
    const [{ user }] = data.affinities.nodes
    const own = await listed(`stale: false, providerId: "${provider}", userId: "${user.id}"`)
    const stream = await watch(`stale: false, userId: "${user.id}"`)
    const nobodys = await watch('stale: false, userId: "nobody"')
    await whileOff(() => until(() => expect(idsOf(told(stream), 'LEFT')).toEqual(own)))
    await until(() => expect(idsOf(told(stream), 'ENTERED')).toEqual(own))
    expect(told(nobodys)).toEqual([])
  })

  it('is told 1,000 affinities at a time, without a scan of the cache', async () => {
    const client = service.redis.client()
    const pipeline = client.pipeline()
    for (let n = 0; n < 1_500; n += 1) {
      void writePin(pipeline, { affinityKey: 'nobody', modelId: `m-${n}`, providerId: provider })
    }
    await pipeline.exec()
    const filter = 'staleReasons: [PROVIDER_INACTIVE], affinityKey: "nobody"'
    await until(async () =>
      expect(
        (await service.query('{ affinities(first: 1, filter: { affinityKey: "nobody" }) { totalCount } }'))
          .data.affinities.totalCount,
      ).toBe(1_500),
    )
    const stream = await watch(filter, 'type at affinity { id }')
    // A scan reads what it finds with MGET.
    const reads = async () => /cmdstat_mget:calls=\d+/.exec(await client.info('commandstats'))?.[0]
    const before = await reads()
    await whileOff(() => until(() => expect(told(stream)).toHaveLength(1_500)))
    expect(await reads()).toEqual(before)
    expect(new Set(told(stream).map(({ type }) => type))).toEqual(new Set(['ENTERED']))
    expect(new Set(told(stream).map(({ affinity }) => affinity.id)).size).toBe(1_500)
    const times: string[] = told(stream).map(({ at }) => at)
    const [first, rest] = new Set(times)
    expect(times).toEqual([...Array(1_000).fill(first), ...Array(500).fill(rest)])
  })
})

describe('time that passes', () => {
  it('takes a pin into what is unused, and its next use takes it out', async () => {
    const client = service.redis.client()
    const stream = await watch('unusedForSeconds: 1, affinityKey: "pauses"')
    const key = 'cache_affinity:pauses:CLAUDE:model'
    const types = () => told(stream).map(({ type }) => type)
    await writePin(client, { affinityKey: 'pauses' })
    await until(() => expect(types()).toEqual(['ENTERED']))
    const used = {
      ...JSON.parse((await client.get(key)) ?? ''),
      expire_at: Date.now() / 1_000 + 300,
      request_count: 2,
    }
    await client.set(key, JSON.stringify(used), 'EX', 300)
    await until(() => expect(types().slice(0, 2)).toEqual(['ENTERED', 'LEFT']))
  })
})

describe('a removal', () => {
  it('is told to whoever was told the affinity, though its filter does not hold any more', async () => {
    await writePin(service.redis.client(), { affinityKey: 'goes', providerId: provider })
    const stream = await watch('staleReasons: [PROVIDER_INACTIVE], affinityKey: "goes"')
    await whileOff(() => until(() => expect(told(stream)).toHaveLength(1)))
    await service.redis.client().del('cache_affinity:goes:CLAUDE:model')
    await until(() => expect(['LEFT', 'REMOVED']).toContain(told(stream).at(-1).type))
    expect(told(stream)).toHaveLength(2)
  })
})

describe('rows', () => {
  it('are read for nobody who watches what does not move, nor after the streams of what does have ended', async () => {
    const fixed = await watch('providerId: "p", requestCountMin: 2')
    const sweeps = (count: number) =>
      until(async () => {
        for (let n = 0; n < count; n += 1) await service.query('{ __typename }')
      })
    const reads = async (run: () => Promise<unknown>) =>
      (await service.statementsOf(run)).filter(readsVerdicts).length
    expect(await reads(() => sweeps(50))).toBe(0)
    expect(fixed.hasEnded()).toBe(false)
  })
})
