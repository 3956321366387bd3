import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AffinityRecord } from '../../../src/affinities/affinity-record.js'
import { createAdminRoutes } from '../../../src/demo/stand-in/admin-routes.js'
import { leastCover } from '../../../src/gateway/aether/nodes/least-cover.js'
import { planClear } from '../../../src/gateway/aether/nodes/planner.js'
import type { Generation } from '../../../src/gateway/nodes/gateway-nodes.js'
import {
  apiKey,
  EVERY_RIGHT,
  facts,
  type Reached,
  record,
  recordingProcess,
  SESSION,
  TOKEN,
} from './nodes-support.js'

const CACHE = '/api/admin/monitoring/cache'
const PYTHON = { generation: 'ENDPOINT_KEYS', nodeCount: 1 } as const
const RUST = { generation: 'PROCESS_MEMORY', nodeCount: 1 } as const

const session = (fields: Partial<AffinityRecord> = {}, sessionHash = SESSION) =>
  record({ ...fields, extra: { clientFamily: 'codex', sessionHash } })

const paths = async (...args: Parameters<typeof planClear>) => {
  const { steps, notClearable } = await planClear(...args)
  return { paths: steps.map(({ path }) => path.replace(CACHE, '')), left: notClearable.length }
}

describe('the cheapest set of routes', () => {
  const mine = [record({ modelId: 'a' }), record({ modelId: 'b' })]
  const other = record({ affinityKey: 'api-key-2' })

  it('is the flush, where everything was asked for', async () => {
    expect(await paths([], { kind: 'all' }, facts([]), PYTHON)).toEqual({ paths: [''], left: 0 })
  })

  it('is the provider’s route, where all of its pins are chosen', async () => {
    const all = [...mine, other]
    expect((await paths(all, undefined, facts(all, ['api-key-1']), PYTHON)).paths).toEqual([
      '/providers/provider-1',
    ])
  })

  it('is the API key’s route, where all of its pins are chosen and the provider has others', async () => {
    const live = facts([...mine, other], ['api-key-1', 'api-key-2'])
    expect((await paths(mine, undefined, live, PYTHON)).paths).toEqual(['/users/api-key-1'])
  })

  it('is one by one, where neither is: also where an id is no API key’s, and so may be a user’s name', async () => {
    const single = (model: string) => `/affinity/api-key-1/endpoint-1/${model}/CLAUDE`
    const live = facts([...mine, other], [])
    expect((await paths(mine, undefined, live, PYTHON)).paths).toEqual([single('a'), single('b')])
    const [first] = mine
    const rest = facts([...mine, other], ['api-key-1'])
    expect((await paths(first ? [first] : [], undefined, rest, PYTHON)).paths).toEqual([single('a')])
  })

  it('takes the API key’s route once rather than many providers’', async () => {
    const spread = [1, 2, 3].map((n) =>
      record({ providerId: `provider-${n}`, endpointId: `endpoint-${n}`, modelId: `m${n}` }),
    )
    expect((await paths(spread, undefined, facts(spread, ['api-key-1']), PYTHON)).paths).toEqual([
      '/users/api-key-1',
    ])
  })

  it('names the session on Rust, and no provider where the mirror may not show all of its pins', async () => {
    const pins = [session({ modelId: 'a' }), session({ modelId: 'b' })]
    const one = (model: string) =>
      `/affinity/api-key-1/endpoint-1/${model}/CLAUDE?client_family=codex&session_hash=${SESSION}`
    const live = facts(pins, [])
    expect((await paths(pins, undefined, live, RUST)).paths).toEqual(['/providers/provider-1'])
    expect((await paths(pins, undefined, live, { ...RUST, nodeCount: 2 })).paths).toEqual([
      one('a'),
      one('b'),
    ])
  })

  it('calls what was asked for on Rust, also where the mirror has nothing of it', async () => {
    expect((await paths([], { kind: 'provider', providerId: 'provider-9' }, facts([]), RUST)).paths).toEqual([
      '/providers/provider-9',
    ])
    expect((await paths([], { kind: 'apiKeys', ids: ['a', 'b'] }, facts([]), RUST)).paths).toEqual([
      '/users/a',
      '/users/b',
    ])
    expect(
      (await paths([], { kind: 'provider', providerId: 'provider-9' }, facts([]), PYTHON)).paths,
    ).toEqual([])
  })

  it('has no call for a pin without a session, while sessions of the same name are to stay', async () => {
    const plain = record()
    const live = facts([plain, session()], [])
    expect(await paths([plain], undefined, live, RUST)).toEqual({ paths: [], left: 1 })
    expect(
      (await paths([plain, session()], undefined, facts([plain, session(), other]), RUST)).paths,
    ).toHaveLength(2)
  })

  it('covers with as few names as any other set would', () => {
    const names = fc.integer({ min: 0, max: 4 })
    const graphs = fc.array(fc.tuple(names, names), { maxLength: 12 })
    fc.assert(
      fc.property(graphs, fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }), (edges, may) => {
        const pairs = edges.map(([l, r]) => ({ left: `l${l}`, right: `r${r}` }))
        const mayUse = (id: string) => may[Number(id.slice(1)) + (id.startsWith('r') ? 5 : 0)] ?? false
        const open = pairs.filter(({ left, right }) => mayUse(left) || mayUse(right))
        const isCover = (names: ReadonlySet<string>) =>
          open.every(({ left, right }) => names.has(left) || names.has(right))
        const usable = [...new Set(open.flatMap(({ left, right }) => [left, right]))].filter(mayUse)
        const least = Math.min(
          ...Array.from(
            { length: 2 ** usable.length },
            (_, bits) => new Set(usable.filter((_, place) => bits & (1 << place))),
          )
            .filter(isCover)
            .map(({ size }) => size),
        )
        const { left, right } = leastCover(pairs, { left: mayUse, right: mayUse })
        const found = new Set([...left, ...right])
        expect([...found].every(mayUse)).toBe(true)
        expect(isCover(found)).toBe(true)
        expect(found.size).toBe(least)
      }),
    )
  })
})

