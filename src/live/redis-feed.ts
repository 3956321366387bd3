import type { EventEmitter } from 'node:events'
import { Cluster, type Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { AFFINITY_PREFIX } from '../stores/keys.js'
import { clusterLayout } from '../stores/redis-cluster-layout.js'
import { masterNodes, type RedisClient } from '../stores/redis-nodes.js'
import {
  openTracking,
  runIdOf,
  type TrackingLink,
  type TrackingListener,
  TrackingRefusedError,
} from '../stores/redis-tracking.js'
import type { AffinityFeed, FeedListener } from './feed-port.js'

/** How often each server is asked whether it is there, and a cluster which masters it has, in milliseconds. */
const HEARTBEAT_MS = 1_000
/** Milliseconds until the next attempt to set tracking up. */
const retryDelayMs = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000)

/**
 * Changes as Redis names them, by client tracking: one connection to each master.
 *
 * The least doubt ends it (a connection of ours or of the store's closed, a server that does not answer, a cluster with
 * another set of masters), and all is set up anew. Slots that move between known masters are no doubt: the one that gives
 * a key away announces it as much as the one that takes it.
 */
export function createRedisFeed(client: RedisClient): AffinityFeed {
  const emitter: EventEmitter = client
  let links: readonly TrackingLink[] = []
  let closed = false
  let wake = () => {}

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })

  async function run(listener: FeedListener): Promise<void> {
    let isLost = false
    for (let attempt = 0; !closed; attempt += 1) {
      const watch = watchOf(client)
      try {
        links = await openAll(client, trackingListener(listener, watch))
        if (!closed && watch.reason === undefined) {
          attempt = 0
          isLost = false
          listener.restored()
          await beat(watch)
        }
        throw watch.reason ?? new Error('The feed was closed.')
      } catch (error) {
        for (const link of links) link.close()
        links = []
        watch.stop()
        if (closed) return
        if (error instanceof TrackingRefusedError) {
          listener.refused(error)
          return
        }
        if (!isLost) listener.lost(error)
        isLost = true
      }
      // Its own timer may be seconds away.
      if (client instanceof Cluster && client.status === 'ready') client.refreshSlotsCache()
      await pause(retryDelayMs(attempt))
    }
  }

  /** Until there is a reason to doubt. */
  async function beat(watch: Watch): Promise<void> {
    while (!closed && watch.reason === undefined) {
      await Promise.race([pause(HEARTBEAT_MS), watch.broken])
      if (closed || watch.reason !== undefined) return
      await Promise.race([
        Promise.all([...links.map((link) => link.ping()), client instanceof Cluster && checkLayout(client)]),
        watch.broken,
      ])
    }
  }

  /** A flush of one master says nothing about the others' keys; it is for the listener to find out. */
  const trackingListener = (listener: FeedListener, watch: Watch): TrackingListener => ({
    changed: (keys) => watch.reason === undefined && listener.changed(keys),
    flushed: () => watch.reason === undefined && listener.flushed(),
    ended: (reason) => watch.break(reason),
  })

  /** A cluster with other masters than those that are listened to is a reason to doubt. */
  function watchOf(watched: RedisClient): Watch {
    const watch = createWatch()
    const masters = namesOf(watched)
    const onClose = () => watch.break(new Error('The connection to Redis was closed.'))
    const onNode = () => {
      if (namesOf(watched) !== masters) watch.break(new Error('The cluster has other masters now.'))
    }
    const events = { close: onClose, '+node': onNode, '-node': onNode }
    for (const [name, on] of Object.entries(events)) emitter.on(name, on)
    return Object.assign(watch, {
      stop() {
        for (const [name, on] of Object.entries(events)) emitter.off(name, on)
      },
    })
  }

  return {
    start(listener) {
      // Only a listener that throws could make it reject; that is a bug, and is not to pass unnoticed.
      void run(listener)
    },
    async barrier() {
      const current = links
      if (current.length === 0) throw cacheUnavailable(new Error('Changes are not tracked just now.'))
      await Promise.all(current.map((link) => link.ping())).catch((error: unknown) => {
        throw cacheUnavailable(error)
      })
    },
    close() {
      closed = true
      for (const link of links) link.close()
      links = []
      wake()
    },
  }
}

interface Watch {
  /** Why what was set up is not to be trusted any more. */
  readonly reason: Error | undefined
  /** Resolves then. */
  readonly broken: Promise<void>
  break(reason: Error): void
  stop(): void
}

function createWatch(): Omit<Watch, 'stop'> & { stop(): void } {
  let reason: Error | undefined
  let tell = () => {}
  const broken = new Promise<void>((resolve) => {
    tell = resolve
  })
  return {
    get reason() {
      return reason
    },
    broken,
    break(error) {
      reason ??= error
      tell()
    },
    stop() {},
  }
}

const nameOf = ({ options: { host, port } }: Redis): string => `${host}:${port}`
const namesOf = (client: RedisClient): string => masterNodes(client).map(nameOf).sort().join(' ')

/** @throws UnavailableError where slots belong to a master that the client does not know */
const checkLayout = async (cluster: Cluster): Promise<void> => {
  await clusterLayout(masterNodes(cluster))
}

/** One link to each master; all or none. */
async function openAll(client: RedisClient, listener: TrackingListener): Promise<readonly TrackingLink[]> {
  if (client instanceof Cluster) await checkLayout(client)
  const opening = masterNodes(client).map((node) => openSame(node, listener))
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
async function openSame(node: Redis, listener: TrackingListener): Promise<TrackingLink> {
  const link = await openTracking(node, AFFINITY_PREFIX, listener)
  try {
    const runId = link.runId && (await runIdOf(node))
    if (runId !== link.runId) throw new Error('Redis is failing over: two masters are named.')
    return link
  } catch (error) {
    link.close()
    throw cacheUnavailable(error)
  }
}
