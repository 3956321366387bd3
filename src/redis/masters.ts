/** Tracks the keys of every master of a Redis, and notices when there are other masters. */
import type { EventEmitter } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { clusterLayout } from './cluster-layout.js'
import { openTracking, runIdOf, type TrackingLink, type TrackingListener } from './tracking.js'

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
