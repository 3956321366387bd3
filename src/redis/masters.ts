import type { EventEmitter } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { openTracking, runIdOf, type TrackingLink, type TrackingListener } from './tracking.js'

/** Tracks the keys of every master of a Redis, and notices when there are other masters. */

/**
 * Opens one tracking link to each master, or none at all.
 * @throws TrackingRefusedError; UnavailableError if a master cannot be reached, or slots belong to an unknown master
 */
export async function trackMasters(
  client: RedisClient,
  prefixes: readonly string[],
  listener: TrackingListener,
): Promise<readonly TrackingLink[]> {
  await checkMasters(client)
  const opening = masterNodes(client).map((node) => openSame(node, prefixes, listener))
  const settled = await Promise.allSettled(opening)
  const links = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = settled.find((result) => result.status === 'rejected')
  if (failed) {
    for (const link of links) link.close()
    throw failed.reason
  }
  return links
}

/**
 * Opens a link, and checks that it reaches the same server as the store's connection: after a failover that may still be
 * the old master, although the sentinels already name the new one.
 */
async function openSame(
  node: Redis,
  prefixes: readonly string[],
  listener: TrackingListener,
): Promise<TrackingLink> {
  const link = await openTracking(node, prefixes, listener)
  try {
    const runId = link.runId && (await runIdOf(node))
    if (runId !== link.runId) throw new Error('Redis is failing over: two masters are named.')
    return link
  } catch (error) {
    link.close()
    throw cacheUnavailable(error)
  }
}

/** @throws UnavailableError if slots of a cluster belong to a master that the client does not know */
export async function checkMasters(client: RedisClient): Promise<void> {
  if (client instanceof Cluster) await clusterLayout(masterNodes(client))
}

/** Refreshes the masters of a cluster now, instead of waiting seconds for ioredis's own timer. */
export function refreshMasters(client: RedisClient): void {
  if (client instanceof Cluster && client.status === 'ready') client.refreshSlotsCache()
}

/**
 * Calls back when a connection of the client closes, or when the masters of a cluster differ from those at this call. Slots
 * that move between known masters are not reported.
 * @returns a function that stops watching
 */
export function watchMasters(client: RedisClient, onChange: (reason: Error) => void): () => void {
  const emitter: EventEmitter = client
  const names = namesOf(client)
  const onClose = () => onChange(new Error('The connection to Redis was closed.'))
  const onNode = () => {
    if (namesOf(client) !== names) onChange(new Error('The cluster has other masters now.'))
  }
  emitter.on('close', onClose).on('+node', onNode).on('-node', onNode)
  return () => {
    emitter.off('close', onClose).off('+node', onNode).off('-node', onNode)
  }
}

const nameOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`
const namesOf = (client: RedisClient): string => masterNodes(client).map(nameOf).sort().join(' ')

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
