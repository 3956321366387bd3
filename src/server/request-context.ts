import type { AffinityReader } from '../affinities/affinity-reader.js'
import type { AffinitySource } from '../affinities/affinity-source.js'
import type { AffinityStore } from '../affinities/affinity-store.js'
import type { ClearFacts } from '../affinities/clear/clear-facts.js'
import type { HoldingClearer } from '../affinities/clear/clear-report.js'
import type { RemovedPin } from '../affinities/clear/cleared-pins.js'
import type { Crossings } from '../affinities/crossings.js'
import type { ForeignFamilies } from '../affinities/family-counts.js'
import type { FollowUps } from '../affinities/follow-up/follow-up.js'
import type { AuditReader } from '../audit/audit-reader.js'
import type { AuditTrail } from '../audit/audit-trail.js'
import type { ClearMetrics, Context, Readers, SharedRead } from '../context.js'
import { type RequestCost, UnauthenticatedError } from '../errors.js'
import type { FixedFigures, GatewayStore, GatewayTraits } from '../gateway/gateway.js'
import type { KeyMasker } from '../gateway/masking.js'
import type { GatewayNodes } from '../gateway/nodes/gateway-nodes.js'
import type { ApiKeyOwners } from '../loaders/api-key-owners.js'
import { adoptRows, createLoaders, forgetRows, type Loaders } from '../loaders/index.js'
import { supersededEpochs } from '../loaders/superseded-epochs.js'
import { type Judged, pinIds, VERDICTS } from '../loaders/verdicts.js'
import { createWalkRows, isFull, shareRows, WALK_ROWS, type WalkRows } from '../loaders/walk-rows.js'
import type { ModelMappingReader, ModelMappingSource } from '../model-mappings/model-mapping-source.js'
import type { PoolSessionReader, PoolSessionSource } from '../pool-sessions/pool-session-source.js'
import type { PoolSessionStore } from '../pool-sessions/pool-session-store.js'
import type { ReadingPrisma } from '../postgres/database-errors.js'
import type { Authenticator, Credentials } from '../session/authenticator.js'
import type { Viewer } from '../session/viewer.js'
import type { ViewerWatch } from '../session/viewer-watch.js'
import type { StatisticsReader } from '../statistics/statistics.js'
import type { UsageChains } from '../usage/usage-chains.js'
import type { UsageRows } from '../usage/usage-rows.js'
import type { Place } from '../util/admission.js'
import type { KeptAnswers } from '../util/kept-answers.js'
import type { Streams } from '../util/open-streams.js'
import { once } from '../util/promises.js'
import type { SharedRuns } from '../util/shared-runs.js'
import type { Turns } from '../util/turns.js'
import type { CostLimiter } from './limits/cost-limiter.js'

/** Parts that all requests share. */
export interface ContextDeps {
  /** Budgets of viewers; undefined: no limit. */
  readonly budgets: CostLimiter | undefined
  readonly apiKeyOwners: ApiKeyOwners
  readonly sharedRuns: SharedRuns
  /** Reads of usage take turns with each other alone: they may take long, and lists must not wait for them. */
  readonly usageRuns: SharedRuns
  readonly keptAnswers: KeptAnswers
  readonly turns: Turns
  readonly authenticator: Authenticator
  readonly viewerWatch: ViewerWatch
  readonly affinitySource: AffinitySource
  readonly affinityStore: AffinityStore
  readonly followUps: Pick<FollowUps, 'find' | 'watch'>
  readonly crossings: Crossings
  /** See Context.ofService. */
  readonly ofService: () => Promise<Context>
  readonly streams: Streams
  readonly clearer: HoldingClearer
  /** The nodes of the gateway; undefined if none is configured. */
  readonly gatewayNodes: GatewayNodes | undefined
  readonly clearFacts: () => ClearFacts
  readonly keyPrefix: string | null
  readonly audit: AuditTrail
  readonly auditReader: AuditReader
  readonly prisma: ReadingPrisma
  readonly metrics: ClearMetrics
  readonly statistics: StatisticsReader
  readonly cacheReservationRatio: number
  readonly mappingSource: ModelMappingSource
  readonly poolSessionSource: PoolSessionSource
  readonly poolSessionStore: PoolSessionStore
  readonly foreignFamilies: ForeignFamilies
  readonly gateway: GatewayStore
  readonly usage: UsageRows
  readonly chains: UsageChains
  readonly clearedPins: () => readonly RemovedPin[]
  readonly gatewayFigures: FixedFigures
  readonly gatewayTraits: () => GatewayTraits
  readonly maskStoredKey: KeyMasker
  /** Unix milliseconds. */
  readonly now: () => number
}

