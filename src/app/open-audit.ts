import type { Logger } from 'pino'
import { type AuditReader, createAuditReader } from '../audit/audit-reader.js'
import { createAuditSpool } from '../audit/audit-spool.js'
import type { AuditStore } from '../audit/audit-store.js'
import { type AuditTrail, createAuditTrail } from '../audit/audit-trail.js'
import { createPendingIntents } from '../audit/pending-intents.js'
import { createPrismaAuditStore } from '../audit/prisma-audit-store.js'
import type { Config } from '../config/load-config.js'
import type { Database } from '../postgres/database.js'
import { createReadingPrisma, type ReadingPrisma } from '../postgres/database-errors.js'
import { hasEnded, instanceTag } from '../util/process-identity.js'

/** Time that a stop waits for running clears, in milliseconds. A clear of a million affinities takes less. */
const CLEARS_MS = 30_000
/**
 * Time that a stop then waits until the outcomes of the clears are in the database or on disk, in milliseconds. It is longer
 * than the limit of one statement, after which an outcome that a hung database does not take goes to the spool.
 */
const OUTCOMES_MS = 6_000

export interface Audit {
  readonly store: AuditStore
  readonly trail: AuditTrail
  readonly reader: AuditReader
  readonly prisma: ReadingPrisma
  /** Waits up to `CLEARS_MS` for running clears. */
  clearsDone(): Promise<void>
  /** Waits up to `OUTCOMES_MS` until every outcome is written or spooled. */
  outcomesKept(): Promise<void>
  /** Ends what other processes have left open. Never rejects. */
  start(): Promise<void>
  stopLooking(): void
}

export interface AuditDeps {
  readonly config: Pick<Config, 'auditSpoolDir'>
  readonly database: Database
  readonly logger: Logger
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Opens the audit trail: it writes the outcomes that wait in the spool, and takes new intents. */
export async function openAudit({ config, database, logger, now }: AuditDeps): Promise<Audit> {
  const store = createPrismaAuditStore(database.prisma, { now, instance: instanceTag() })
  const trail = createAuditTrail({ store, spool: createAuditSpool(config.auditSpoolDir), log: logger })
  await trail.start()
  const pendingIntents = createPendingIntents({ store, hasEnded, log: logger })
  const prisma = createReadingPrisma(database.prisma)
  return {
    store,
    trail,
    reader: createAuditReader(prisma, { now, hasEnded }),
    prisma,
    async clearsDone() {
      if (trail.running > 0) logger.info({ running: trail.running }, 'the stop waits for clears that run')
      if (await trail.settled(CLEARS_MS)) return
      logger.error({ running: trail.running }, 'clears run for too long; the stop ends them where they are')
    },
    async outcomesKept() {
      await trail.settled(OUTCOMES_MS)
    },
    start: () => pendingIntents.start(),
    stopLooking: () => pendingIntents.stop(),
  }
}
