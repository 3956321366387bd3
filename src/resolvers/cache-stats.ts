import type { ObservedFigures } from '../affinities/affinity-source.js'
import type { StorageType } from '../affinities/affinity-store.js'
import type { Context } from '../context.js'
import type { Statistics } from '../statistics/statistics.js'
import { once } from '../util/promises.js'

/** Statistics for one request. Each part is read once, when a field first needs it. */
export interface CacheStats {
  readonly storageType: StorageType
  /** @throws UnavailableError if the cache does not answer */
  statistics(): Promise<Statistics>
  /** Counts the live records. @throws UnavailableError if the cache does not answer */
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

/** Which provider keys the scheduler tries first. */
export const schedulingMode = async ({ loaders }: Context): Promise<string> =>
  (await loaders.schedulingModes()).schedulingMode

/** Whose priorities the scheduler goes by where it has no pin. */
export const priorityMode = async ({ loaders }: Context): Promise<string> =>
  (await loaders.schedulingModes()).priorityMode

/** Computes the share of all uses that kept the pin, 0 to 1; null if no use was seen. */
export function reuseRate({ created, refreshed, providerSwitches, keySwitches }: ObservedFigures) {
  const uses = created + providerSwitches + keySwitches + refreshed
  return uses === 0 ? null : refreshed / uses
}

/** Computes the number of the dynamic reservation's checks, and the share that was in a probe phase; 0 if there were none. */
export function reservationChecks({ scheduler }: Statistics) {
  const totalChecks = scheduler.reservationProbeCount + scheduler.reservationStableCount
  return {
    totalChecks,
    probePhaseRatio: totalChecks === 0 ? 0 : scheduler.reservationProbeCount / totalChecks,
  }
}