/** The service itself, where it reads for all who listen. */
const SERVICE: Viewer = {
  key: 'service',
  name: 'service',
  role: 'USER',
  canClear: false,
  userId: null,
  permissions: [],
}

/** Creates a context of the service itself. */
export const createServiceContext = (deps: ContextDeps): Context =>
  createContext(
    { ...deps, budgets: undefined },
    {
      viewer: SERVICE,
      clientGone: new AbortController().signal,
      credentials: { authorization: null, deviceId: null, address: '' },
      requestId: 'service',
      userAgent: null,
      disconnect: () => {},
      place: undefined,
    },
  )

export interface RequestFacts {
  /** Who asks, where that needs no credentials. */
  readonly viewer?: Viewer
  /** Aborts when the client disconnects. */
  readonly clientGone: AbortSignal
  readonly credentials: Credentials
  readonly requestId: string
  readonly userAgent: string | null
  readonly disconnect: () => void
  /** The place of the operation among those in flight. */
  readonly place: Place | undefined
}

/** Rows of a read from which on its answer may be kept: to read fewer again costs little, and shows each change at once. */
const LEAST_KEPT = 20_000
/** Time for which a subscription uses rows that it has read, in milliseconds. */
const REFRESH_AFTER_MS = 1_000

/** Creates the context of one request. It reads nothing from a store before it is needed. */
export function createContext(deps: ContextDeps, facts: RequestFacts): Context {
  let viewer = facts.viewer && Promise.resolve(facts.viewer)
  let knownViewer: Viewer | undefined
  const notes = new Map<string, unknown>()
  const stopped = new AbortController()
  let moreTime = (_seconds: number): void => {}
  const gateway = payingForScans(until(stopped.signal, deps.gateway))

  async function authenticate(): Promise<Viewer> {
    const found = await deps.authenticator.authenticate(facts.credentials)
    if (!found) throw new UnauthenticatedError('Send a token: Authorization: Bearer …')
    knownViewer = found
    return found
  }

  // Yoga copies the context's properties once and would read a getter only once. So these objects stay the same, and
  // `refresh` replaces their contents.
  const affinities = { ...affinityReader() }
  let poolSessions = poolSessionReader()
  let mappings = mappingReader()
  const kept: Context['kept'] = (question) => deps.keptAnswers.get(question)
  const loaders = newLoaders()
  let readAt = performance.now()

  /** Large reads of this request, by question: each is paid for once. */
  const asked = new Map<string, Promise<unknown>>()
  /** All that this request has cost so far. */
  let paid = 0

  function noteCost(budget: RequestCost, cost: number): void {
    paid += cost
    notes.set('cost', { ...budget, requested: paid })
  }

  async function pay(cost: number): Promise<void> {
    if (!deps.budgets || cost <= 0) return
    noteCost(await deps.budgets.take((await viewerOnce()).key, cost), cost)
  }

  /** Without an index, API keys are found by their users only in the whole table. */
  function payingForScans(store: GatewayStore): GatewayStore {
    if (!deps.budgets) return store
    const payForScan = async () => payForRead((await deps.gateway.scannedRows()).apiKeysOfUsers)
    return {
      ...store,
      apiKeysOfUsers: (ids) => payForScan().then(() => store.apiKeysOfUsers(ids)),
      apiKeysWithSiblings: (ids) => payForScan().then(() => store.apiKeysWithSiblings(ids)),
    }
  }

  /** A reader that scans reads every affinity, at its first use; the index reads what a page shows. */
  function affinityReader(): AffinityReader {
    const reader = deps.affinitySource.reader()
    if (!deps.budgets || deps.affinitySource.state !== 'scanning') return reader
    const paidFor = once(() => payForRead(deps.affinitySource.sizes.records))
    return {
      page: async (request) => paidFor().then(() => reader.page(request)),
      pageByName: async (request) => paidFor().then(() => reader.pageByName(request)),
      count: async (selection) => paidFor().then(() => reader.count(selection)),
      tally: async (selection, dimension) => paidFor().then(() => reader.tally(selection, dimension)),
      largest: async (selection, dimension, first) =>
        paidFor().then(() => reader.largest(selection, dimension, first)),
      tallyClasses: async (selection, classes) =>
        paidFor().then(() => reader.tallyClasses(selection, classes)),
      matching: async (selection) => paidFor().then(() => reader.matching(selection)),
      distinct: async (dimension) => paidFor().then(() => reader.distinct(dimension)),
      valuesContaining: async (dimension, text) =>
        paidFor().then(() => reader.valuesContaining(dimension, text)),
    }
  }

  /** The sessions of pools are found by a look at every key of the cache. Without a known number the affinities are a part of it. */
  function poolSessionReader(): PoolSessionReader {
    const reader = deps.poolSessionSource.reader()
    const paidFor = once(() => payForRead(scannedKeys() || deps.affinitySource.sizes.records))
    return async () => paidFor().then(reader)
  }

  const scannedKeys = (): number =>
    Math.max(deps.poolSessionStore.scannedKeys, deps.mappingSource.store.scannedKeys)

  /** A page of entries in memory is paid for by its records; a walk looks at every key of the cache. */
  function mappingReader(): ModelMappingReader {
    const reader = deps.mappingSource.reader()
    return once(async () => {
      if (deps.mappingSource.size === undefined)
        await payForRead(scannedKeys() || deps.affinitySource.sizes.records)
      return reader()
    })
  }

  const sizeOf = (size: number): number => Math.min(Math.ceil(size), deps.budgets?.largestRead ?? 0)
  const payForRead = (size: number): Promise<void> => pay(sizeOf(size))

  async function payAndRead<T>({
    question,
    size,
    keep,
    of,
    keptFrom = LEAST_KEPT,
    run,
  }: SharedRead<T>): Promise<T> {
    const { budgets } = deps
    const expected = keep || budgets ? await size() : 0
    const isKept = keep !== undefined && expected >= keptFrom
    const budget = (await viewerOnce()).key
    const price = budgets ? sizeOf(expected) : 0
    await pay(price)
    const runs = of === 'usage' ? deps.usageRuns : deps.sharedRuns
    const inTurn = () =>
      runs.run(question, budget, stopped.signal, (signal) => {
        const shared = until(signal, deps.gateway)
        const reader = deps.affinitySource.reader()
        const beganAt = performance.now()
        const loaders = createLoaders(shared, () => superseded(reader))
        const running = run({ affinities: reader, gateway: shared, loaders }, signal)
        return isKept
          ? running.then((answer) => {
              deps.keptAnswers.put(question, keep(answer), beganAt)
              return answer
            })
          : running
      })
    const answer = await (facts.place ? facts.place.away(inTurn) : inTurn())
    if (budgets) {
      // Some sizes are known only after the first read.
      const more = sizeOf(await size()) - price
      if (more > 0) {
        paid += more
        await budgets.charge(budget, more)
      }
    }
    return answer
  }

  /** The rows of walks; new ones when those that are kept are old or too many. */
  function walkRows(): WalkRows {
    const rows = kept(WALK_ROWS) as WalkRows | undefined
    if (rows && !isFull(rows)) return rows
    const made = createWalkRows()
    deps.keptAnswers.put(WALK_ROWS, made, performance.now())
    return made
  }

  /** Single verdicts are those of the judge that lists use, if one is kept. */
  function newLoaders(): Loaders {
    const made = createLoaders(gateway, () => superseded(affinities))
    const judged = kept(VERDICTS) as Judged | undefined
    if (judged) made.verdicts.use(judged.judge)
    return made
  }

  /** Only the records of one process tell which of them it has forgotten: the epochs of several collide. */
  async function superseded(reader: AffinityReader): Promise<readonly string[]> {
    const nodes = deps.gatewayNodes
    const isOneProcess = nodes?.urls.length === 1 && nodes.states().every(({ alternates }) => !alternates)
    return isOneProcess && deps.gatewayTraits().generation === 'PROCESS_MEMORY'
      ? supersededEpochs(reader)
      : []
  }

  function refreshReaders(): void {
    Object.assign(affinities, affinityReader())
    poolSessions = poolSessionReader()
    mappings = mappingReader()
    asked.clear()
  }

  function viewerOnce(): Promise<Viewer> {
    viewer ??= authenticate()
    return viewer
  }

  return {
    measure: 'limit',
    isCharged: deps.budgets !== undefined,
    pay,
    payForRead,
    kept,
    mayTake: (seconds) => moreTime(seconds),
    onMayTake(listener) {
      moreTime = listener
    },
    shared<T>(read: SharedRead<T>): Promise<T> {
      const known = asked.get(read.question)
      if (known) return known as Promise<T>
      const answer = payAndRead(read)
      asked.set(read.question, answer)
      return answer
    },
    watchViewer: (onLost) => deps.viewerWatch.watch(facts.credentials, onLost),
    joinWalk() {
      shareRows(loaders, walkRows())
    },
    adopt(readers: Readers) {
      Object.assign(affinities, readers.affinities)
      adoptRows(loaders, readers.loaders)
    },
    apiKeyOwners: deps.apiKeyOwners,
    turns: deps.turns,
    affinitySizes: {
      get records() {
        return deps.affinitySource.sizes.records
      },
      values: (dimension) => deps.affinitySource.sizes.values(dimension),
    },
    viewer: viewerOnce,
    knownViewer: () => knownViewer,
    requestId: facts.requestId,
    clientAddress: facts.credentials.address,
    userAgent: facts.userAgent,
    affinities,
    affinityStore: deps.affinityStore,
    clearer: deps.clearer,
    gatewayNodes: () => deps.gatewayNodes?.states() ?? [],
    clearFacts: deps.clearFacts,
    keyPrefix: deps.keyPrefix,
    audit: deps.audit,
    auditReader: deps.auditReader,
    prisma: deps.prisma,
    metrics: deps.metrics,
    statistics: deps.statistics,
    observed: () => deps.affinitySource.observed(),
    history: deps.affinitySource.history,
    changes: deps.affinitySource.changes,
    followUps: deps.followUps,
    cacheReservationRatio: deps.cacheReservationRatio,
    mappings: () => mappings(),
    scannedKeys,
    modelMappings: deps.mappingSource.store,
    poolSessions: () => poolSessions(),
    poolSessionStore: deps.poolSessionStore,
    foreignFamilies: deps.foreignFamilies,
    judgeNow: async (pins) => gateway.judge(pinIds(pins, await superseded(deps.affinitySource.reader()))),
    gateway,
    usage: deps.usage,
    chains: deps.chains,
    clearedPins: deps.clearedPins,
    gatewayFigures: deps.gatewayFigures,
    gatewayTraits: deps.gatewayTraits,
    loaders,
    refresh(since = 0) {
      if (readAt >= since && performance.now() - readAt <= REFRESH_AFTER_MS) return
      readAt = performance.now()
      Object.assign(loaders, newLoaders())
      refreshReaders()
    },
    refreshReaders,
    release() {
      forgetRows(loaders)
      asked.clear()
    },
    onAffinityEvent: (listener, onLost) => deps.affinitySource.events(listener, onLost),
    crossings: deps.crossings,
    ofService: deps.ofService,
    streams: deps.streams,
    disconnect: facts.disconnect,
    clientGone: facts.clientGone,
    stop: (reason) => stopped.abort(reason),
    stopped: stopped.signal,
    login: (name, password) => deps.authenticator.login(name, password, facts.credentials.address),
    async signOut() {
      const revoke = await deps.authenticator.signOut(facts.credentials.authorization)
      return async () => {
        await revoke()
        viewer = undefined
      }
    },
    maskStoredKey: deps.maskStoredKey,
    note(name, value) {
      notes.set(name, value)
    },
    notes,
    now: () => deps.now() / 1_000,
    cacheNow: () => deps.affinitySource.cacheNow() / 1_000,
  }
}

/** Wraps the store so that it starts no further read after the signal has aborted. */
function until(signal: AbortSignal, gateway: GatewayStore): GatewayStore {
  const begun = Object.entries(gateway).map(([name, read]) => [
    name,
    (...args: readonly unknown[]) => {
      signal.throwIfAborted()
      return Reflect.apply(read, gateway, args)
    },
  ])
  return Object.fromEntries(begun)
}
