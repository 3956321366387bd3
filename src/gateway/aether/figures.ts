import type { FixedFigures } from '../fixed-figures.js'

export const AETHER_FIGURES = {
  affinityTtlSeconds: 300,
  modelCacheTtlSeconds: 300,
  dynamicReservation: {
    probePhaseRequests: 100,
    probeReservation: 0.1,
    stableMinReservation: 0.1,
    stableMaxReservation: 0.35,
    lowLoadThreshold: 0.5,
    highLoadThreshold: 0.8,
  },
} as const satisfies FixedFigures
