import { UnavailableError } from '../../errors.js'
import type { AskedFor, NodeClear } from '../../gateway/nodes/gateway-nodes.js'
import type { AffinityRecord } from '../affinity-record.js'
import type { ClearWarning } from './clear-warning.js'
import type { Choice } from './still-meant.js'

export interface ClearOptions extends Choice {
  /** What the caller asked for, where it is wider than the records. */
  readonly asked?: AskedFor | undefined
  /** The administrator who clears; null for a static token. */
  readonly actorId: string | null
  /** The audit event of this clear, by which its follow-up is found; without it there is none. */
  readonly auditEventId?: string | undefined
}

/** What a clear of everything needs to know. */
export type ClearAllOptions = Pick<ClearOptions, 'actorId' | 'auditEventId'>

export interface ClearReport {
  /** Distinct pins that went. */
  readonly clearedCount: number
  /** Records that were meant when they were chosen, and no longer when they came to be removed: they stayed. */
  readonly sparedCount: number
  readonly nodes: readonly NodeClear[]
  readonly warnings: readonly ClearWarning[]
  /** The API key whose name was written again, so that the clear acts at once; null if none was. */
  readonly wroteApiKey: string | null
  /** See `ClearWatch.writtenBack`. */
  readonly writtenBack: Promise<number | null>
}

/** What a clear would do. */
export interface ClearForecast {
  readonly clearedCount: number
  readonly warnings: readonly ClearWarning[]
}

/** Clears affinities so that they stay cleared, as far as the gateway beside this service lets go of them. */
export interface HoldingClearer {
  /**
   * Answers after the first pass; what comes back is dealt with behind it.
   * @throws UnavailableError, with the nodes that were called
   */
  clear(records: readonly AffinityRecord[], options: ClearOptions): Promise<ClearReport>
  clearAll(options: ClearAllOptions): Promise<ClearReport>
  /** Calls no node. */
  foresee(records: readonly AffinityRecord[], options: ClearOptions): Promise<ClearForecast>
  foreseeAll(options: Pick<ClearOptions, 'actorId'>): Promise<ClearForecast>
}

/** A report before it is known what comes back. */
export type FirstReport = Omit<ClearReport, 'writtenBack'>

/** A failure after nodes were called says what these did. */
export function withNodes(error: unknown, nodes: readonly NodeClear[]): unknown {
  if (!(error instanceof UnavailableError)) return error
  const { code, message, cause, clearedCount } = error
  return new UnavailableError(code, message, { cause, clearedCount, nodes })
}
