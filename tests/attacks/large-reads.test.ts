/** A client that asks for much pays for what is read, shares it with others who ask the same, and waits a turn. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Affinities, AffinityEvents } from '../../src/client/generated/operations.js'
import { SERVER } from '../../src/config/variables/server.js'
import { EVENTS_AT_ONCE } from '../../src/server/limits/subscribe-in-turns.js'
import { REQUEST_COST } from '../../src/server/limits/use-rate-limit.js'
import { RUN_LIMITS } from '../../src/util/shared-runs.js'
import { sql } from '../api/affinity-model.js'
import { againAndAgain } from '../support/again-and-again.js'
import { VIEWER_TOKEN } from '../support/app.js'
import { quickTable, slowTable } from '../support/odd-table.js'
import { writePin } from '../support/pin.js'
import { subscribe } from '../support/subscribe.js'
import { type Listening, listening, startListening } from './http.js'
import { codesOf, repeat } from './support.js'

const LIMIT = 300_000
/** Different large reads that one viewer asks for at once. */
const MANY = 45
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })
/** Cost of asking what is left. */
const ASKING = REQUEST_COST + 1
const budgetOf = async (server: Listening, token?: string) =>
  JSON.parse((await server.post('{ __typename }', undefined, token)).text).extensions.cost

describe('an event of a subscription', () => {
  let server: Listening
  let apiKey = ''
  beforeAll(async () => {
    const env = { RATE_LIMIT_VIEWER: String(LIMIT) }
    server = await startListening({ redis: 'empty', env, sweepEveryMs: 50 })
    const [row] = await sql(server.service.databaseUrl, 'SELECT id FROM api_keys LIMIT 1')
    apiKey = String(row?.['id'])
    await until(async () => expect((await server.post('{ affinities { totalCount } }')).status).toBe(200))
  })
  afterAll(() => server.close())

  const pins = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        writePin(server.service.redis.client(), { affinityKey: apiKey, modelId: `m-${n}-${Math.random()}` }),
      ),
    )
  const OWN =
    'subscription { affinityEvents { type at affinity { id affinityKey modelId ttlSeconds expiresAt } } }'
  const JOINED =
    'subscription { affinityEvents { affinity { user { apiKeys { affinities(first: 100) { nodes { id } } } } } } }'

  it('costs nothing if it has only what the record holds', async () => {
    const stream = await subscribe(server.service, OWN)
    const before = await budgetOf(server)
    await pins(50)
    await until(() => expect(stream.answers()).toHaveLength(50))
    expect((await budgetOf(server)).remaining).toBe(before.remaining - ASKING)
  })

  it('costs nothing if it tells what has crossed the filter without a change', async () => {
    await writePin(server.service.redis.client(), { affinityKey: 'unused' })
    const stream = await subscribe(
      server.service,
      'subscription { affinityEvents(filter: { unusedForSeconds: 1, affinityKey: "unused" }) { type affinity { id } } }',
    )
    const before = await budgetOf(server)
    await until(() => expect(stream.answers()).toHaveLength(1))
    expect(stream.answers()[0].data.affinityEvents.type).toBe('ENTERED')
    expect((await budgetOf(server)).remaining).toBeGreaterThanOrEqual(before.remaining - ASKING)
  })

  it('is refused if it joins very much, before the stream begins', async () => {
    const stream = await subscribe(server.service, JOINED.replace('100', '1000'))
    await until(() => expect(stream.hasEnded()).toBe(true))
    expect(stream.answers()[0].errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED')
  })

  it('is charged for what it joins, whatever the filter leaves out', async () => {
    const stream = await subscribe(server.service, JOINED)
    const filtered = await subscribe(
      server.service,
      'subscription { affinityEvents(filter: { stale: false, modelId: "m" }) { type } }',
    )
    const before = (await budgetOf(server)).remaining
    await pins(5)
    await until(() => expect(stream.answers()).toHaveLength(5))
    const spent = before - (await budgetOf(server)).remaining - ASKING
    expect(spent).toBeGreaterThan(5 * 500)
    expect(filtered.answers()).toEqual([])
  })

  it('ends the streams of its viewer with RATE_LIMITED when the budget is used up, and of nobody else', async () => {
    const dear = `{ affinities(first: 1000) { nodes { ${repeat(29, (n) => `a${n}: id`)} } } }`
    await until(async () => expect((await server.post(dear)).status).toBe(429))
    const mine = await subscribe(server.service, JOINED)
    const free = await subscribe(server.service, OWN)
    const others = await subscribe(server.service, JOINED, VIEWER_TOKEN)
    await until(async () => {
      await pins(20)
      expect(mine.hasEnded()).toBe(true)
    })
    const [error] = mine.answers().at(-1).errors
    expect(error.extensions.code).toBe('RATE_LIMITED')
    expect(error.message).toMatch(/Try again in \d+ s/)
    expect(free.hasEnded()).toBe(false)
    expect(others.hasEnded()).toBe(false)
    expect(others.answers().at(-1).errors).toBeUndefined()
  }, 20_000)
})

