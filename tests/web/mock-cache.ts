import { Repeater } from 'graphql-yoga'

export type MockFilter = Readonly<Record<string, string | boolean | readonly string[] | undefined>>
type Mutable<T> = { -readonly [K in keyof T]: T[K] }
export type MockRecord = ReturnType<typeof makeRecord>

const USERS = [
  'alice',
  '张伟',
  "o'brien",
  'under_score',
  '100%_real',
  'bob',
  'carol',
  'dmitri',
  'erika',
  'fatou',
  '<script>alert(1)</script>',
]
const MODELS = [
  'claude-sonnet-4',
  'claude-opus-4',
  'gpt-5',
  'gpt-5-mini',
  'gemini-3-pro',
  'llama3:8b',
  '模型/一',
  'weird*[a-z]?\\name',
]
const FORMATS = ['CLAUDE', 'OPENAI', 'GEMINI']
const PROVIDERS = [
  'Anthropic direct',
  'OpenAI direct',
  'Vertex EU',
  'Bedrock us-east-1',
  'Azure Sweden',
  '本地集群',
]

const id = (kind: number, index: number) =>
  `${String(index).padStart(8, '0')}-0000-4000-8000-${String(kind).padStart(12, '0')}`
const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index % list.length]
  if (found === undefined) throw new Error('an empty list')
  return found
}

const usabilityOf = (index: number) =>
  index % 23 === 0 ? 'STALE' : index % 17 === 0 ? 'CONDITIONAL' : 'USABLE'

function makeRecord(index: number, now: number) {
  const provider = (index * 7) % PROVIDERS.length
  const user = (index * 3) % USERS.length
  const model = (index * 5) % MODELS.length
  const key = provider * 4 + (index % 4)
  const ttl = 20 + ((index * 37) % 3_600)
  const apiFormat = at(FORMATS, index)
  return {
    id: `affinity-${index}`,
    affinityKey: id(1, index % 60),
    apiFormat,
    modelId: id(2, model),
    family: 'CACHE_AFFINITY',
    clientFamily: null,
    sessionHash: null,
    modelName: at(MODELS, model),
    modelDisplayName: at(MODELS, model),
    providerId: id(3, provider),
    endpointId: id(4, provider),
    providerKeyId: id(5, key),
    rateMultiplier: 1,
    isStandalone: index % 9 === 0,
    requestCount: (index * 13) % 900,
    createdAt: new Date(now - ((index * 91) % 7_200) * 1_000).toISOString(),
    expiresAtMs: now + ttl * 1_000,
    usability: usabilityOf(index),
    staleReasons: usabilityOf(index) === 'STALE' ? ['PROVIDER_KEY_INACTIVE', 'CIRCUIT_OPEN'] : [],
    conditions: usabilityOf(index) === 'CONDITIONAL' ? ['STREAMING'] : [],
    apiKey:
      index % 41 === 0
        ? null
        : {
            id: id(1, index % 60),
            name: `key ${index % 60}`,
            maskedKey: 'sk-jhiId********AABB',
            isStandalone: false,
            isActive: true,
          },
    user:
      index % 41 === 0
        ? null
        : {
            id: id(6, user),
            username: at(USERS, user),
            email: `u${user}@example.com`,
            role: 'USER',
            isActive: true,
          },
    provider: {
      id: id(3, provider),
      name: `p${provider}`,
      displayName: at(PROVIDERS, provider),
      isActive: true,
      affinityCount: 0,
    },
    endpoint: {
      id: id(4, provider),
      apiFormat,
      baseUrl: `https://p${provider}.example.com/v1`,
      isActive: true,
    },
    providerKey: {
      id: id(5, key),
      name: `pool ${key}`,
      maskedKey: 'sk-ant-a********9XZQ',
      rateMultiplier: 1,
      cacheTtlMinutes: 5,
      isActive: true,
    },
    model: { id: id(2, model), name: at(MODELS, model), displayName: at(MODELS, model), isActive: true },
  }
}

const COLUMNS: Readonly<Record<string, (record: MockRecord) => number | string>> = {
  REQUEST_COUNT: ({ requestCount }) => requestCount,
  CREATED_AT: ({ createdAt }) => createdAt,
  EXPIRES_AT: ({ expiresAtMs }) => expiresAtMs,
}