describe('a part of a path', () => {
  const NEVER = ['', '.', '..', '%2e', '%2E%2e', '%252e%252e', '.%2e']
  it.each([...NEVER, 'a/b', '../x', 'vendor/model-x'])('is never sent to Python as %j', async (modelId) => {
    expect(
      await paths([record({ modelId })], undefined, facts([record({ modelId }), record()]), PYTHON),
    ).toEqual({ paths: [], left: 1 })
  })
  it.each([...NEVER, 'a/b', '模型', 'a?client_family=x', 'a#b', 'a b', '100%', 'weird*[a-z]?\\name'])(
    'is never sent to Rust as %j',
    async (modelId) => {
      const chosen = session({ modelId })
      expect(await paths([chosen], undefined, facts([chosen, session()]), RUST)).toEqual({
        paths: [],
        left: 1,
      })
    },
  )
  it.each([
    ['llama3:8b', 'llama3%3A8b', 'llama3:8b'],
    ['模型', '%E6%A8%A1%E5%9E%8B', undefined],
    ['weird*[a-z]?\\name', 'weird*%5Ba-z%5D%3F%5Cname', undefined],
    ['a?client_family=x', 'a%3Fclient_family%3Dx', undefined],
    ['100%', '100%25', undefined],
    ["o'brien", "o'brien", "o'brien"],
  ])('%j: as bytes for Python and for Rust', async (modelId, python, rust) => {
    const chosen = session({ modelId })
    const part = (path = '') => path.split('?client_family=codex')[0]?.split('/')[4]
    expect(part((await paths([chosen], undefined, facts([chosen, session()]), PYTHON)).paths[0])).toBe(python)
    expect(part((await paths([chosen], undefined, facts([chosen, session()]), RUST)).paths[0])).toBe(rust)
  })
})

