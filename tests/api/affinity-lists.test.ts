/** Chosen affinities: by ids, and by several values of a field. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApp, type TestApp } from '../support/app.js'
import { fixturePins, idOf } from './affinity-model.js'
import { MODES, untilShown } from './shown.js'

const NOW = Date.now()
const pins = fixturePins(NOW)
const [one, two, three] = pins
if (!one || !two || !three) throw new Error('The fixtures have affinities.')

const CLEAR = `
  mutation ($filter: AffinityFilter!, $dryRun: Boolean!) {
    clearAffinities(filter: $filter, dryRun: $dryRun) {
      ... on ClearPayload { clearedCount warnings { code message } }
      ... on Error { code message }
      ... on InvalidInputError { field }
    }
  }`

describe.each(MODES)('chosen affinities, %s,', (_mode, env) => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ now: () => NOW, env: { ...env, CLEAR_GUARD_SECONDS: '0' } })
    await untilShown(service)
  })
  afterAll(() => service.close())

  const affinity = async (id: string) => {
    const document = '($id: ID!) { affinity(id: $id) { id affinityKey provider { id } user { username } } }'
    return service.query(`query ${document}`, { id })
  }

  it('are found by their ids', async () => {
    const { data, errors } = await affinity(idOf(one))
    expect(errors).toEqual([])
    expect(data.affinity).toMatchObject({ id: idOf(one), affinityKey: one.affinityKey })
  })

  it('are null when they are gone', async () => {
    const gone = Buffer.from('cache_affinity:nobody:CLAUDE:gone').toString('base64url')
    expect(await affinity(gone)).toMatchObject({ data: { affinity: null }, errors: [] })
  })

  it.each(['', '*', idOf(one).slice(0, -1), Buffer.from('user:1').toString('base64url')])(
    'are not asked for by %j',
    async (id) => {
      const { errors } = await affinity(id)
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: 'id' } }])
    },
  )

  it.each([
    'ids',
    'affinityKeys',
    'userIds',
    'providerIds',
    'endpointIds',
    'providerKeyIds',
    'modelIds',
    'apiFormats',
    'clientFamilies',
  ])('are neither none nor more than 1,000 of %s', async (field) => {
    for (const values of [[], Array.from({ length: 1_001 }, (_, at) => idOf(one) + at)]) {
      const filter = { [field]: values }
      const { errors } = await service.query(
        'query ($filter: AffinityFilter) { affinities(filter: $filter) { totalCount } }',
        { filter },
      )
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', field: `filter.${field}` } }])
      const { data } = await service.query(CLEAR, { filter, dryRun: true })
      expect(data.clearAffinities).toMatchObject({ code: 'INVALID_INPUT', field: `filter.${field}` })
    }
  })

  it('go with one dry run, one clear, and one audit event each, which has the ids', async () => {
    const filter = { ids: [idOf(one), idOf(two), idOf(two)] }
    for (const dryRun of [true, false]) {
      const { data } = await service.query(CLEAR, { filter, dryRun })
      expect(data.clearAffinities).toMatchObject({ clearedCount: 2 })
    }
    const { data } = await service.query(
      '{ auditEvents(first: 100, action: "cache_clear_filtered") { nodes { metadata } } }',
    )
    const ofIds = data.auditEvents.nodes
      .map(({ metadata }: { metadata: object }) => metadata)
      .filter((metadata: object) => JSON.stringify(metadata).includes(idOf(two)))
    expect(ofIds).toHaveLength(2)
    for (const dryRun of [true, false]) {
      const event = { outcome: 'done', arguments: { filter, dryRun } }
      expect(ofIds).toContainEqual(expect.objectContaining(event))
    }
    expect(await affinity(idOf(one))).toMatchObject({ data: { affinity: null } })
    expect((await affinity(idOf(three))).data.affinity).not.toBeNull()
  })

  it('of several providers may come back, and a clear says to which', async () => {
    const { data: list } = await service.query(
      '{ affinities(first: 1000) { nodes { provider { id displayName isActive } } } }',
    )
    const rows: { id: string; displayName: string; isActive: boolean }[] = list.affinities.nodes.flatMap(
      ({ provider }: { provider: unknown }) => provider ?? [],
    )
    const providers = [...new Map(rows.map((row) => [row.id, row])).values()]
    const providerIds = providers.map(({ id }) => id)
    const { data } = await service.query(CLEAR, { filter: { providerIds }, dryRun: true })
    const { warnings } = data.clearAffinities
    const warning = warnings.find(({ code }: { code: string }) => code === 'STILL_ACTIVE')
    const active = providers.filter(({ isActive }) => isActive)
    expect(active.length).toBeGreaterThan(1)
    for (const { displayName } of active.slice(0, 3)) expect(warning.message).toContain(displayName)
    for (const { displayName } of providers.filter(({ isActive }) => !isActive))
      expect(warning.message).not.toContain(displayName)
  })
})
