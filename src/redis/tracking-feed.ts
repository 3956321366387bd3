import { cacheUnavailable, messageOf } from '../errors.js'
import { BackOff } from '../util/back-off.js'
import { type RedisClient, retryDelayMs } from './client.js'
import type { FeedListener, KeyFeed } from './key-feed.js'
import { checkMasters, refreshMasters, trackMasters, watchMasters } from './masters.js'
import { ServerClock } from './server-clock.js'
import { type TrackingLink, type TrackingListener, TrackingRefusedError } from './tracking.js'

/** Milliseconds between two pings of each server, and between two checks of a cluster's masters. */
const HEARTBEAT_MS = 1_000
/** Pauses after a refusal of tracking, which lasts until an operator grants a right or upgrades Redis. */
const REFUSED_RETRY = { firstMs: 1_000, longestMs: 60_000 } as const

/** A connection that ends so often within so many milliseconds is not relied on: each time the index would be read anew. */
const UNSTEADY = { endings: 4, withinMs: 60_000 } as const

/**
 * Reports changes by Redis's client tracking, with one connection to each master.
 *
 * A tracking session ends on the first sign that changes may be missed (a closed connection, also of the store; a server
 * that does not answer; other masters in a cluster), and a new one is set up. Slots that move between known masters do not
 * end it: both masters report the keys that move.
 * @param prefixes of the keys; none may begin with another, which Redis would refuse
 */
export function createTrackingFeed(client: RedisClient, prefixes: readonly string[]): KeyFeed {
  const clock = new ServerClock()
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
    let reported: 'nothing' | 'restored' | 'lost' | 'refused' = 'nothing'
    const refusedPause = new BackOff(REFUSED_RETRY.firstMs, REFUSED_RETRY.longestMs)
    // After a refusal readers scan, and each of them meets an outage by itself: `lost` is not reported then.
    const reportLost = (reason: unknown) => {
      if (reported === 'lost' || reported === 'refused' || closed) return
      reported = 'lost'
      listener.lost(reason)
    }
    const reportRefused = (reason: unknown) => {
      if (reported === 'refused') return
      reported = 'refused'
      listener.refused(reason)
    }
    /** When tracking sessions have ended lately, in milliseconds of a monotonic clock. */
    let endings: readonly number[] = []
    for (let attempt = 0; !closed; attempt += 1) {
      let isTracked = false
      const session = createSession(reportLost)
      const stopWatching = watchMasters(client, session.end)
      try {
        links = await trackMasters(client, prefixes, trackingListener(listener, session))
        await clock.read(client)
        if (!closed && session.endReason === undefined) {
          attempt = 0
          reported = 'restored'
          isTracked = true
          listener.restored()
          await sendHeartbeats(session)
        }
        throw session.endReason ?? new Error('The feed was closed.')
      } catch (error) {
        for (const link of links) link.close()
        links = []
        stopWatching()
        if (closed) return
        const now = performance.now()
        endings = [...endings, ...(isTracked ? [now] : [])].filter((at) => at > now - UNSTEADY.withinMs)
        const isRefused = error instanceof TrackingRefusedError
        const isUnsteady = endings.length >= UNSTEADY.endings
        if (isRefused) reportRefused(error)
        else if (isUnsteady) reportRefused(unsteady(error))
        else reportLost(error)
        refreshMasters(client)
        await pause(isRefused || isUnsteady ? refusedPause.next() : retryDelayMs(attempt))
      }
    }
  }

  /** Pings all servers until the session ends. */
  async function sendHeartbeats(session: TrackingSession): Promise<void> {
    while (!closed && session.endReason === undefined) {
      await Promise.race([pause(HEARTBEAT_MS), session.ended])
      if (closed || session.endReason !== undefined) return
      const answers = Promise.all([
        ...links.map((link) => link.ping()),
        checkMasters(client),
        clock.read(client),
      ])
      await Promise.race([answers, session.ended])
    }
  }

  const trackingListener = (listener: FeedListener, session: TrackingSession): TrackingListener => ({
    changed: (keys) => session.endReason === undefined && listener.changed(keys),
    // In a cluster only one master may be flushed: the listener has to read which keys are left.
    flushed: () => session.endReason === undefined && listener.flushed(),
    ended: session.end,
  })

  return {
    start(listener) {
      // It rejects only if a listener throws. That is a bug, which must surface as an unhandled rejection.
      void run(listener)
    },
    async barrier() {
      const current = links
      if (current.length === 0) throw cacheUnavailable(new Error('Changes are not tracked just now.'))
      await Promise.all(current.map((link) => link.ping())).catch((error: unknown) => {
        throw cacheUnavailable(error)
      })
    },
    now: () => clock.now(),
    latest: () => clock.latest(),
    close() {
      closed = true
      for (const link of links) link.close()
      links = []
      wake()
    },
  }
}

const unsteady = (error: unknown): Error =>
  new Error(
    `The connection that tells changes ended ${UNSTEADY.endings} times in a minute: ${messageOf(error)}`,
  )

/** The time from one setup of tracking to the first sign that changes may be missed. */
interface TrackingSession {
  /** Why the session has ended; undefined while it lasts. */
  readonly endReason: Error | undefined
  /** Resolves when the session ends. */
  readonly ended: Promise<void>
  readonly end: (reason: Error) => void
}

/** @param onEnd called synchronously: no reader may get an answer from an index that may have missed changes */
function createSession(onEnd: (reason: Error) => void): TrackingSession {
  let endReason: Error | undefined
  let resolveEnded = () => {}
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve
  })
  return {
    get endReason() {
      return endReason
    },
    ended,
    end(reason) {
      if (endReason) return
      endReason = reason
      onEnd(reason)
      resolveEnded()
    },
  }
}
