import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Context } from '../../src/context.js'
import { UnavailableError } from '../../src/errors.js'
import { standingWarnings } from '../../src/resolvers/clear-warnings.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { jsonlOf, loadGeneration } from '../support/generations.js'
import { psql } from '../support/servers/postgres.js'
import { untilShown } from './shown.js'

/** Beside the tables and the keys that a Python gateway of the second generation left. */
let service: TestApp
const SESSIONS = jsonlOf('provider-keys').flatMap(({ key, value }) => {
  const [ap, providerId = '', sticky] = key.split(':')
  return ap === 'ap' && sticky === 'sticky' && value !== undefined ? [{ key, providerId, value }] : []
})
const [session = { key: '', providerId: '', value: '' }] = SESSIONS
const POOL = session.providerId
const count = (test: (one: typeof session) => boolean) => SESSIONS.filter(test).length
const inDatabase = (sql: string) => psql(service.databaseUrl, sql)
const mode = (value: string) =>
  inDatabase(
    `DELETE FROM system_configs WHERE key = 'scheduling_mode';
     INSERT INTO system_configs (id, key, value) VALUES ('mode', 'scheduling_mode', '"${value}"')`,
  )

interface Warning {
  readonly code: string
  readonly message: string
}

/** The warnings of a clear, which must be those of its dry run as well, without what only traffic decides. */
async function warningsOf(mutation: string): Promise<Warning[]> {
  const ask = async (dryRun: boolean) => {
    const document = `mutation { result: ${mutation.replace(/\)$/, `, dryRun: ${dryRun})`)} {
      ... on ClearPayload { warnings { code message } auditEvent { metadata } } ... on Error { code message } } }`
    const { data, errors } = await service.query(document)
    expect(errors).toEqual([])
    return data.result
  }
  const dry = await ask(true)
  const done = await ask(false)
  const standing = (warnings: readonly Warning[]) => warnings.filter(({ code }) => code !== 'MAY_RETURN')
  expect(standing(dry.warnings)).toEqual(standing(done.warnings))
  const codes = done.warnings.map(({ code }: Warning) => code)
  expect(done.auditEvent.metadata.result.warnings ?? []).toEqual(codes)
  return standing(done.warnings)
}
const codesOf = async (mutation: string) => (await warningsOf(mutation)).map(({ code }) => code)

beforeAll(async () => {
  service = await startTestApp({
    database: 'provider-keys',
    redis: 'empty',
    env: { CLEAR_GUARD_SECONDS: '0' },
  })
})
beforeEach(async () => {
  await service.redis.client().flushall()
  await loadGeneration(service.redis.client(), 'provider-keys')
  await untilShown(service)
})
afterAll(() => service.close())

describe('sessions of a pool that still lead to what was cleared', () => {
  it('are counted, and the clear for them is named, which then clears exactly those', async () => {
    const warnings = await warningsOf(`clearProviderCache(providerId: "${POOL}")`)
    const remaining = count(({ providerId }) => providerId === POOL)
    const warning = warnings.find(({ code }) => code === 'POOL_SESSIONS_REMAIN')
    expect(warning?.message).toMatch(new RegExp(`^${remaining} pool sessions still lead there`))
    const [named = ''] = /clearPoolSessions\(filter: \{.*\}\)/.exec(warning?.message ?? '') ?? []
    const { data } = await service.query(`mutation { ${named} { ... on ClearPayload { clearedCount } } }`)
    expect(data.clearPoolSessions.clearedCount).toBe(remaining)
    expect(await codesOf(`clearProviderCache(providerId: "${POOL}")`)).toEqual(['STILL_ACTIVE'])
  })

  it('are those of the provider key that a filter names', async () => {
    const { value: providerKeyId } = session
    const warnings = await warningsOf(
      `clearAffinities(filter: {providerKeyId: "${providerKeyId}", apiFormat: "x"})`,
    )
    const warning = warnings.find(({ code }) => code === 'POOL_SESSIONS_REMAIN')
    const remaining = count(({ value }) => value === providerKeyId)
    expect(warning?.message).toMatch(new RegExp(`^${remaining} pool sessions? still leads? there`))
    expect(warning?.message).toContain(`clearPoolSessions(filter: {providerKeyId: "${providerKeyId}"})`)
    expect(warning?.message).toContain(`affinityql pool-sessions clear --provider-key "${providerKeyId}"`)
  })

  it('show no token, in no answer, audit event or log line', async () => {
    await warningsOf(`clearProviderCache(providerId: "${POOL}")`)
    const { data } = await service.query('{ auditEvents(first: 5) { nodes { metadata } } }')
    const told = JSON.stringify([data, service.logs])
    for (const { key } of SESSIONS) expect(told).not.toContain(key.split(':').slice(3).join(':'))
  })

  it('are not told where none are left, nor by a clear that names no target', async () => {
    const [provider] = (
      await service.query('{ affinities(first: 100) { nodes { provider { id } } } }')
    ).data.affinities.nodes
      .map((node: { provider: { id: string } }) => node.provider.id)
      .filter((id: string) => count(({ providerId }) => providerId === id) === 0)
    expect(await codesOf(`clearProviderCache(providerId: "${provider}")`)).toEqual(['STILL_ACTIVE'])
    expect(await codesOf('clearUserCache(identifier: "alice")')).toEqual([])
    expect(await codesOf('clearAllCache(confirm: true)')).toEqual([])
  })
})

