import { readFileSync, readlinkSync } from 'node:fs'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Undefined on systems that are not Linux. */
const orUndefined = (read: () => string): string | undefined => {
  try {
    return read().trim()
  } catch {
    return undefined
  }
}

// When the process started, in ticks since the machine did: field 22 of Linux's stat, after the name in parentheses.
// In a container, a new process often has the id of the one that crashed.
const startOf = (pid: number): string =>
  orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    ?.replace(/^.*\) /s, '')
    .split(' ')[19] ?? ''

/** This process on its machine: its id and, on Linux, when it started. */
export const processTag = (): string => `${process.pid} ${startOf(process.pid)}`.trim()

/** The id of the process with this tag, where it still runs on this machine; undefined also where the text is no tag. */
export function runningProcess(tag: string): number | undefined {
  const [id, start = ''] = tag.trim().split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return start === '' || start === startOf(pid) ? pid : undefined
}

// Ids of processes mean something within one boot of one kernel and one namespace (one container) of it alone.
const placeOf = (): string | undefined =>
  orUndefined(
    () =>
      `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`,
  )

/** This process among all processes of all machines. No clock is asked, and no name of a machine is told. */
export const instanceTag = (): string => `${placeOf() ?? 'elsewhere'} ${processTag()}`

/**
 * Whether the instance with this tag has certainly ended: only a process beside this one can be looked at. False is also
 * the answer for an instance in another container or on another machine, whatever has become of it.
 */
export function hasEnded(tag: string): boolean {
  const place = placeOf()
  if (place === undefined || !tag.startsWith(`${place} `)) return false
  return runningProcess(tag.slice(place.length + 1)) === undefined
}
