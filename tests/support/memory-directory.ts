import { accessSync, constants, readFileSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'

/** The file system that Linux keeps in memory. */
const IN_MEMORY = '/dev/shm'
const GIBIBYTE = 2 ** 30
/** A whole run has some 7 GiB of databases, which go at its end. */
const NEEDED_BYTES = 8 * GIBIBYTE
/** What the programs of the tests need besides. */
const NEEDED_BESIDES = 4 * GIBIBYTE

/**
 * Returns a directory for the files of tests that is in memory, where the machine has one that is large enough and may run
 * programs; otherwise the system's. Hundreds of databases, browser profiles and servers are made and removed in a run: on a
 * slow disk the tests wait for nothing else, and what has a time-out fails.
 */
export function memoryDirectory(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK)
    const { bavail, bsize } = statfsSync(IN_MEMORY)
    const isRoomy =
      bavail * bsize >= NEEDED_BYTES && process.availableMemory() >= NEEDED_BYTES + NEEDED_BESIDES
    if (isRoomy && mayRunPrograms()) return IN_MEMORY
  } catch {
    // There is none, or it is not ours.
  }
  return tmpdir()
}

const mayRunPrograms = (): boolean =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .some(([, place, , options]) => place === IN_MEMORY && !options?.split(',').includes('noexec'))
