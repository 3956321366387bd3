import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { startTestApp, type TestApp, type TestAppOptions } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { subscribe } from '../support/subscribe.js'
import { sql } from './affinity-model.js'

const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })

const start = async (options: TestAppOptions = {}) => {
  const service = await startTestApp({ redis: 'empty', ...options })
  onTestFinished(() => service.close())
  return service
}

const pin = ({ redis }: TestApp, affinityKey: string) => writePin(redis.client(), { affinityKey })

const codeOf = (answer: { errors?: { extensions: { code: string } }[] } | undefined) =>
  answer?.errors?.[0]?.extensions.code

describe('affinityEvents', () => {
  it('end in an error when changes are not seen any more, after those that were', async () => {
    const service = await start()
    // A first read that a busy machine lets time out would end the stream as well.
    await until(async () => expect((await service.query('{ affinities { totalCount } }')).errors).toEqual([]))
    const stream = await subscribe(service)
    await pin(service, 'before')
    await until(() => expect(stream.answers()).toHaveLength(1))
    await service.redis.kill()
    await until(() => expect(stream.hasEnded()).toBe(true))
    const [event, end, ...more] = stream.answers()
    expect(event.data.affinityEvents).toEqual({ type: 'CREATED', affinity: { affinityKey: 'before' } })
    expect(codeOf(end)).toBe('CACHE_UNAVAILABLE')
    expect(end.errors[0].message).toContain('listen again')
    expect(more).toEqual([])
  })

  it('have their fields in the order of the query, whichever is known first', async () => {
    const service = await start()
    const stream = await subscribe(
      service,
      'subscription { affinityEvents { affinity { staleReasons user { id } modelName apiFormat } at type } }',
    )
    await until(async () => {
      await pin(service, `pinned-${Date.now()}`)
      expect(stream.answers()).not.toEqual([])
    })
    const { affinityEvents: event } = stream.answers()[0].data
    expect(Object.keys(event)).toEqual(['affinity', 'at', 'type'])
    expect(Object.keys(event.affinity)).toEqual(['staleReasons', 'user', 'modelName', 'apiFormat'])
  })

  it('tell whoever watches a provider that a pin has left it, and whoever watches the other that it came', async () => {
    const service = await start()
    const fields = `type previousProviderId previousProvider { id name } previousProviderKeyId previousProviderKey { id }
      affinity { providerId }`
    const watch = (filter: string) =>
      subscribe(service, `subscription { affinityEvents${filter} { ${fields} } }`)
    const [left, entered, all, other] = [
      await watch(`(filter: { providerId: "${ANTHROPIC}" })`),
      await watch('(filter: { providerId: "elsewhere" })'),
      await watch(''),
      await watch('(filter: { providerId: "nobody" })'),
    ]
    const redis = service.redis.client()
    await until(async () => {
      await writePin(redis, { affinityKey: `first-${Date.now()}`, providerId: ANTHROPIC })
      for (const stream of [left, all]) expect(stream.answers()).not.toEqual([])
    })
    await writePin(redis, { affinityKey: 'moves', providerId: ANTHROPIC })
    await until(async () =>
      expect(
        (await service.query('{ affinities(search: "moves") { totalCount } }')).data.affinities.totalCount,
      ).toBe(1),
    )
    await writePin(redis, { affinityKey: 'moves', providerId: 'elsewhere', requestCount: 2 })
    await until(() => expect(entered.answers()).not.toEqual([]))
    await until(() => expect(left.answers().at(-1).data.affinityEvents.type).toBe('LEFT'))
    const was = {
      previousProviderId: ANTHROPIC,
      previousProvider: { id: ANTHROPIC, name: expect.any(String) },
      previousProviderKeyId: 'k',
      previousProviderKey: null,
      affinity: { providerId: 'elsewhere' },
    }
    expect(left.answers().at(-1).data.affinityEvents).toEqual({ type: 'LEFT', ...was })
    expect(entered.answers().map(({ data }) => data.affinityEvents)).toEqual([{ type: 'ENTERED', ...was }])
    await until(() => expect(all.answers().at(-1).data.affinityEvents).toEqual({ type: 'SWITCHED', ...was }))
    expect(other.answers()).toEqual([])
  })

  it('tell that a use has taken a pin out of what is seldom used', async () => {
    const service = await start()
    const select =
      'subscription { affinityEvents(filter: { requestCountMax: 5 }) { type previousProviderId } }'
    const stream = await subscribe(service, select)
    await until(async () => {
      await pin(service, `pinned-${Date.now()}`)
      expect(stream.answers()).not.toEqual([])
    })
    const redis = service.redis.client()
    await pin(service, 'used')
    // An answer of a list is as new as the cache: the next change of the pin is one of its own.
    expect(
      (await service.query('{ affinities(search: "used") { totalCount } }')).data.affinities.totalCount,
    ).toBe(1)
    const key = 'cache_affinity:used:CLAUDE:model'
    const value = JSON.parse((await redis.get(key)) ?? '')
    await redis.set(key, JSON.stringify({ ...value, request_count: 6 }), 'EX', 300)
    await until(() =>
      expect(stream.answers().at(-1).data.affinityEvents).toEqual({ type: 'LEFT', previousProviderId: null }),
    )
  })

  it('are chosen by times, counts and last use', async () => {
    const service = await start()
    const select = (filter: string) =>
      subscribe(
        service,
        `subscription { affinityEvents(filter: ${filter}) { affinity { affinityKey lastUsedAt } } }`,
      )
    const now = new Date().toISOString()
    const [late, early] = [
      await select(`{ expiresAfter: "${now}" }`),
      await select(`{ expiresBefore: "${now}" }`),
    ]
    const [used, unused] = [
      await select('{ unusedForSeconds: 0 }'),
      await select('{ unusedForSeconds: 86400 }'),
    ]
    const [few, many] = [
      await select('{ requestCountMin: 0 }'),
      await select('{ requestCountMin: 2147483647 }'),
    ]
    await until(async () => {
      await pin(service, `pinned-${Date.now()}`)
      for (const matching of [late, used, few]) expect(matching.answers()).not.toEqual([])
    })
    for (const { data } of used.answers()) {
      expect(Date.parse(data.affinityEvents.affinity.lastUsedAt)).toBeLessThanOrEqual(Date.now())
    }
    for (const none of [early, unused, many]) expect(none.answers()).toEqual([])
  })

  it('are chosen by several values of a field', async () => {
    const service = await start()
    const users = await sql(service.databaseUrl, 'SELECT id FROM users')
    const keys = await sql(
      service.databaseUrl,
      'SELECT id FROM api_keys WHERE user_id IS NOT NULL ORDER BY id LIMIT 1',
    )
    const select = (filter: string) =>
      subscribe(service, `subscription { affinityEvents(filter: ${filter}) { affinity { affinityKey } } }`)
    const key = String(keys[0]?.id)
    const owned = await select(`{ userIds: ${JSON.stringify(users.map(({ id }) => id))} }`)
    const named = await select(`{ affinityKeys: ["nobody", "${key}"] }`)
    const none = await select(`{ userIds: ["nobody"], affinityKeys: ["${key}"] }`)
    await until(async () => {
      await pin(service, key)
      for (const stream of [owned, named]) expect(stream.answers()).not.toEqual([])
    })
    expect(none.answers()).toEqual([])
  })

  it('are chosen by what the scheduler would do with the pin now', async () => {
    const service = await start()
    const select = (filter: string) =>
      subscribe(
        service,
        `subscription { affinityEvents(filter: ${filter}) { affinity { affinityKey usability } } }`,
      )
    const deleted = await select('{ staleReasons: [API_KEY_DELETED] }')
    const stale = await select('{ stale: true, usability: STALE }')
    const usable = await select('{ stale: false }')
    await until(async () => {
      await pin(service, `pinned-${Date.now()}`)
      expect(deleted.answers()).not.toEqual([])
      expect(stale.answers()).not.toEqual([])
    })
    for (const { data } of [...deleted.answers(), ...stale.answers()]) {
      expect(data.affinityEvents.affinity.usability).toBe('STALE')
    }
    expect(usable.answers()).toEqual([])
  })

  it('are refused while changes are not seen, and given again afterwards', async () => {
    const service = await start()
    service.redis.pause()
    const isFollowed = async () =>
      (await service.query('{ affinities(first: 1) { totalCount } }')).errors.length === 0
    await until(async () => expect(await isFollowed()).toBe(false))
    const refused = await subscribe(service)
    await until(() => expect(codeOf(refused.answers()[0])).toBe('CACHE_UNAVAILABLE'))
    expect(refused.answers()).toHaveLength(1)

    service.redis.resume()
    await until(async () => expect(await isFollowed()).toBe(true))
    const stream = await subscribe(service)
    await until(async () => {
      await pin(service, `after-${Date.now()}`)
      expect(stream.answers()[0]?.data?.affinityEvents.type).toBe('CREATED')
    })
  })

  it('are refused if the cache is only scanned, since no change is seen then', async () => {
    const service = await start({ env: { AFFINITY_INDEX: 'off' } })
    const stream = await subscribe(service)
    await until(() => expect(stream.hasEnded()).toBe(true))
    expect(codeOf(stream.answers()[0])).toBe('CACHE_UNAVAILABLE')
    expect(stream.answers()[0].errors[0].message).toContain('AFFINITY_INDEX')
  })

  it('do not count towards the limit of subscriptions if they are refused', async () => {
    const service = await start({ env: { AFFINITY_INDEX: 'off' } })
    for (let n = 0; n <= STREAM_LIMITS.perViewer; n += 1) {
      const stream = await subscribe(service)
      await until(() => expect(stream.hasEnded()).toBe(true))
      expect(codeOf(stream.answers()[0])).toBe('CACHE_UNAVAILABLE')
    }
  })
})

