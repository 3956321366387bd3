import { Command } from 'ioredis'
import { runningNow } from '../util/loop-clock.js'

type Timers = { _commandTimeoutTimer?: NodeJS.Timeout | undefined }

/**
 * Counts the time-out of a command in this process's running time: ioredis counts the time in which our event loop is
 * blocked or has no core, too, and then calls a reply late that has long arrived and only waits to be read.
 */
export function countRunningTime(): void {
  Command.prototype.setTimeout = function setTimeoutOfRunningTime(milliseconds: number) {
    // ioredis clears the timer of this name when the command is settled.
    const timers = this as unknown as Timers
    if (timers._commandTimeoutTimer) return
    const until = runningNow() + milliseconds
    const look = () => {
      const left = until - runningNow()
      if (left > 0) timers._commandTimeoutTimer = setTimeout(look, Math.ceil(left))
      // The reply may have arrived but not been read yet.
      else
        setImmediate(() => {
          if (!this.isSettled) this.reject(new Error('Command timed out'))
        })
    }
    timers._commandTimeoutTimer = setTimeout(look, milliseconds)
  }
}
