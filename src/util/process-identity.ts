import { readFileSync, readlinkSync } from 'node:fs'

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process is alive, and belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Reads a file of Linux's /proc; undefined on other systems. */
const orUndefined = (read: () => string): string | undefined => {
  try {
    return read().trim()
  } catch {
    return undefined
  }
}

// The start time of a process, in clock ticks since boot: field 22 of /proc/<pid>/stat, counted after the name in
// parentheses. It is needed because in a container a new process often has the id of the one that crashed.
const startOf = (pid: number): string =>
  orUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
    ?.replace(/^.*\) /s, '')
    .split(' ')[19] ?? ''

/** Returns a tag of this process that is unique on its machine: its id and, on Linux, its start time. */
export const processTag = (): string => `${process.pid} ${startOf(process.pid)}`.trim()

/** Returns the id of the process with this tag if it still runs on this machine; undefined also if the text is no tag. */
export function runningProcess(tag: string): number | undefined {
  const [id, start = ''] = tag.trim().split(' ')
  const pid = Number(id)
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return start === '' || start === startOf(pid) ? pid : undefined
}

// A process id is unique only within one boot of a kernel and one PID namespace (container): this names both.
const placeOf = (): string | undefined =>
  orUndefined(
    () =>
      `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`,
  )

/** Returns a tag of this process that is unique among all machines, without a clock and without a host name. */
export const instanceTag = (): string => `${placeOf() ?? 'elsewhere'} ${processTag()}`

/**
 * Returns true if the instance with this tag has certainly ended. Only processes in the same container or on the same
 * machine can be checked: for all others it returns false.
 */
export function hasEnded(tag: string): boolean {
  const place = placeOf()
  if (place === undefined || !tag.startsWith(`${place} `)) return false
  return runningProcess(tag.slice(place.length + 1)) === undefined
}
