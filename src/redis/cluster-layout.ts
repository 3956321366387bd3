import type { Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'

/** The slots that each master of a cluster serves. */
export interface ClusterLayout {
  /** A canonical text: equal texts mean the same slots at the same masters. */
  readonly text: string
  /** Whether slots are being moved to another master. */
  readonly isMoving: boolean
}

/**
 * Asks masters for their slots. ioredis forgets a master whose connection ended, and learns of a new one only when it
 * refreshes the slots: a scan of the masters that it knows would silently miss keys of the others.
 * @throws UnavailableError if slots belong to a master that is not among these
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
  // `[93->-id]` and `[93-<-id]` are slots that leave or arrive. Only a node's own line has them.
  return { text: served.sort().join('\n'), isMoving: served.some((line) => line.includes('[')) }
}

interface NodeLine {
  readonly id: string
  readonly flags: readonly string[]
  readonly slots: readonly string[]
}

/** Parses CLUSTER NODES. A line has id, address, flags, master, ping, pong, epoch, link state, and slots (`0-5460`, `7`). */
const parseNodes = (text: unknown): NodeLine[] =>
  String(text)
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', , flags = '', , , , , , ...slots] = line.split(' ')
      return { id, flags: flags.split(','), slots }
    })
