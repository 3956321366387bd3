/** A reader of events under a filter that moves knows what the filter selects, whatever happens in which order. */
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type AffinityEvent, AffinityEvents } from '../../src/affinities/affinity-events.js'
import type { AffinityRecord } from '../../src/affinities/affinity-record.js'
import type { AffinitySelection } from '../../src/affinities/affinity-selection.js'
import { createCrossings } from '../../src/affinities/crossings.js'
import { FAMILIES } from '../../src/affinities/families/index.js'
import { AffinityIndex } from '../../src/affinities/index/affinity-index.js'
import { type Tellable, ToldRecords } from '../../src/resolvers/moving-filters.js'

const EVERY_MS = 3_500
/** Few, so that a sweep leaves some to the next one. */
const PER_SWEEP = 2
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const PROVIDERS = ['p', 'q']

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const recordOf = (affinityKey: string, providerId: string, requestCount: number): AffinityRecord => ({
  key: `cache_affinity:${affinityKey}:CLAUDE:m`,
  family: 'cache_affinity',
  affinityKey,
  apiFormat: 'CLAUDE',
  modelId: 'm',
  providerId,
  endpointId: 'e',
  providerKeyId: 'k',
  requestCount,
  createdAt: 1,
  expiresAt: 2,
  writtenExpiry: 2,
})

/** What a client holds that believes each event. */
function createReader() {
  const shown = new Set<string>()
  return {
    shown,
    take({ type, record: { key } }: AffinityEvent) {
      const comes = type === 'CREATED' || type === 'ENTERED'
      expect({ type, isShown: shown.has(key) }).toEqual({ type, isShown: !comes })
      if (comes) shown.add(key)
      if (type === 'LEFT' || type === 'REMOVED') shown.delete(key)
    },
  }
}

/** Some records, and the rows of their providers, which are on or off. */
async function createWorld() {
  const index = new AffinityIndex(FAMILIES)
  const events = new AffinityEvents((error) => {
    throw error
  })
  const off = new Set<string>()
  let uses = 0
  const crossings = createCrossings({
    source: {
      state: 'live',
      events: (listener, onLost) => events.listen(listener, onLost),
      crossings: async (request, use) => use(index.crossings(request)),
    },
    now: () => 0,
    everyMs: EVERY_MS,
    perSweep: PER_SWEEP,
  })
  const select = async (): Promise<AffinitySelection> => {
    const now = new Set(off)
    return { where: { dimensions: ['providerId'], holds: ([provider = '']) => !now.has(provider) } }
  }
  const told = new ToldRecords(async ({ providerId }) => !off.has(providerId))
  const waiting: Tellable[] = []
  const listen = await crossings.open('on', select)
  const stop = listen({
    changed: (event, before, after) => waiting.push({ event, before, after }),
    crossed: (event, holds) => waiting.push({ event, before: !holds, after: holds, holds }),
    looked: (...look) => waiting.push(...told.corrections(...look)),
    lost(reason) {
      throw reason
    },
  })
  const reader = createReader()

  async function sweep() {
    vi.advanceTimersByTime(EVERY_MS)
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  }
  async function read() {
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      const event = await told.next(item)
      if (event) reader.take(event)
    }
  }
  return {
    reader,
    stop,
    sweep,
    read,
    use(key: string, provider: string) {
      uses += 1
      const { kind, record, previous } = index.upsert(recordOf(key, provider, uses))
      if (kind === 'created') events.emit('CREATED', 0, record)
      else events.emit(kind === 'switched' ? 'SWITCHED' : 'REFRESHED', 0, record, previous)
    },
    remove(key: string) {
      const record = index.remove(recordOf(key, '', 0).key)
      if (record) events.emit('REMOVED', 0, record)
    },
    turn(provider: string, isOn: boolean) {
      if (isOn) off.delete(provider)
      else off.add(provider)
    },
    selected: () =>
      new Set([...index.records()].filter(({ providerId }) => !off.has(providerId)).map(({ key }) => key)),
  }
}

const key = fc.constantFrom(...KEYS)
const provider = fc.constantFrom(...PROVIDERS)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('use' as const), key, provider }) },
  fc.record({ do: fc.constant('remove' as const), key }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const), provider, isOn: fc.boolean() }) },
  { weight: 4, arbitrary: fc.constant({ do: 'sweep' as const }) },
  { weight: 4, arbitrary: fc.constant({ do: 'read' as const }) },
)

it('is told each crossing once, and knows in the end what the filter selects', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
      vi.clearAllTimers()
      const world = await createWorld()
      for (const one of steps) {
        if (one.do === 'use') world.use(one.key, one.provider)
        else if (one.do === 'remove') world.remove(one.key)
        else if (one.do === 'turn') world.turn(one.provider, one.isOn)
        else await world[one.do]()
      }
      for (let sweeps = 0; sweeps < 2 + KEYS.length / PER_SWEEP; sweeps += 1) {
        await world.read()
        await world.sweep()
      }
      await world.read()
      expect(world.reader.shown).toEqual(world.selected())
      world.stop()
      expect(vi.getTimerCount()).toBe(0)
    }),
    { numRuns: 80 },
  )
})
