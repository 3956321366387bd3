import type { SubscribeOptions } from '../client/index.js'
import type { Terminal } from './terminal.js'

/**
 * Says on stderr when a stream breaks off, and when it is back. The same failure is told once, and not at each attempt of a
 * long outage.
 * @param afterwards what holds of the time in between
 */
export const connectionNotes = (
  terminal: Pick<Terminal, 'note'>,
  afterwards: string,
): Pick<SubscribeOptions, 'onDisconnect' | 'onReconnect'> => {
  let told: string | undefined
  return {
    onDisconnect({ message }) {
      if (message !== told) terminal.note(`affinityql: ${message} The command connects again …`)
      told = message
    },
    onReconnect() {
      told = undefined
      terminal.note(`affinityql: The command is connected again. ${afterwards}`)
    },
  }
}