describe('a subscription that goes on', () => {
  it('shows the rows of the database as they have become', async () => {
    const service = await start()
    const rename = (name: string) =>
      sql(service.databaseUrl, 'UPDATE providers SET display_name = $1 WHERE id = $2', [name, ANTHROPIC])
    await rename('Before')
    const stream = await subscribe(
      service,
      'subscription { affinityEvents { affinity { provider { displayName } } } }',
    )
    const shown = async () => {
      await writePin(service.redis.client(), { affinityKey: `a-${Date.now()}`, providerId: ANTHROPIC })
      return stream.answers().at(-1)?.data.affinityEvents.affinity.provider.displayName
    }
    await until(async () => expect(await shown()).toBe('Before'))
    await rename('After')
    await until(async () => expect(await shown()).toBe('After'))
  })

  it.each(['on', 'off'])('counts what is there now, with AFFINITY_INDEX=%s', async (index) => {
    const service = await start({ env: { AFFINITY_INDEX: index } })
    const stream = await subscribe(
      service,
      'subscription { cacheStats(intervalSeconds: 1) { totalAffinities } }',
    )
    const counted = () => stream.answers().at(-1)?.data.cacheStats.totalAffinities
    await until(() => expect(counted()).toBe(0))
    await pin(service, 'a')
    await until(() => expect(counted()).toBe(1))
  })
})

