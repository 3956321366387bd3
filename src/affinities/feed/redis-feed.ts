import { cacheUnavailable } from '../../errors.js'
import type { RedisClient } from '../../redis/client.js'
import { checkMasters, refreshMasters, trackMasters, watchMasters } from '../../redis/masters.js'
import { type TrackingLink, type TrackingListener, TrackingRefusedError } from '../../redis/tracking.js'
import type { KeyFamilies } from '../key-families.js'
import type { AffinityFeed, FeedListener } from './affinity-feed.js'
import { BackOff } from './back-off.js'

/** How often each server is asked whether it is there, and a cluster which masters it has, in milliseconds. */
const HEARTBEAT_MS = 1_000
/** Milliseconds until the next attempt to set tracking up. */
const retryDelayMs = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000)
/** The same where Redis refuses tracking: somebody has to give a right, or to upgrade. */
const REFUSED_RETRY = { firstMs: 1_000, longestMs: 60_000 } as const

/**
 * Changes as Redis names them, by client tracking: one connection to each master.
 *
 * The least doubt ends it (a connection of ours or of the store's closed, a server that does not answer, a cluster with
 * another set of masters), and all is set up anew. Slots that move between known masters are no doubt: the one that gives
 * a key away announces it as much as the one that takes it.
 */
export function createRedisFeed(client: RedisClient, families: KeyFamilies): AffinityFeed {
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
    let told: 'nothing' | 'restored' | 'lost' | 'refused' = 'nothing'
    const refusedPause = new BackOff(REFUSED_RETRY.firstMs, REFUSED_RETRY.longestMs)
    /** Readers who scan need no changes: each of them meets an outage by itself. */
    const tellLost = (reason: unknown) => {
      if (told === 'lost' || told === 'refused' || closed) return
      told = 'lost'
      listener.lost(reason)
    }
    const tellRefused = (reason: TrackingRefusedError) => {
      if (told === 'refused') return
      told = 'refused'
      listener.refused(reason)
    }
    for (let attempt = 0; !closed; attempt += 1) {
      const doubt = createDoubt(tellLost)
      const stopWatching = watchMasters(client, doubt.raise)
      try {
        links = await trackMasters(client, families.roots, trackingListener(listener, doubt))
        if (!closed && doubt.reason === undefined) {
          attempt = 0
          told = 'restored'
          listener.restored()
          await beat(doubt)
        }
        throw doubt.reason ?? new Error('The feed was closed.')
      } catch (error) {
        for (const link of links) link.close()
        links = []
        stopWatching()
        if (closed) return
        const isRefused = error instanceof TrackingRefusedError
        if (isRefused) tellRefused(error)
        else tellLost(error)
        refreshMasters(client)
        await pause(isRefused ? refusedPause.next() : retryDelayMs(attempt))
      }
    }
  }

  /** Until there is a doubt. */
  async function beat(doubt: Doubt): Promise<void> {
    while (!closed && doubt.reason === undefined) {
      await Promise.race([pause(HEARTBEAT_MS), doubt.raised])
      if (closed || doubt.reason !== undefined) return
      const answers = Promise.all([...links.map((link) => link.ping()), checkMasters(client)])
      await Promise.race([answers, doubt.raised])
    }
  }

  /** A flush of one master says nothing about the others' keys; it is for the listener to find out. */
  const trackingListener = (listener: FeedListener, doubt: Doubt): TrackingListener => ({
    changed: (keys) => doubt.reason === undefined && listener.changed(keys),
    flushed: () => doubt.reason === undefined && listener.flushed(),
    ended: doubt.raise,
  })

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

interface Doubt {
  /** Why what was set up is not to be trusted any more. */
  readonly reason: Error | undefined
  /** Resolves when there is one. */
  readonly raised: Promise<void>
  readonly raise: (reason: Error) => void
}

/** @param onRaised called at once: readers are not to be answered even for a turn of the event loop */
function createDoubt(onRaised: (reason: Error) => void): Doubt {
  let reason: Error | undefined
  let tell = () => {}
  const raised = new Promise<void>((resolve) => {
    tell = resolve
  })
  return {
    get reason() {
      return reason
    },
    raised,
    raise(error) {
      if (reason) return
      reason = error
      onRaised(error)
      tell()
    },
  }
}