describe('streams that join', () => {
  it('are served a few at a time, and none waits for all events of another', async () => {
    const server = await startListening({ redis: 'empty' })
    const { service } = server
    await until(async () => expect((await server.post('{ affinities { totalCount } }')).status).toBe(200))
    const [model] = await sql(service.databaseUrl, 'SELECT id FROM global_models LIMIT 1')
    await slowTable(service.databaseUrl, 'global_models', 0.1)
    const streams = await Promise.all(
      Array.from({ length: 20 }, () =>
        subscribe(service, 'subscription { affinityEvents { affinity { modelName } } }'),
      ),
    )
    const all = Array.from({ length: 4 }, (_, n) =>
      writePin(service.redis.client(), { affinityKey: `a-${n}`, modelId: String(model?.['id']) }),
    )
    await Promise.all(all)
    let most = 0
    await until(async () => {
      const busy = await sql(
        service.databaseUrl,
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
      )
      most = Math.max(most, busy.length)
      const counts = streams.map((stream) => stream.answers().length)
      // Each stream has one event under way, so that no stream is more than two events ahead of another.
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(2)
      expect(Math.min(...counts)).toBe(4)
    })
    expect(most).toBeLessThanOrEqual(EVENTS_AT_ONCE)
    expect(most).toBeGreaterThan(0)
    await server.close()
  })
})