describe('a target that is still switched on', () => {
  it('is named with its id; one that is switched off or gone is not', async () => {
    await service.redis.client().flushall()
    const clear = `clearProviderCache(providerId: "${POOL}")`
    const [warning] = await warningsOf(clear)
    expect(warning).toMatchObject({ code: 'STILL_ACTIVE' })
    expect(warning?.message).toContain(POOL)
    const filter = `clearAffinities(filter: {providerId: "${POOL}", providerKeyId: "${session.value}"})`
    const [both] = await warningsOf(filter)
    expect(both?.message).toMatch(/^Provider .* and provider key .* are still switched on/)

    await inDatabase(`UPDATE providers SET is_active = false WHERE id = '${POOL}'`)
    expect(await codesOf(clear)).toEqual([])
    // One part that is switched off is enough.
    expect(await codesOf(filter)).toEqual([])
    await inDatabase(`UPDATE providers SET is_active = true WHERE id = '${POOL}'`)
    expect(await codesOf('clearProviderCache(providerId: "gone")')).toEqual([])
  })

  it('is a provider, an endpoint, a provider key or a model, and no user or API key', async () => {
    const { data } = await service.query(
      '{ affinities(first: 1) { nodes { affinityKey providerId endpointId providerKeyId modelId user { id } model { id name } } } }',
    )
    const { affinityKey, providerId, endpointId, providerKeyId, modelId, user, model } =
      data.affinities.nodes[0]
    const messageOf = async (filter: string) => {
      await service.redis.client().del(SESSIONS.map(({ key }) => key))
      const warnings = await warningsOf(`clearAffinities(filter: {${filter}})`)
      expect(warnings.map(({ code }) => code)).toEqual(['STILL_ACTIVE'])
      return warnings[0]?.message
    }
    expect(await messageOf(`providerId: "${providerId}"`)).toContain('switch the provider off')
    expect(await messageOf(`endpointId: "${endpointId}"`)).toContain('switch the endpoint off')
    expect(await messageOf(`providerKeyIds: ["${providerKeyId}"]`)).toContain('switch the provider key off')
    for (const filter of [
      `modelId: "${modelId}"`,
      `modelIds: ["${modelId}"]`,
      `globalModelId: "${model.id}"`,
    ]) {
      const message = await messageOf(filter)
      expect(message).toMatch(/^Model /)
      for (const part of [model.name, model.id, 'switch the model off']) expect(message).toContain(part)
    }
    await inDatabase(`UPDATE global_models SET is_active = false WHERE id = '${model.id}'`)
    for (const field of [
      `affinityKey: "${affinityKey}"`,
      `userId: "${user.id}"`,
      `modelId: "${modelId}"`,
      `modelId: "${modelId}", endpointId: "${endpointId}"`,
      'stale: true',
    ]) {
      expect(await codesOf(`clearAffinities(filter: {${field}})`)).toEqual([])
    }
    await inDatabase(`UPDATE global_models SET is_active = true WHERE id = '${model.id}'`)
  })
})

it('a scheduling mode that ignores pins is told by each clear of affinities', async () => {
  await mode('fixed_order')
  const { data } = await service.query(
    '{ affinities(first: 1) { nodes { affinityKey endpointId modelId apiFormat } } }',
  )
  const { affinityKey, endpointId, modelId, apiFormat } = data.affinities.nodes[0]
  const pin = `affinityKey: "${affinityKey}", endpointId: "${endpointId}", modelId: "${modelId}", apiFormat: "${apiFormat}"`
  const [warning] = await warningsOf(`clearSingleAffinity(${pin})`)
  expect(warning).toMatchObject({ code: 'PINS_NOT_HONOURED' })
  expect(warning?.message).toContain('(fixed_order)')
  for (const clear of [
    'clearUserCache(identifier: "alice")',
    'clearAffinities(filter: {apiFormat: "claude:chat"})',
    'clearAllCache(confirm: true)',
  ]) {
    expect(await codesOf(clear)).toEqual(['PINS_NOT_HONOURED'])
  }
  await mode('cache_affinity')
  expect(await codesOf('clearUserCache(identifier: "alice")')).toEqual([])
})

it('sessions that cannot be counted are said to be unknown, which no clear fails for', async () => {
  const context = {
    loaders: {
      schedulingModes: () => Promise.reject(new Error('the database is away')),
      providers: { load: () => Promise.reject(new Error('the database is away')) },
    },
    gatewayTraits: () => ({ hasPoolSessions: true }),
    poolSessions: () => Promise.reject(new UnavailableError('CACHE_UNAVAILABLE', 'There are too many.')),
  } as unknown as Context
  expect(await standingWarnings({ providerId: new Set(['p']) }, context)).toEqual([
    {
      code: 'POOL_SESSIONS_REMAIN',
      message: expect.stringMatching(/could not be counted: There are too many\. clearPoolSessions/),
    },
  ])
})