const odd = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '',
      '.',
      '..',
      '%2e%2e',
      '..%2f',
      '/',
      '//',
      '?',
      '#',
      '\\..',
      ';',
      '%',
      '%00',
      'users',
      'providers',
      'a?client_family=x',
      '模型/一',
      '\u0000',
      '\ud800',
      '*',
      'CLAUDE',
      'x',
    ),
  },
  fc.string({ maxLength: 6, unit: 'binary' }),
  fc
    .array(fc.constantFrom('.', '/', '%', '2', 'e', 'E', 'f', '?', '&', '=', '#', '\\', ' '), {
      maxLength: 6,
    })
    .map((some) => some.join('')),
)

describe.each<Generation>(['ENDPOINT_KEYS', 'PROVIDER_KEYS', 'PROCESS_MEMORY'])(
  'no id (%s)',
  (generation) => {
    it('makes a clear reach another route, or the same one with another name', async () => {
      const routes = createAdminRoutes({
        generation,
        now: () => 0,
        apiKeys: [],
        tokens: [{ token: TOKEN, permissions: generation === 'PROCESS_MEMORY' ? EVERY_RIGHT : null }],
        acceptsAccessToken: async () => true,
      })
      const records = fc.record({
        affinityKey: odd,
        apiFormat: odd,
        modelId: odd,
        providerId: odd,
        endpointId: odd,
        extra: fc.option(fc.record({ clientFamily: odd, sessionHash: fc.oneof(odd, fc.constant(SESSION)) }), {
          nil: {},
        }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(records, { minLength: 1, maxLength: 4 }),
          odd,
          fc.boolean(),
          async (some, id, grouped) => {
            const chosen = some.map((fields) =>
              record({ ...fields, extra: fields.extra as Record<string, string> }),
            )
            const live = grouped
              ? chosen
              : [
                  ...chosen,
                  ...chosen.map((each) => ({
                    ...each,
                    key: `${each.key} other`,
                    modelId: `${each.modelId} other`,
                  })),
                ]
            const asked = [
              { kind: 'provider', providerId: id },
              { kind: 'apiKeys', ids: [id] },
              undefined,
            ] as const
            const plan = await planClear(chosen, asked[id.length % 3], facts(live), {
              generation,
              nodeCount: 1,
            })
            for (const { path, route, records: ofIt } of plan.steps) {
              const reached: Reached[] = []
              const target = `/prefix${path}`.slice('/prefix'.length)
              await routes(
                { method: 'DELETE', target, authorization: `Bearer ${TOKEN}`, body: '' },
                recordingProcess(reached),
              )
              if (route === 'apiKey') {
                // No API key has such an id: the gateway says so, and clears nothing.
                expect(reached).toEqual([])
                continue
              }
              const [first] = ofIt
              const names =
                route === 'provider'
                  ? [first?.providerId ?? id]
                  : [
                      first?.affinityKey,
                      first?.endpointId,
                      first?.modelId,
                      first?.apiFormat,
                      first?.extra?.['clientFamily'],
                      first?.extra?.['sessionHash'],
                    ]
              const isRust = generation === 'PROCESS_MEMORY'
              expect(reached).toEqual([
                {
                  route,
                  names:
                    isRust || route === 'provider' ? names : [...names.slice(0, 4), undefined, undefined],
                },
              ])
            }
            expect(plan.steps.every(({ route }) => route !== 'all')).toBe(true)
          },
        ),
        { numRuns: 400 },
      )
    })
  },
)

it('an API key’s name of a user is never taken for an id', async () => {
  const alice = record({ affinityKey: apiKey(1).username })
  const { steps } = await planClear(
    [alice, { ...alice, key: 'b', modelId: 'b' }],
    undefined,
    facts([alice], [apiKey(1).id]),
    { ...PYTHON },
  )
  expect(steps.map(({ route }) => route)).not.toContain('apiKey')
})