/** A cache of records that change by themselves. */
export function createMockCache(count: number) {
  const records = new Map<string, Mutable<MockRecord>>()
  let made = 0
  const add = () => {
    const record = makeRecord(made++, Date.now())
    records.set(record.id, record)
    return record
  }
  for (let index = 0; index < count; index++) add()
  const since = new Date().toISOString()
  const observed = {
    since,
    created: 0,
    refreshed: 0,
    providerSwitches: 0,
    keySwitches: 0,
    removed: 0,
    expired: 0,
    reuseRate: 0.873,
  }
  const listeners = new Set<(event: object, record: MockRecord) => void>()

  const shown = (record: MockRecord) => ({
    ...record,
    expiresAt: new Date(record.expiresAtMs).toISOString(),
    ttlSeconds: Math.max(0, Math.floor((record.expiresAtMs - Date.now()) / 1_000)),
  })
  const emit = (type: string, record: MockRecord) => {
    const event = { type, at: new Date().toISOString(), affinity: shown(record) }
    for (const listener of listeners) listener(event, record)
  }
  const matches = (record: MockRecord, { userId, stale, staleReasons, ...ids }: MockFilter) =>
    (userId === undefined || userId === null || record.user?.id === userId) &&
    (stale === undefined || stale === null || record.staleReasons.length > 0 === stale) &&
    (!Array.isArray(staleReasons) || record.staleReasons.some((reason) => staleReasons.includes(reason))) &&
    Object.entries(ids).every(([name, value]) => value == null || Reflect.get(record, name) === value)
  const matched = (search: string) => {
    const user = [...records.values()].find((record) => record.user?.username === search)?.user
    return { matchedUser: user ?? null, matchedApiKey: null }
  }
  const find = (filter: MockFilter, search = '') =>
    [...records.values()].filter(
      (record) =>
        matches(record, filter) &&
        (search === '' ||
          `${record.user?.username} ${record.provider.displayName} ${record.modelName}`
            .toLowerCase()
            .includes(search.toLowerCase())),
    )

  function step(): void {
    const list = [...records.keys()]
    const record = records.get(at(list, Math.floor(Math.random() * list.length)))
    const dice = Math.random()
    if (!record || dice < 0.06) {
      observed.created++
      emit('CREATED', add())
    } else if (dice < 0.1) {
      records.delete(record.id)
      observed.expired++
      emit('EXPIRED', record)
    } else if (dice < 0.13) {
      const other = makeRecord(Math.floor(Math.random() * 1_000), Date.now())
      const { providerId, endpointId, providerKeyId, provider, endpoint, providerKey } = other
      Object.assign(record, { providerId, endpointId, providerKeyId, provider, endpoint, providerKey })
      observed.providerSwitches++
      emit('SWITCHED', record)
    } else {
      record.requestCount++
      record.expiresAtMs = Date.now() + 300_000
      observed.refreshed++
      emit('REFRESHED', record)
    }
  }

  return {
    find: (filter: MockFilter, search?: string) => find(filter, search).map(shown),
    matched,
    sorted: (list: readonly ReturnType<typeof shown>[], order?: { field: string; direction: string }) => {
      const value = COLUMNS[order?.field ?? 'EXPIRES_AT'] ?? (() => 0)
      const sign = order?.direction === 'ASC' ? 1 : -1
      return [...list].sort((a, b) => (value(a) < value(b) ? -sign : value(a) > value(b) ? sign : 0))
    },
    clear(filter: MockFilter) {
      const gone = find(filter)
      for (const record of gone) {
        records.delete(record.id)
        observed.removed++
        emit('REMOVED', record)
      }
      return gone.length
    },
    run(perSecond: number) {
      if (perSecond <= 0) return
      const every = Math.max(20, 1_000 / perSecond)
      setInterval(() => {
        for (let left = Math.max(1, Math.round((perSecond * every) / 1_000)); left > 0; left--) step()
      }, every)
    },
    events: (filter: MockFilter) =>
      new Repeater<object>(async (push, stop) => {
        const listener = (event: object, record: MockRecord) => {
          if (matches(record, filter)) void push(event).catch(() => {})
        }
        listeners.add(listener)
        await stop
        listeners.delete(listener)
      }),
    stats: () => ({
      scheduler: 'cache_aware',
      schedulingMode: 'cache_affinity',
      priorityMode: 'provider',
      storageType: 'REDIS',
      totalAffinities: records.size,
      countersProblem: null,
      cacheHits: 9_120,
      cacheMisses: 1_204,
      cacheHitRate: 0.883,
      cacheInvalidations: 37,
      providerSwitches: observed.providerSwitches,
      keySwitches: 0,
      schedulerMetrics: {
        totalBatches: 10_324,
        lastBatchSize: 12,
        totalCandidates: 52_031,
        lastCandidateCount: 5,
        cacheHits: 9_120 + observed.refreshed,
        cacheMisses: 1_204 + observed.created,
        cacheHitRate: 0.883,
        concurrencyDenied: 18,
        avgCandidatesPerBatch: 5.04,
        lastApiFormat: 'CLAUDE',
        lastModelName: 'claude-sonnet-4',
        lastUpdatedAt: new Date().toISOString(),
        reservationProbeCount: 100,
        reservationStableCount: 812,
        avgReservationRatio: 0.18,
      },
      affinityStats: {
        storageType: 'REDIS',
        totalAffinities: records.size,
        cacheHits: 1,
        cacheMisses: 1,
        cacheHitRate: 0.5,
        cacheInvalidations: 37,
        providerSwitches: 4,
        keySwitches: 2,
        defaultTtlSeconds: 300,
      },
      dynamicReservation: {
        enabled: true,
        currentAvgRatio: 0.18,
        probePhaseRatio: 0.11,
        totalChecks: 912,
        config: reservationConfig,
      },
      observed: { ...observed },
    }),
    config: () => ({
      cacheTtlSeconds: 300,
      cacheReservationRatio: 0.1,
      dynamicReservation: reservationConfig,
      parameters: [
        {
          name: 'cacheTtlSeconds',
          value: 300,
          description: 'How long an unused pin lasts, in seconds, where the provider key sets nothing else.',
        },
        {
          name: 'cacheReservationRatio',
          value: 0.1,
          description: 'Share of each provider key’s capacity that is kept for users who are pinned to it.',
        },
        ...Object.entries(reservationConfig).map(([name, value]) => ({
          name,
          value,
          description: `What ${name} does to the reservation.`,
        })),
      ],
    }),
    mappingStats: () => ({
      available: true,
      message: null,
      ttlSeconds: 300,
      totalKeys: 121,
      breakdown: {
        modelById: 31,
        modelByProviderGlobal: 40,
        globalModelById: 9,
        globalModelByName: 9,
        globalModelResolve: 32,
      },
    }),
    mappings: (search: string) =>
      [...MODELS, 'sonnet', 'claude-latest', 'gpt-5-2026-01-01']
        .filter((name) => name.includes(search))
        .map((mappingName, index) => ({
          mappingName,
          globalModelId: id(2, index),
          globalModelName: at(MODELS, index),
          globalModelDisplayName: at(MODELS, index),
          providers: PROVIDERS.slice(0, index % 4).map((displayName, n) => ({
            id: id(3, n),
            name: displayName,
            displayName,
            isActive: true,
            affinityCount: 0,
          })),
          ttlSeconds: 17 + index * 23,
        })),
    providerMappings: (search: string) =>
      PROVIDERS.flatMap((providerName, n) =>
        MODELS.slice(0, 4).map((name, index) => ({
          providerId: id(3, n),
          providerName,
          globalModelId: id(2, index),
          globalModelName: name,
          globalModelDisplayName: name,
          providerModelName: `${name}-v${index}`,
          aliases: index === 1 ? ['opus', 'opus-4-1'] : [],
          ttlSeconds: 40 + n * 31,
          hitCount: n * 17 + index,
          isActive: true,
        })),
      ).filter(({ providerName, globalModelName }) => `${providerName} ${globalModelName}`.includes(search)),
    unmapped: () => [
      { mappingName: 'gpt-55', status: 'NOT_FOUND', ttlSeconds: 120 },
      { mappingName: 'weird*[a-z]?\\name', status: 'INVALID', ttlSeconds: 61 },
    ],
  }
}

const reservationConfig = {
  probePhaseRequests: 100,
  probeReservation: 0.1,
  stableMinReservation: 0.1,
  stableMaxReservation: 0.35,
  lowLoadThreshold: 0.5,
  highLoadThreshold: 0.8,
}
