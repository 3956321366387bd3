/** How the scheduler keeps a share of a provider key's concurrent requests for those that are pinned to it. Shares are 0 to 1. */
export interface DynamicReservation {
  /** The probe phase of a provider key ends after this number of requests. */
  readonly probePhaseRequests: number
  readonly probeReservation: number
  readonly stableMinReservation: number
  readonly stableMaxReservation: number
  readonly lowLoadThreshold: number
  readonly highLoadThreshold: number
}

/** Figures that the gateway's own code fixes: no row and no key tells them. */
export interface FixedFigures {
  /** How long an affinity lasts after its last use where its provider key sets no other time. */
  readonly affinityTtlSeconds: number
  /** How long the gateway keeps what it caches of models. */
  readonly modelCacheTtlSeconds: number
  readonly dynamicReservation: DynamicReservation
}
