import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ClearMetrics } from '../../context.js'
import type { Generation } from '../../gateway/gateway.js'
import type { NodeState } from '../../gateway/nodes/gateway-nodes.js'
import type { GatewayState } from '../../statistics/gateway-poller.js'
import type { Statistics } from '../../statistics/statistics.js'
import { goingFirst } from '../../util/going-first.js'
import type { Health } from '../http/health.js'
import { CUT_REASONS, type CutReason } from '../http/transport-limits.js'
import { describeStatement } from './describe.js'
import { GATEWAY_GAUGES } from './metrics-gateway.js'

/** Labels of one answered GraphQL operation. None is a text of the client, which would make an unbounded number of series. */
export interface OperationDone {
  readonly kind: 'query' | 'mutation' | 'subscription' | 'none'
  /** A root field of the schema, `several` or `none`. */
  readonly operation: string
  /** `OK`, or the public code of its first error. */
  readonly outcome: string
}

/**
 * Sources of the figures that are read at each scrape. `statistics` and `countAffinities` may reject; their gauges are then
 * left out.
 */
export interface MetricSources {
  statistics(): Promise<Statistics>
  /** Live affinities now. */
  countAffinities(): Promise<number>
  health(): Promise<Health>
  /** Number of records in the index; undefined if there is no index. */
  indexSize(): number | undefined
  /** Number of records that reconciles have corrected since the start; anything but 0 is a bug. */
  indexDrift(): number
  /** About the bytes that reconciles have sent to the cache and received since the start. */
  reconcileBytes(): number
  /** What is followed since clears. */
  followUps(): { readonly affinities: number; readonly clears: number; readonly dropped: number }
  /** Number of affinity keys whose values cannot be read. */
  brokenRecords(): number
  gateways(): readonly GatewayState[]
  generation(): Generation
  nodes(): readonly NodeState[]
  /** What the caches earned in the last 24 hours; undefined if it is not asked for, or cannot be read. */
  saved(): Promise<Saved | undefined>
  /** What switches cost in the last 24 hours, in US dollars; undefined likewise. */
  lostUsd(): Promise<number | null | undefined>
}

/** In US dollars; null: no request has such a figure. */
export interface Saved {
  readonly netSavedUsd: number | null
  readonly unpricedRequests: number
}

/** Everything that `/metrics` shows. */
export interface Metrics extends ClearMetrics {
  readonly registry: Registry
  operationDone(operation: OperationDone, seconds: number): void
  redisCommandDone(command: string, seconds: number, failed: boolean): void
  sqlStatementDone(sql: string, seconds: number): void
  /** Counts write-backs that the guard deleted again after a clear. */
  guardDeleted(count: number): void
  /** Counts a client whose connection or request was refused or cut. */
  clientCut(reason: CutReason): void
  /** Renders all metrics in the Prometheus text format; also while a store is down. */
  render(sources: MetricSources): Promise<string>
}

export interface MetricsOptions {
  /** Names of the database's tables. A statement on anything else is counted as `other`. */
  readonly tables: readonly string[]
}

const OPERATION_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const STORE_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

let ofProcess: Registry | undefined

/**
 * What prom-client measures of the process itself. All services of a process share it, since its timer and its observer of
 * the garbage collection run until the process ends.
 */
function processMetrics(): Registry {
  if (ofProcess) return ofProcess
  ofProcess = new Registry()
  collectDefaultMetrics({ register: ofProcess, prefix: 'affinityql_' })
  return ofProcess
}