describe('affinityEvents of one user', () => {
  const makeKey = ({ databaseUrl }: TestApp, id: string, userId: string) =>
    sql(
      databaseUrl,
      `INSERT INTO api_keys SELECT (jsonb_populate_record(k,
         jsonb_build_object('id', $1::text, 'user_id', $2::text, 'key_hash', $1::text))).* FROM api_keys k LIMIT 1`,
      [id, userId],
    )
  const ofUser = (userId: string, more = '') =>
    `subscription { affinityEvents(filter: { userId: "${userId}"${more} }) { affinity { affinityKey } } }`
  const keysOf = (answers: readonly { data: { affinityEvents: { affinity: { affinityKey: string } } } }[]) =>
    answers.map(({ data }) => data.affinityEvents.affinity.affinityKey)

  async function twoUsers(service: TestApp): Promise<readonly [string, string]> {
    const [one, other] = await sql(service.databaseUrl, 'SELECT id FROM users ORDER BY id LIMIT 2')
    return [String(one?.id), String(other?.id)]
  }

  it('are told of API keys that are made later, at their first use, and of nobody else’s', async () => {
    const service = await start()
    const [user, other] = await twoUsers(service)
    await makeKey(service, 'early', user)
    const stream = await subscribe(service, ofUser(user))
    await pin(service, 'early')
    await until(() => expect(keysOf(stream.answers())).toEqual(['early']))
    // The stream has just read its rows, so that the new keys are used when these are as old as possible.
    await makeKey(service, 'foreign', other)
    await makeKey(service, 'late', user)
    for (const key of ['foreign', 'late', 'of-nobody']) await pin(service, key)
    await until(() => expect(keysOf(stream.answers())).toEqual(['early', 'late']))
    // An API key still belongs to its user for the event of its record, even if its row has been deleted.
    await sql(service.databaseUrl, "DELETE FROM api_keys WHERE id IN ('early', 'late')")
    const gateway = service.redis.client()
    for (const key of ['foreign', 'early', 'late']) await gateway.del(`cache_affinity:${key}:CLAUDE:model`)
    await until(() => expect(keysOf(stream.answers())).toEqual(['early', 'late', 'early', 'late']))
  })

  it('hold beside the filter’s other fields', async () => {
    const service = await start()
    const [user] = await twoUsers(service)
    const stream = await subscribe(service, ofUser(user, ', affinityKey: "late"'))
    await makeKey(service, 'late', user)
    await makeKey(service, 'also-late', user)
    for (const key of ['also-late', 'late']) await pin(service, key)
    await until(() => expect(keysOf(stream.answers())).toEqual(['late']))
  })

  it('ask the database once for all keys that change together, and for none a second time', async () => {
    const service = await start()
    const [user, other] = await twoUsers(service)
    const stream = await subscribe(service, ofUser(user))
    await makeKey(service, 'mine', user)
    const ids = Array.from({ length: 40 }, (_, n) => `foreign-${n}`)
    for (const id of ids) await makeKey(service, id, other)
    const use = async (count: number) => {
      const before = stream.answers().length
      const pipeline = service.redis.client().pipeline()
      for (const id of [...ids, 'mine']) void writePin(pipeline, { affinityKey: id, requestCount: count })
      await pipeline.exec()
      await until(() => expect(stream.answers().length).toBeGreaterThan(before))
    }
    const first = await service.statementsOf(() => use(1))
    expect(first.filter((text) => text.includes('api_keys')).length).toBeLessThan(10)
    // The events of some may still be on their way. Were any asked for at each use, there would be no use without a statement.
    let round = 1
    await until(async () => {
      round += 1
      const again = await service.statementsOf(() => use(round))
      expect(again.filter((text) => text.includes('api_keys'))).toEqual([])
    })
    expect(new Set(keysOf(stream.answers()))).toEqual(new Set(['mine']))
  })
})
