import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

/**
 * Gives other processes the first core, and this one all others.
 * @returns false if there is one core alone, or no `taskset`
 */
export function keepApart(others: readonly number[]): boolean {
  const cores = availableParallelism()
  if (cores < 2) return false
  const isBound = (pid: number, list: string) =>
    spawnSync('taskset', ['-a', '-p', '-c', list, String(pid)], { stdio: 'ignore' }).status === 0
  return isBound(process.pid, `1-${cores - 1}`) && others.every((pid) => isBound(pid, '0'))
}
