/** Tracking on every master of a Redis, and what tells that there are other masters now. */
import type { EventEmitter } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { masterNodes, type RedisClient } from './client.js'
import { clusterLayout } from './cluster-layout.js'
import { openTracking, runIdOf, type TrackingLink, type TrackingListener } from './tracking.js'

/**
 * Opens one link to each master; all or none.
 * @throws TrackingRefusedError; UnavailableError where one cannot be reached, or slots belong to an unknown one
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
 * A link to the very server that the store reads from: after a failover the store's connection may be to the old master
 * still, when the sentinels already name the new one.
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

/** @throws UnavailableError where slots of a cluster belong to a master that the client does not know */
export async function checkMasters(client: RedisClient): Promise<void> {
  if (client instanceof Cluster) await clusterLayout(masterNodes(client))
}

/** Asks a cluster for its masters; its own timer may be seconds away. */
export function refreshMasters(client: RedisClient): void {
  if (client instanceof Cluster && client.status === 'ready') client.refreshSlotsCache()
}

/**
 * Calls back when a connection of the client's closes, or a cluster has other masters than at this moment. Slots that move
 * between known masters are not told. Returns the way to stop.
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
