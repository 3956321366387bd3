import type { Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'

/** Which master of a cluster serves which slots. */
export interface ClusterLayout {
  /** Equal texts mean the same slots at the same masters. */
  readonly text: string
  /** Whether slots are on their way to another master just now. */
  readonly isMoving: boolean
}

/**
 * Asks masters what they serve. ioredis forgets a master whose connection ended until it reads the slots anew, and knows
 * a new one only then: a walk of the masters that it names would miss their keys without a word.
 * @throws UnavailableError where some slots belong to a master that is not among these
 */
export async function clusterLayout(masters: readonly Redis[]): Promise<ClusterLayout> {
  const views = await Promise.all(masters.map(async (node) => parseNodes(await node.cluster('NODES'))))
  const own = views.flatMap((lines) => lines.filter(({ flags }) => flags.includes('myself')))
  const known = new Set(own.map(({ id }) => id))
  const missing = views.flat().find(({ id, slots }) => slots.length > 0 && !known.has(id))
  if (missing || own.length === 0) {
    throw cacheUnavailable(new Error(`cluster master ${missing?.id ?? ''} is not connected`))
  }
  const served = own.map(({ id, slots }) => `${id} ${slots.join(' ')}`)
  // `[93->-id]` and `[93-<-id]`: a slot that is leaving or coming. Only a node's own line tells.
  return { text: served.sort().join('\n'), isMoving: served.some((line) => line.includes('[')) }
}

interface NodeLine {
  readonly id: string
  readonly flags: readonly string[]
  readonly slots: readonly string[]
}

/** A line of CLUSTER NODES: id, address, flags, master, ping, pong, epoch, link state, then slots as `0-5460` or `7`. */
const parseNodes = (text: unknown): NodeLine[] =>
  String(text)
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', , flags = '', , , , , , ...slots] = line.split(' ')
      return { id, flags: flags.split(','), slots }
    })
