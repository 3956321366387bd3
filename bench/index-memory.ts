/**
 * Measures the index: bytes per record, changes per second, and the time of a page for each kind of selection.
 *
 *   npx tsx --expose-gc bench/index-memory.ts [sizes, such as 10000,100000,1000000] [plain|sessions]
 */
import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { AffinityPageRequest } from '../src/affinities/affinity-reader.js'
import type { AffinityIdentity, AffinityRecord } from '../src/affinities/affinity-record.js'
import type { AffinitySelection } from '../src/affinities/affinity-selection.js'
import { cacheAffinity } from '../src/affinities/families/cache-affinity.js'
import { FAMILIES } from '../src/affinities/families/index.js'
import { createSchedulerAffinityV2 } from '../src/affinities/families/scheduler-affinity-v2.js'
import { AffinityIndex } from '../src/affinities/index/affinity-index.js'
import { median } from './lib/measure.js'

const sizes = (process.argv[2] ?? '10000,100000,1000000').split(',').map(Number)
/** Whether the records are of the family with sessions. */
const sessions = process.argv[3] === 'sessions'
const NOW = 1_750_000_000
const FORMATS = sessions
  ? [
      'claude:messages',
      'openai:chat',
      'openai:responses',
      'gemini:generate_content',
      'claude:cli',
      'openai:cli',
    ]
  : ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']
const CLIENT_FAMILIES = ['claude_code', 'codex', 'openai_python_sdk', 'openai_js_sdk', 'cursor', 'unknown']

/** Seeded generator Mulberry32, so that each run has the same records. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const schedulerAffinityV2 = createSchedulerAffinityV2('')
const random = randomFrom(4)
const below = (limit: number) => Math.floor(random() * limit)
const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
const hex = (length: number) => Array.from({ length }, () => below(16).toString(16)).join('')
const uuid = () => [8, 4, 4, 4, 12].map(hex).join('-')
const uuids = (length: number) => Array.from({ length }, uuid)

const providers = uuids(6)
/** Keys of sessions have 160 characters on average, as those that real gateways left. */
const NAMES = [
  'gpt-large',
  'gpt-small',
  'gpt-mini',
  'claude-mid',
  'claude-top',
  'gemini-fast',
  'llama3:8b',
  'vendor/x',
  'o',
]
const models = sessions ? NAMES : uuids(9)
const endpoints = uuids(10).map((id, number) => ({ id, providerId: providers[number % 6] as string }))
const providerKeys = uuids(40).map((id, number) => ({
  id,
  endpoint: endpoints[number % 10] ?? pick(endpoints),
}))

function recordOf(affinityKey: string, apiFormat: string, modelId: string): AffinityRecord {
  const { id, endpoint } = pick(providerKeys)
  const createdAt = NOW - random() * 3600
  const identity = { affinityKey, apiFormat, modelId }
  return {
    ...(sessions
      ? sessionOf(identity)
      : { key: cacheAffinity.encode(identity), family: cacheAffinity.name, ...identity }),
    providerId: endpoint.providerId,
    endpointId: endpoint.id,
    providerKeyId: id,
    requestCount: 1 + below(500),
    createdAt,
    expiresAt: NOW + random() * 300,
    writtenExpiry: NOW + random() * 300,
  }
}

/** Each API key, format and model of a gateway with sessions has a session of its own here. */
function sessionOf(
  identity: AffinityIdentity,
): Pick<AffinityRecord, 'key' | 'family' | keyof AffinityIdentity> {
  const text = Object.values(identity).join(' ')
  const sessionHash = createHash('sha256').update(text).digest('hex')
  const clientFamily = CLIENT_FAMILIES[Number.parseInt(sessionHash.slice(0, 2), 16) % 6] ?? 'unknown'
  const withSession = { ...identity, extra: { clientFamily, sessionHash } }
  const key = schedulerAffinityV2.encode(withSession) ?? ''
  // As the store reads it: the session is a part of the key.
  const decoded = schedulerAffinityV2.decode(key) ?? withSession
  return { key, family: schedulerAffinityV2.name, ...decoded, extra: { ...decoded.extra, epoch: '7' } }
}

/** Makes the record of a number. Each API key has ten records, spread over its 54 pairs of format and model. */
function recordAt(number: number, apiKeys: readonly string[]): AffinityRecord {
  const pair = (number * 5) % 54
  const affinityKey = apiKeys[Math.floor(number / 10)] as string
  return recordOf(affinityKey, FORMATS[pair % 6] as string, models[Math.floor(pair / 6)] as string)
}

function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Run with --expose-gc.')
  for (let round = 0; round < 3; round++) globalThis.gc()
}

function usedBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Fills the index. The longest time for 256 records, in milliseconds, shows whether growing arrays block the event loop. */
function fill(index: AffinityIndex, size: number, apiKeys: readonly string[]) {
  let spent = 0
  let longest = 0
  for (let start = 0; start < size; start += 256) {
    const chunk: AffinityRecord[] = []
    for (let number = start; number < Math.min(start + 256, size); number++)
      chunk.push(recordAt(number, apiKeys))
    const from = performance.now()
    for (const record of chunk) index.upsert(record)
    const took = performance.now() - from
    spent += took
    longest = Math.max(longest, took)
  }
  return { perSecond: Math.round((size / spent) * 1000), longest }
}

