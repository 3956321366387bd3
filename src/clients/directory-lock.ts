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

function ownerOf(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
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
      writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const owner = ownerOf(file)
    if (owner !== undefined && isAlive(owner)) {
      throw new ConfigurationError([
        `The database directory ${directory} is in use by process ${owner}. Stop that process, or name another directory.`,
      ])
    }
    rmSync(file, { force: true })
  }
  throw new ConfigurationError([`The database directory ${directory} is in use by another process.`])
}
