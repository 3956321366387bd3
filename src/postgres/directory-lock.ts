import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ConfigurationError } from '../errors.js'
import { processTag, runningProcess } from '../util/process-identity.js'

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** Undefined where there is no file. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/** A lock file names its holder from its first moment on: it is written beside, and put in place by one system call. */
function putInPlace(file: string, place: (written: string) => void): void {
  const written = `${file}.${randomUUID()}`
  try {
    writeFileSync(written, `${processTag()}\n`)
    place(written)
  } finally {
    rmSync(written, { force: true })
  }
}

/** False where there is a file already. */
function create(file: string): boolean {
  try {
    putInPlace(file, (written) => linkSync(written, file))
    return true
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false
    throw error
  }
}

/**
 * Takes a lock file, or returns the id of the process that holds it or is about to.
 *
 * Two processes that find the lock of a process that has ended must not both remove it: the second would remove the lock
 * that the first has just taken. Only the holder of a second lock, `….next`, may replace what is stale, and looks again
 * before it does. That lock can be stale itself, after a crash between two lines of this function: it is taken likewise.
 */
function take(file: string): number | undefined {
  while (!create(file)) {
    const text = textOf(file)
    const holder = text === undefined ? undefined : runningProcess(text)
    if (holder !== undefined) return holder
    if (text === undefined) continue
    const next = `${file}.next`
    const rival = take(next)
    if (rival !== undefined) return rival
    try {
      const now = textOf(file)
      if (now === undefined || runningProcess(now) !== undefined) continue
      putInPlace(file, (written) => renameSync(written, file))
      return undefined
    } finally {
      rmSync(next)
    }
  }
  return undefined
}

/**
 * Takes a directory for this process, by a file beside it with the process's id, and returns what gives it back.
 * PGlite has no lock of its own: two processes in one directory would destroy each other's data.
 * The lock of a process that has ended is taken over.
 * @throws ConfigurationError where another process holds it, or this one already does.
 */
export function lockDirectory(directory: string): () => void {
  const file = `${directory.replace(/\/+$/, '')}.lock`
  const holder = take(file)
  if (holder !== undefined) {
    throw new ConfigurationError([
      `The database directory ${directory} is in use by process ${holder}. Stop that process, or name another directory.`,
    ])
  }
  let isHeld = true
  return () => {
    if (isHeld) rmSync(file, { force: true })
    isHeld = false
  }
}