/** Measures refreshes of random records, as a gateway makes them: one more request, and a later expiry. */
function refreshesPerSecond(index: AffinityIndex, size: number, apiKeys: readonly string[]): number {
  let spent = 0
  const rounds = 800
  for (let round = 0; round < rounds; round++) {
    const refreshed = Array.from({ length: 250 }, () => {
      const { key } = recordAt(below(size), apiKeys)
      const record = index.get(key) as AffinityRecord
      const fresh = {
        ...record,
        requestCount: record.requestCount + 1,
        expiresAt: NOW + 300 + round / 20 + random(),
        writtenExpiry: NOW + 300 + round / 20 + random(),
      }
      // Redis replies bring new string objects, so that the index cannot share the strings it holds.
      return JSON.parse(JSON.stringify(fresh)) as AffinityRecord
    })
    const from = performance.now()
    for (const record of refreshed) index.upsert(record)
    spent += performance.now() - from
  }
  return Math.round((rounds * 250 * 1000) / spent)
}

function selections(apiKeys: readonly string[]): Record<string, Partial<AffinityPageRequest>> {
  const some = (count: number) => new Set(apiKeys.slice(0, count))
  const [provider = '', other = ''] = providers
  const [model = ''] = models
  const [key] = providerKeys
  const providerKeyId = new Set([key?.id ?? ''])
  const all = (sets: NonNullable<AffinitySelection['all']>) => ({ selection: { all: sets } })
  const search = (count: number) => ({
    selection: {
      any: [
        { affinityKey: some(count), providerId: new Set([other]), modelId: new Set([model]), providerKeyId },
      ],
    },
  })
  const stale = { affinityKey: some(5000), providerKeyId }
  const deep = Math.floor(apiKeys.length * 9)
  return {
    everything: { selection: {} },
    'everything, offset 90 %': { selection: {}, offset: deep },
    'one API key': all({ affinityKey: some(1) }),
    'a user: 5 API keys': all({ affinityKey: some(5) }),
    'one provider key': all({ providerKeyId }),
    'one provider': all({ providerId: new Set([provider]) }),
    'one provider, deep offset': {
      ...all({ providerId: new Set([provider]) }),
      offset: Math.floor(deep / 10),
    },
    'provider and model': all({ providerId: new Set([provider]), modelId: new Set([model]) }),
    'stale, 5,000 API keys': { selection: { any: [stale] } },
    'not stale': { selection: { none: stale } },
    'search, 1 API key': search(1),
    'search, 1,000 API keys': search(1000),
    'search, a tenth of the API keys': search(apiKeys.length / 10),
    'search, all API keys': search(apiKeys.length),
  }
}

function pageMilliseconds(index: AffinityIndex, request: Partial<AffinityPageRequest>): number {
  const times: number[] = []
  for (let round = 0; round < 60; round++) {
    const field = (['EXPIRES_AT', 'CREATED_AT', 'REQUEST_COUNT'] as const)[round % 3] ?? 'EXPIRES_AT'
    const direction = round % 2 === 0 ? 'DESC' : 'ASC'
    const from = performance.now()
    index.page({ selection: {}, first: 100, ...request, order: { field, direction } })
    times.push(performance.now() - from)
  }
  return median(times)
}

const table: Record<string, Record<string, string>> = {}
function put(row: string, size: number, figure: string): void {
  table[row] = { ...table[row], [size.toLocaleString('en')]: figure }
}

// A warm-up, since V8's compilation takes memory and time that are not the index's.
const warm = new AffinityIndex(FAMILIES)
const warmKeys = uuids(2000)
fill(warm, 20_000, warmKeys)
refreshesPerSecond(warm, 20_000, warmKeys)
for (const request of Object.values(selections(warmKeys))) pageMilliseconds(warm, request)
warm.clear()

for (const size of sizes) {
  const apiKeys = uuids(Math.ceil(size / 10))
  const before = usedBytes()
  const index = new AffinityIndex(FAMILIES)
  const { perSecond, longest } = fill(index, size, apiKeys)
  put('bytes a record, filled', size, ((usedBytes() - before) / size).toFixed(0))
  put('records read in a second', size, perSecond.toLocaleString('en'))
  put('longest 256 of them, ms', size, longest.toFixed(1))
  put('refreshes a second', size, refreshesPerSecond(index, size, apiKeys).toLocaleString('en'))
  put('bytes a record, refreshed', size, ((usedBytes() - before) / size).toFixed(0))
  for (const [name, request] of Object.entries(selections(apiKeys))) {
    put(`page of 100, ms: ${name}`, size, pageMilliseconds(index, request).toFixed(3))
  }
}
console.table(table)