describe('a large read', () => {
  let server: Listening
  beforeAll(async () => {
    server = await startListening({ env: { RATE_LIMIT_VIEWER: '3000000' } })
    await sql(
      server.service.databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, created_at)
       SELECT 'log-' || n, 'request_success', 'request', now() FROM generate_series(1, 20000) n`,
    )
    await sql(server.service.databaseUrl, 'ANALYZE')
    const pipeline = server.service.redis.client().pipeline()
    for (let n = 0; n < 10_000; n += 1) pipeline.set(`other:${n}`, '')
    await pipeline.exec()
    await server.post('{ modelMappingStats { totalKeys } affinities { totalCount } }')
  })
  afterAll(() => server.close())

  const price = async (query: string) =>
    JSON.parse((await server.post(query)).text).extensions.cost.requested - REQUEST_COST
  it('has the price of what is read and not of what is returned', async () => {
    expect(await price('{ auditEvents { totalCount } }')).toBeGreaterThan(20_000)
    expect(await price('{ auditEvents(first: 1, action: "none") { nodes { id } } }')).toBeGreaterThan(15_000)
  })

  it('of the sessions of pools is paid for once', async () => {
    const clear =
      'mutation { clearPoolSessions(filter: { providerId: "none" }, dryRun: true) { __typename } }'
    for (const query of ['{ poolSessions(first: 1) { totalCount } }', clear]) {
      // The number of keys is known from the first scan.
      await price(query)
      const paid = await price(query)
      expect(paid, query).toBeGreaterThan(9_000)
      expect(paid, query).toBeLessThan(18_000)
    }
  })

  it('by the filter stale runs once, however often a document has it', async () => {
    const fields = repeat(
      30,
      (n) => `a${n}: affinities(first: 1, filter: { stale: true, modelId: "m${n}" }) { totalCount }`,
    )
    const statements = await server.service.statementsOf(() =>
      Promise.all(Array.from({ length: 8 }, () => server.post(`{ ${fields} }`))),
    )
    expect(statements.length).toBeLessThanOrEqual(2 * 7)
  })

  it('waits its turn: one viewer has two at once, and more than thirty that wait are refused', async () => {
    const { databaseUrl } = server.service
    await sql(
      databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, event_metadata, created_at)
       SELECT 'ours-' || n, 'request_success', 'x via affinityql', json_build_object('action', 'nobody-' || n), now()
       FROM generate_series(0, 99) n`,
    )
    await slowTable(databaseUrl, 'audit_logs', 0.3)
    const count = (n: number, token?: string) =>
      server.service.query(
        `{ auditEvents(action: "nobody-${n}") { totalCount } }`,
        {},
        token ? { token } : {},
      )
    const asked = Array.from({ length: MANY }, (_, n) => count(n))
    let most = 0
    const stopWatching = againAndAgain(50, async () => {
      const busy = await sql(databaseUrl, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
      most = Math.max(most, busy.length)
    })
    // Somebody else's read has a place although the first viewer's wait.
    const other = await count(99, VIEWER_TOKEN)
    expect(other.status).toBe(200)
    const answers = await Promise.all(asked)
    await stopWatching()
    await quickTable(databaseUrl, 'audit_logs')
    const refused = answers.filter(({ errors }) => errors[0]?.extensions['code'] === 'RATE_LIMITED')
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThanOrEqual(MANY - RUN_LIMITS.waitingPerAsker)
    for (const { status, errors } of refused) {
      expect(status).toBe(429)
      expect(errors[0]?.message).toMatch(/wait already. Try again in \d+ s/)
    }
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(MANY - refused.length)
    expect(most).toBeLessThanOrEqual(RUN_LIMITS.atOnce)
  }, 20_000)

  it('that is larger than the budget takes half of it, and is not refused for ever', async () => {
    const small = await startListening({
      database: 'schema',
      redis: 'empty',
      env: { RATE_LIMIT_VIEWER: String(LIMIT) },
    })
    const { databaseUrl } = small.service
    await sql(
      databaseUrl,
      `INSERT INTO audit_logs (id, event_type, description, created_at)
       SELECT 'log-' || n, 'x', 'request', now() FROM generate_series(1, 1000) n`,
    )
    await sql(databaseUrl, 'ANALYZE audit_logs')
    await sql(databaseUrl, "UPDATE pg_class SET reltuples = 400000 WHERE relname = 'audit_logs'")
    const ask = () => small.post('{ auditEvents { totalCount } }')
    expect((await ask()).status).toBe(200)
    expect((await budgetOf(small)).remaining).toBeLessThan(LIMIT / 2)
    const refused = await ask()
    expect([refused.status, codesOf(refused)]).toEqual([429, ['RATE_LIMITED']])
    await small.close()
  })
})

