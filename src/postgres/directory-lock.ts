import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { ConfigurationError } from '../errors.js'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const textOf = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

// When the process started, in ticks since the machine did: field 22 of Linux's stat, after the name in parentheses.
// In a container, a new process often has the id of the one that crashed.
const startOf = (pid: number): string =>
  textOf(`/proc/${pid}/stat`)
    ?.replace(/^.*\) /s, '')
    .split(' ')[19] ?? ''

/** The process that holds the lock, where it still lives. */
function holderOf(file: string): number | undefined {
  const [id, start = ''] = (textOf(file) ?? '').trim().split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return start === '' || start === startOf(pid) ? pid : undefined
}

/**
 * Takes a directory for this process, by a file beside it with the process's id, and returns what gives it back.
 * PGlite has no lock of its own: two processes in one directory would destroy each other's data.
 * A lock whose process is gone is taken over.
 * @throws ConfigurationError where another process holds it, or this one already does.
 */
export function lockDirectory(directory: string): () => void {
  const file = `${directory.replace(/\/+$/, '')}.lock`
  for (let attempt = 0; attempt < 3; attempt += 1) {
    try {
      writeFileSync(file, `${process.pid} ${startOf(process.pid)}\n`, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const holder = holderOf(file)
    if (holder !== undefined) {
      throw new ConfigurationError([
        `The database directory ${directory} is in use by process ${holder}. Stop that process, or name another directory.`,
      ])
    }
    rmSync(file, { force: true })
  }
  throw new ConfigurationError([`The database directory ${directory} is in use by another process.`])
}
