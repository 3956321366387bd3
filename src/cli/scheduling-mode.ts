import { type AffinityqlClient, AffinityqlError } from '../client/index.js'
import type { Cli } from './command.js'

/**
 * Says on stderr whether the gateway uses pins at all, once beside a list of them. A list that was printed stays true
 * where this cannot be read, as while PostgreSQL is away: then it says so.
 */
export async function tellSchedulingMode({ terminal, signal }: Cli, client: AffinityqlClient): Promise<void> {
  try {
    const { schedulingMode, pinsAreHonoured } = await client.schedulingMode({ signal })
    if (pinsAreHonoured === false) {
      terminal.note(`This gateway runs in ${schedulingMode ?? 'an unknown mode'}: it ignores all pins.`)
    }
  } catch (error) {
    if (!(error instanceof AffinityqlError) || error.code === 'ABORTED') throw error
    terminal.note(`It is not known whether this gateway uses pins: ${error.message} (${error.code})`)
  }
}