describe('the default budget', () => {
  it('lets the command line list 100,000 affinities with every join in a minute, and watch them', async () => {
    const budget = SERVER.RATE_LIMIT_VIEWER.default
    const server = await startListening({
      database: 'schema',
      redis: 'empty',
      env: { RATE_LIMIT_VIEWER: budget },
    })
    const reply = await server.post(Affinities.text, { first: 1_000 })
    const { requested } = JSON.parse(reply.text).extensions.cost
    // A page costs the same whether or not it is full.
    expect(100 * requested).toBeLessThan(Number(budget) / 2)
    const before = (await budgetOf(server)).remaining
    const stream = await subscribe(server.service, AffinityEvents.text)
    const opened = (await budgetOf(server)).remaining
    expect(before - opened).toBeLessThan(1_000)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        writePin(server.service.redis.client(), { affinityKey: 'a', modelId: `m-${n}` }),
      ),
    )
    await until(() => expect(stream.answers()).toHaveLength(20))
    // A thousand events a second fit into the budget of a minute.
    const spent = opened - (await budgetOf(server)).remaining - ASKING
    expect((spent / 20) * 60_000).toBeLessThan(Number(budget))
    await server.close()
  })
})

describe('a walk through the model caches, of which Redis tells no changes', () => {
  let server: Listening
  beforeAll(async () => {
    server = await startListening({ env: { RATE_LIMIT_VIEWER: '3000000', AFFINITY_INDEX: 'off' } })
    const pipeline = server.service.redis.client().pipeline()
    for (let n = 0; n < 10_000; n += 1) pipeline.set(`other:${n}`, '')
    await pipeline.exec()
    // The number of keys is known from the first walk.
    await server.post('{ modelMappingStats { totalKeys } }')
  })
  afterAll(() => server.close())

  it.each(['modelMappingStats { totalKeys }', 'unmappedEntries(first: 1) { totalCount }'])(
    'has the price of what is read and not of what is returned: %s',
    async (field) => {
      const { requested } = JSON.parse((await server.post(`{ ${field} again: ${field} }`)).text).extensions
        .cost
      expect(requested).toBeGreaterThan(9_000)
      expect(requested).toBeLessThan(18_000)
    },
  )

  it('runs once for all who ask meanwhile, and each of them pays', async () => {
    const before = [await budgetOf(server), await budgetOf(server, VIEWER_TOKEN)] as const
    let walks = 0
    const monitor = await server.service.redis.client().monitor()
    onTestFinished(() => monitor.disconnect())
    monitor.on('monitor', (_time: string, [command, cursor]: readonly string[]) => {
      if (command?.toLowerCase() === 'scan' && cursor === '0') walks += 1
    })
    const ask = (token?: string) => server.post('{ modelMappingStats { totalKeys } }', undefined, token)
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, n) => ask(n % 2 ? VIEWER_TOKEN : undefined)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    // Who comes after the end of a walk starts another, and these walks are short.
    expect(walks).toBeGreaterThan(0)
    expect(walks).toBeLessThanOrEqual(8)
    expect(before[0].remaining - (await budgetOf(server)).remaining).toBeGreaterThan(8 * 9_000)
    expect(before[1].remaining - (await budgetOf(server, VIEWER_TOKEN)).remaining).toBeGreaterThan(8 * 9_000)
  })
})

it('of a cache with more keys than the budget costs half of it, so that it is not refused for ever', async () => {
  const server = await listening({ env: { RATE_LIMIT_VIEWER: '300000' }, redis: 'empty' })
  // In parts, so that Redis answers the service meanwhile.
  for (let part = 0; part < 31; part += 1) {
    await server.service.redis
      .client()
      .eval("for n = 1, 10000 do redis.call('SET', 'other:' .. ARGV[1] .. n, '') end", 0, `${part}:`)
  }
  const others = '{ modelMappingStats { totalKeys } poolSessions { totalCount } }'
  // The reads of another viewer make the size known.
  expect((await server.post(others, undefined, VIEWER_TOKEN)).status).toBe(200)
  const all = 'mutation { clearAllCache(confirm: false, dryRun: true) { __typename } }'
  const reply = await server.post(all)
  expect(reply.status, reply.text).toBe(200)
  expect(JSON.parse(reply.text).data.clearAllCache.__typename).toBe('ClearAllCachePayload')
  const { requested } = JSON.parse(reply.text).extensions.cost
  expect(requested).toBeGreaterThanOrEqual(150_000)
  expect(requested).toBeLessThan(160_000)
})
