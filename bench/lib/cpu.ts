import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of a tick, in which Linux counts processor time. */
const TICK_MS = 10

/** The fields of `/proc/<pid>/stat` after the name: the second is the parent, the 12th to the 15th are times. */
const fieldsOf = (pid: number | string): string[] =>
  readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')

/**
 * Milliseconds of processor time that a PostgreSQL server and its sessions have taken; NaN where there is no `/proc`.
 * @param postmaster the process id of the server
 */
export function postgresCpuMs(postmaster: number): number {
  try {
    const [userAt, systemAt, childrenAt, systemOfChildrenAt] = [11, 12, 13, 14]
    const own = fieldsOf(postmaster)
    let ticks = [userAt, systemAt, childrenAt, systemOfChildrenAt].reduce(
      (sum, at) => sum + Number(own[at]),
      0,
    )
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      try {
        const fields = fieldsOf(pid)
        if (Number(fields[1]) === postmaster) ticks += Number(fields[userAt]) + Number(fields[systemAt])
      } catch {
        // It ended since it was listed.
      }
    }
    return ticks * TICK_MS
  } catch {
    return Number.NaN
  }
}

/** Milliseconds of processor time that this process has taken. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
