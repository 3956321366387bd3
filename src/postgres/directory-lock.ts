import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ConfigurationError } from '../errors.js'
import { processTag, runningProcess } from '../util/process-identity.js'

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code

/** Reads a file; undefined if it does not exist. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

/**
 * Creates or replaces a lock file atomically: it is written under another name, and put in place by one system call. So a
 * lock file always names its holder.
 */
function putInPlace(file: string, place: (written: string) => void): void {
  const written = `${file}.${randomUUID()}`
  try {
    writeFileSync(written, `${processTag()}\n`)
    place(written)
  } finally {
    rmSync(written, { force: true })
  }
}

/** Creates a lock file; returns false if it exists already. */
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
 * Takes a lock file, or returns the id of the process that holds it or is about to hold it.
 *
 * If two processes find a stale lock, they must not both remove it: the second would remove the new lock of the first. Only
 * the holder of a second lock, `….next`, may replace a stale lock, and it checks again before it does. After a crash in
 * this function the second lock can be stale too, and is taken in the same way.
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
 * Locks a directory for this process, by a file beside it with the process's id. PGlite has no lock of its own: two
 * processes in one directory would destroy each other's data. A stale lock of a process that has ended is replaced.
 * @returns a function that releases the lock
 * @throws ConfigurationError if another process holds the lock, or this one already does
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
