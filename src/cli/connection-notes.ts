import type { SubscribeOptions } from '../client/index.js'
import type { Terminal } from './terminal.js'

/**
 * Says on stderr when a stream breaks off, and when it is back.
 * @param afterwards what holds of the time in between
 */
export const connectionNotes = (
  terminal: Terminal,
  afterwards: string,
): Pick<SubscribeOptions, 'onDisconnect' | 'onReconnect'> => ({
  onDisconnect: (error) => terminal.note(`affinityql: ${error.message} The command connects again …`),
  onReconnect: () => terminal.note(`affinityql: The command is connected again. ${afterwards}`),
})
