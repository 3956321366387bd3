import { createProcessClears } from './clear-at-processes.js'
import { createWorkerClears } from './clear-at-workers.js'
import { type ClearDeps, createClearParts } from './clear-parts.js'
import type { HoldingClearer } from './clear-report.js'

/** Creates the clears of this gateway. What it routes by decides how, at each clear, since the tables may change meanwhile. */
export function createHoldingClearer(deps: ClearDeps): HoldingClearer {
  const parts = createClearParts(deps)
  const workers = createWorkerClears(deps, parts)
  const processes = createProcessClears(deps, parts)
  const clears = () => (deps.generation() === 'PROCESS_MEMORY' ? processes : workers)
  return {
    clear: (records, options) => clears().clear(records, options),
    clearAll: (options) => clears().clearAll(options),
    foresee: (records, options) => clears().foresee(records, options),
    foreseeAll: (options) => clears().foreseeAll(options),
  }
}
