import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { OverloadedError, UnavailableError } from '../errors.js'
import { AUDIT_ACTIONS, type AuditEventRow, type AuditOutcome, type AuditStore } from './audit-store.js'

const spooled = z.object({
  event: z.object({
    id: z.string(),
    action: z.string(),
    success: z.boolean(),
    createdAt: z.coerce.date(),
    actorId: z.string().nullable(),
    actorName: z.string(),
    ipAddress: z.string().nullable(),
    requestId: z.string().nullable(),
    errorMessage: z.string().nullable(),
    metadata: z.unknown(),
  }),
  outcome: z.object({
    action: z.enum(AUDIT_ACTIONS).optional(),
    success: z.boolean(),
    statusCode: z.number(),
    errorMessage: z.string().nullable(),
    result: z.record(z.string(), z.unknown()),
    revision: z.number().optional(),
  }),
})

/** Keeps outcomes on disk while the database cannot take them. */
export interface AuditSpool {
  /** Writes an outcome to disk. It is synced (fsync) when this resolves. */
  keep(event: AuditEventRow, outcome: AuditOutcome): Promise<void>
  /** Writes all kept outcomes to the database. One that fails stays, and does not stop the others. Never rejects. */
  flush(store: Pick<AuditStore, 'complete'>): Promise<Flushed>
}

export interface Flushed {
  /** How many outcomes were written. */
  readonly written: number
  /** Files that could not be read, or that the database refused. `.` is the directory itself. */
  readonly failed: readonly { readonly name: string; readonly error: unknown }[]
  /** The number of outcomes that were not written because the database does not answer. */
  readonly waiting: number
  /** The error of the database that does not answer. */
  readonly unavailable?: OverloadedError | UnavailableError
}

/**
 * Creates a spool with one file for each outcome, named by the event. A file is complete or does not exist. Two processes
 * can share the directory, since an outcome may be written twice, and an earlier one never replaces a later one.
 */
export function createAuditSpool(directory: string): AuditSpool {
  return {
    async keep(event, outcome) {
      await mkdir(directory, { recursive: true, mode: 0o700 })
      // A later outcome of an event gets a file of its own: another process may just be writing the earlier one.
      const path = join(directory, `${[event.id, outcome.revision ?? []].flat().join('.')}.json`)
      const file = await open(`${path}.tmp`, 'w', 0o600)
      try {
        await file.writeFile(JSON.stringify({ event, outcome }))
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(`${path}.tmp`, path)
      await syncDirectory(directory)
    },
    async flush(store) {
      let written = 0
      const failed: { name: string; error: unknown }[] = []
      const names = await filesIn(directory).catch((error: unknown) => {
        failed.push({ name: '.', error })
        return []
      })
      for (const [position, name] of names.entries()) {
        const path = join(directory, name)
        try {
          const text = await readFile(path, 'utf8').catch(ignoreMissing)
          if (text === undefined) continue
          const { event, outcome } = spooled.parse(JSON.parse(text))
          const { action, revision, ...rest } = outcome
          await store.complete(
            { ...event, metadata: event.metadata },
            { ...rest, ...(action && { action }), ...(revision !== undefined && { revision }) },
          )
          await rm(path, { force: true })
          written += 1
        } catch (error) {
          if (error instanceof UnavailableError || error instanceof OverloadedError)
            return { written, failed, waiting: names.length - position, unavailable: error }
          failed.push({ name, error })
        }
      }
      return { written, failed, waiting: 0 }
    },
  }
}

/** Syncs a directory: without this the name of a new file can be lost in a crash. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const filesIn = async (directory: string): Promise<string[]> =>
  ((await readdir(directory).catch(ignoreMissing)) ?? []).filter((name) => name.endsWith('.json')).sort()

/** Ignores a missing file: there is no spool yet, or another process has written this outcome meanwhile. */
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