/** Creates the metrics in a registry of their own, without prom-client's global state. */
export function createMetrics({ tables }: MetricsOptions): Metrics {
  const registry = Registry.merge([processMetrics()])
  const registers = [registry]
  const tableOf = tableFinder(tables)

  const gateway = GATEWAY_GAUGES.map(({ name, help, read }) => ({
    gauge: new Gauge({ name, help, registers }),
    read,
  }))
  new Gauge({
    name: 'cache_scheduler_info',
    help: 'Always 1; the label names the scheduler.',
    labelNames: ['scheduler'],
    registers,
  }).set({ scheduler: 'cache_aware' }, 1)

  const operations = new Counter({
    name: 'affinityql_graphql_operations_total',
    help: 'GraphQL operations answered, by kind, root field and outcome (OK or an error code).',
    labelNames: ['kind', 'operation', 'outcome'],
    registers,
  })
  const operationSeconds = new Histogram({
    name: 'affinityql_graphql_operation_duration_seconds',
    help: 'Seconds from the request to the answer of a GraphQL operation.',
    labelNames: ['kind', 'operation'],
    buckets: OPERATION_SECONDS,
    registers,
  })
  const redisSeconds = new Histogram({
    name: 'affinityql_redis_command_duration_seconds',
    help: 'Seconds from sending a Redis command to its answer.',
    labelNames: ['command'],
    buckets: STORE_SECONDS,
    registers,
  })
  const redisFailures = new Counter({
    name: 'affinityql_redis_command_failures_total',
    help: 'Redis commands that were refused, or not answered in time.',
    labelNames: ['command'],
    registers,
  })
  const sqlSeconds = new Histogram({
    name: 'affinityql_sql_statement_duration_seconds',
    help: 'Seconds that an SQL statement took, by the first table it names.',
    labelNames: ['table'],
    buckets: STORE_SECONDS,
    registers,
  })
  const clears = new Counter({
    name: 'affinityql_clears_total',
    help: 'Clears asked for, by audit action and outcome (done, dry or failed).',
    labelNames: ['action', 'outcome'],
    registers,
  })
  const clearedRecords = new Counter({
    name: 'affinityql_cleared_records_total',
    help: 'Cache entries confirmed deleted by clears, by audit action.',
    labelNames: ['action'],
    registers,
  })
  const guardDeletes = new Counter({
    name: 'affinityql_guard_deletes_total',
    help: 'Records deleted again that a gateway had written back after a clear.',
    registers,
  })
  const cuts = new Counter({
    name: 'affinityql_clients_cut_total',
    help: 'Connections and requests that were refused or cut because clients took too much, by reason.',
    labelNames: ['reason'],
    registers,
  })
  for (const reason of CUT_REASONS) cuts.inc({ reason }, 0)
  const cacheUp = new Gauge({
    name: 'affinityql_cache_up',
    help: 'Whether the cache answers: 1 or 0.',
    registers,
  })
  const databaseUp = new Gauge({
    name: 'affinityql_database_up',
    help: 'Whether the database answers: 1 or 0.',
    registers,
  })
  const gatewayUp = new Gauge({
    name: 'affinityql_gateway_up',
    help: 'Whether a gateway of GATEWAY_URLS answered its last poll: 1 or 0.',
    labelNames: ['gateway'],
    registers,
  })
  const gatewayInfo = new Gauge({
    name: 'affinityql_gateway_info',
    help: 'Always 1; the label names the generation of the gateway whose tables are read.',
    labelNames: ['generation'],
    registers,
  })
  const nodes = NODE_GAUGES.map(({ name, help, fact }) => ({
    gauge: new Gauge({ name, help, labelNames: ['node'], registers }),
    fact,
  }))
  const indexRecords = new Gauge({
    name: 'affinityql_index_records',
    help: 'Affinities that the live index holds in memory.',
    registers,
  })
  const indexDrift = new Gauge({
    name: 'affinityql_index_drift_records',
    help: 'Affinities that a reconcile found to differ from the cache although no change was announced, since the start.',
    registers,
  })
  const reconcileBytes = new Counter({
    name: 'affinityql_reconcile_bytes_total',
    help: 'Bytes, about, that comparisons of the index with the cache have sent and received.',
    registers,
  })
  const brokenRecords = new Gauge({
    name: 'affinityql_broken_records',
    help: 'Keys of the affinity family whose values cannot be read.',
    registers,
  })

  const netSaved = new Gauge({
    name: 'affinityql_net_saved_usd',
    help: 'US dollars at list price that the providers’ caches saved in the last 24 hours, less what writing to them cost.',
    registers,
  })
  const lost = new Gauge({
    name: 'affinityql_lost_to_switches_usd',
    help: 'US dollars at list price that were paid in the last 24 hours because requests went to another provider key than the one before.',
    registers,
  })
  const unpriced = new Gauge({
    name: 'affinityql_unpriced_requests',
    help: 'Requests of the last 24 hours whose prices are unknown, which the saving leaves out.',
    registers,
  })
  const followed = new Gauge({
    name: 'affinityql_follow_up_affinities',
    help: 'Affinities that clears of the last hour removed, and whose return is followed.',
    registers,
  })
  const followedClears = new Gauge({
    name: 'affinityql_follow_up_clears',
    help: 'Clears of the last hour that have a follow-up.',
    registers,
  })
  const droppedFollowUps = new Counter({
    name: 'affinityql_follow_ups_dropped_total',
    help: 'Follow-ups of clears that were given up before their hour was over, because of the bound on their memory.',
    registers,
  })

  async function collect(sources: MetricSources): Promise<void> {
    const [statistics, affinities, health, saved, lostUsd] = await goingFirst(() =>
      Promise.all([
        sources.statistics().catch(() => undefined),
        sources.countAffinities().catch(() => undefined),
        sources.health(),
        sources.saved(),
        sources.lostUsd(),
      ]),
    )
    show(netSaved, saved?.netSavedUsd ?? undefined)
    show(unpriced, saved?.unpricedRequests)
    show(lost, lostUsd ?? undefined)
    for (const { gauge, read } of gateway) show(gauge, read({ statistics, affinities }))
    const isUp = (name: string) => health.dependencies[name]?.state === 'up'
    cacheUp.set(isUp('cache') && statistics !== undefined && affinities !== undefined ? 1 : 0)
    databaseUp.set(isUp('database') ? 1 : 0)
    gatewayUp.reset()
    for (const { url, isUp } of sources.gateways()) gatewayUp.set({ gateway: url }, isUp ? 1 : 0)
    gatewayInfo.reset()
    gatewayInfo.set({ generation: sources.generation() }, 1)
    for (const { gauge, fact } of nodes) {
      gauge.reset()
      for (const state of sources.nodes()) {
        const value = state[fact]
        if (value !== null) gauge.set({ node: state.url }, value ? 1 : 0)
      }
    }
    show(indexRecords, sources.indexSize())
    indexDrift.set(sources.indexDrift())
    reconcileBytes.reset()
    reconcileBytes.inc(sources.reconcileBytes())
    const { affinities: followedCount, clears: clearCount, dropped } = sources.followUps()
    followed.set(followedCount)
    followedClears.set(clearCount)
    droppedFollowUps.reset()
    droppedFollowUps.inc(dropped)
    brokenRecords.set(sources.brokenRecords())
  }

  let rendering: Promise<string> | undefined

  return {
    registry,
    operationDone({ kind, operation, outcome }, seconds) {
      operations.inc({ kind, operation, outcome })
      operationSeconds.observe({ kind, operation }, seconds)
    },
    redisCommandDone(command, seconds, failed) {
      redisSeconds.observe({ command }, seconds)
      if (failed) redisFailures.inc({ command })
    },
    sqlStatementDone(sql, seconds) {
      sqlSeconds.observe({ table: tableOf(sql) }, seconds)
    },
    clearDone(action, outcome, clearedCount) {
      clears.inc({ action, outcome })
      if (outcome !== 'dry') clearedRecords.inc({ action }, clearedCount)
    },
    guardDeleted(count) {
      guardDeletes.inc(count)
    },
    clientCut(reason) {
      cuts.inc({ reason })
    },
    // Overlapping runs are one (single flight), since they set the same gauges.
    render(sources) {
      rendering ??= collect(sources)
        .then(() => registry.metrics())
        .finally(() => {
          rendering = undefined
        })
      return rendering
    },
  }
}

/** What is known of each node of the gateway. A fact that is not known has no line. */
const NODE_GAUGES = [
  {
    name: 'affinityql_gateway_node_reachable',
    help: 'Whether a node of GATEWAY_URLS answered when it was last looked at: 1 or 0.',
    fact: 'reachable',
  },
  {
    name: 'affinityql_gateway_node_can_clear',
    help: 'Whether a node of GATEWAY_URLS accepts the token for clears: 1 or 0.',
    fact: 'canClear',
  },
  {
    name: 'affinityql_gateway_node_alternates',
    help: 'Whether the answers of one address of GATEWAY_URLS come from several processes: 1 or 0.',
    fact: 'alternates',
  },
] as const satisfies readonly {
  readonly name: string
  readonly help: string
  readonly fact: keyof NodeState
}[]

/** Sets a gauge, or removes its line if the value is unknown: an unknown value is not 0. */
function show(gauge: Gauge, value: number | undefined): void {
  if (value === undefined) gauge.remove()
  else gauge.set(value)
}

function tableFinder(tables: readonly string[]): (sql: string) => string {
  const known = new Set(tables)
  return (sql) => {
    const { table } = describeStatement(sql)
    return table !== undefined && known.has(table) ? table : 'other'
  }
}
