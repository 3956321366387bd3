import type { ObservedFigures } from '../affinities/affinity-source.js'
import type { StorageType } from '../affinities/affinity-store.js'
import type { Context } from '../context.js'
import type { Statistics } from '../statistics/statistics.js'
import { once } from '../util/once.js'

/** Statistics as of one request. Each part is read when a field first asks for it, and then once. */
export interface CacheStats {
  readonly storageType: StorageType
  /** @throws UnavailableError where the cache does not answer */
  statistics(): Promise<Statistics>
  /** Live records now. @throws UnavailableError where the cache does not answer */
  totalAffinities(): Promise<number>
  readonly observed: ObservedFigures
}

export function cacheStats(context: Context): CacheStats {
  const { statistics, affinities } = context
  return {
    storageType: statistics.storageType,
    statistics: once(() => statistics.read()),
    totalAffinities: once(() => affinities.count({})),
    observed: context.observed(),
  }
}

const SCHEDULING_MODES = ['cache_affinity', 'fixed_order']
const PRIORITY_MODES = ['provider', 'global_key']

/** `system_configs.scheduling_mode`; the gateway's default where it is not set, or set to what nobody knows. */
export const schedulingMode = (context: Context): Promise<string> =>
  configured('scheduling_mode', SCHEDULING_MODES, 'cache_affinity', context)

/** `system_configs.provider_priority_mode`, with its default as above. */
export const priorityMode = (context: Context): Promise<string> =>
  configured('provider_priority_mode', PRIORITY_MODES, 'provider', context)

async function configured(
  key: string,
  known: readonly string[],
  fallback: string,
  { loaders }: Context,
): Promise<string> {
  const value = await loaders.systemConfigs.load(key)
  return known.find((mode) => mode === value) ?? fallback
}

/** The share of all uses that kept the pin, 0 to 1; null if no use was seen. */
export function reuseRate({ created, refreshed, providerSwitches, keySwitches }: ObservedFigures) {
  const uses = created + providerSwitches + keySwitches + refreshed
  return uses === 0 ? null : refreshed / uses
}

/** Checks of the dynamic reservation, and the share of them that fell into a probe phase: 0 where there was none. */
export function reservationChecks({ scheduler }: Statistics) {
  const totalChecks = scheduler.reservationProbeCount + scheduler.reservationStableCount
  return {
    totalChecks,
    probePhaseRatio: totalChecks === 0 ? 0 : scheduler.reservationProbeCount / totalChecks,
  }
}
