import { type ReconcileDeps, reconcile } from './reconcile.js'
import { type RollingDeps, RollingReconcile } from './rolling-reconcile.js'

/** While there is drift, everything is compared so many times in the time of one pass. */
const CHECKS_AFTER_DRIFT = 5

export interface ReconcilerDeps extends Omit<RollingDeps, 'onBytes'> {
  /** Returns a function that returns true once what the index holds is no longer compared, as after an outage. */
  readonly begin: () => () => boolean
  /** Called with the drift of each comparison that found some. */
  readonly onDrift: (drift: number) => void
}

/** Compares the index with the cache: a slice at a time while all is well, everything once there is a doubt. */
export interface Reconciler {
  readonly figures: { readonly reconciles: number; readonly reconcileBytes: number; readonly drift: number }
  /** Compares everything now. @returns the drift: records that differed though the feed reported no change */
  everything(): Promise<number>
  /** Compares what is due by now. */
  due(): Promise<void>
  /** Begins anew, since everything has just been read. */
  restart(): void
}

export function createReconciler(deps: ReconcilerDeps): Reconciler {
  const { begin, clock, periodMs, onDrift } = deps
  const figures = { reconciles: 0, reconcileBytes: 0, drift: 0 }
  const counted: ReconcileDeps & RollingDeps = {
    ...deps,
    onBytes(bytes) {
      figures.reconcileBytes += bytes
    },
  }
  const rolling = new RollingReconcile(counted)
  /** When everything is compared again because of drift; undefined if there is no doubt. */
  let doubtUntil: number | undefined

  function count(drift: number): void {
    figures.drift += drift
    if (drift > 0) onDrift(drift)
  }

  async function everything(): Promise<number> {
    const isCancelled = begin()
    const drift = await reconcile(counted, isCancelled)
    if (isCancelled()) return 0
    figures.reconciles += 1
    rolling.restart()
    doubtUntil = drift > 0 ? clock() + periodMs / CHECKS_AFTER_DRIFT : undefined
    count(drift)
    return drift
  }

  return {
    figures,
    everything,
    async due() {
      if (doubtUntil !== undefined && clock() >= doubtUntil) {
        await everything()
        return
      }
      const isCancelled = begin()
      const { drift, endedPass } = await rolling.round(isCancelled)
      if (isCancelled()) return
      if (endedPass) figures.reconciles += 1
      count(drift)
      if (drift === 0 || doubtUntil !== undefined) return
      // One record of which nothing was told makes all others doubtful.
      await everything()
    },
    restart() {
      doubtUntil = undefined
      rolling.restart()
    },
  }
}
