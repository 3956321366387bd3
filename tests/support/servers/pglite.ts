import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inject, onTestFinished } from 'vitest'
import { createPgliteDatabase } from '../../../src/postgres/database.js'
import { removeDirectory, temporaryDirectory } from './child.js'

/**
 * A PGlite in a directory as its first start leaves it, without a table. Its initdb takes ten times as long as all the rest
 * of a start, so that it runs once a run, and this is a copy. In a test the default directory goes with that test; made in
 * beforeAll, it goes with the worker.
 */
export async function freshPglite(dataDir = ownDirectory()): Promise<string> {
  cpSync(await templateOf(inject('pgliteDirectory')), dataDir, { recursive: true })
  return dataDir
}

function ownDirectory(): string {
  const directory = temporaryDirectory('pglite')
  try {
    onTestFinished(() => removeDirectory(directory))
  } catch {
    // Not called from a test.
  }
  return join(directory, 'database')
}

/** The directory that all copy. The first test file that needs it makes it, and others wait. */
async function templateOf(directory: string): Promise<string> {
  const [made, begun] = [join(directory, 'made'), join(directory, 'begun')]
  while (!existsSync(made)) {
    if (!begins(begun)) await sleep(50)
    else await make(begun, made)
  }
  return made
}

async function make(begun: string, made: string): Promise<void> {
  const dataDir = join(begun, 'database')
  const database = createPgliteDatabase({ dataDir })
  try {
    await database.ping()
    await database.close()
    renameSync(dataDir, made)
  } catch (error) {
    // The next one tries again.
    rmSync(begun, { recursive: true, force: true })
    throw error
  }
}

/** Whether this process is the one that makes it. */
function begins(directory: string): boolean {
  try {
    mkdirSync(directory)
    return true
  } catch (error) {
    if (!existsSync(directory)) throw error
    return false
  }
}
