/** Client tracking in broadcast mode: Redis names every key under a prefix that changes, expires or is evicted. */
import type { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { duplicateForTracking } from './client.js'

const CHANNEL = '__redis__:invalidate'
/** To connect, through sentinels where there are any, and to set tracking up, in milliseconds. */
const OPEN_TIMEOUT_MS = 5_000

/** This Redis, a proxy before it, or our user's rights do not allow tracking. */
export class TrackingRefusedError extends Error {
  override readonly name = 'TrackingRefusedError'
}

export interface TrackingListener {
  changed(keys: readonly string[]): void
  /** FLUSHALL or FLUSHDB, of whichever database. */
  flushed(): void
  /** The connection has ended: changes are missed from now on. Not called after `close`. */
  ended(reason: Error): void
}

/** One connection that one server tells changes to. */
export interface TrackingLink {
  /** The server's run id, another after each restart; undefined where our user may not ask. */
  readonly runId: string | undefined
  /**
   * Messages and replies share one connection in order, and Redis queues a change's message before it answers whoever
   * made the change: once this resolves, every change has been told that was confirmed before the call.
   */
  ping(): Promise<void>
  close(): void
}

/**
 * Opens a connection of its own to the server behind `node`.
 *
 * RESP2, where a connection that has subscribed may take messages of tracking; it redirects them to itself, so there is no
 * second connection whose loss would end them unnoticed.
 * @throws TrackingRefusedError; otherwise what ioredis throws
 */
export async function openTracking(
  node: Redis,
  prefixes: readonly string[],
  listener: TrackingListener,
): Promise<TrackingLink> {
  const connection = duplicateForTracking(node)
  let lastError = new Error('The connection to Redis was closed.')
  connection.on('error', (error) => {
    lastError = error
  })
  const timer = setTimeout(() => {
    lastError = new Error(`Redis did not set tracking up within ${OPEN_TIMEOUT_MS} ms.`)
    connection.disconnect()
  }, OPEN_TIMEOUT_MS)
  try {
    await connection.connect()
    const runId = await runIdOf(connection)
    listen(connection, listener)
    await setUp(connection, prefixes)
    const onEnd = () => listener.ended(lastError)
    connection.once('close', onEnd)
    return {
      runId,
      async ping() {
        await connection.ping()
      },
      close() {
        connection.off('close', onEnd)
        connection.disconnect()
      },
    }
  } catch (error) {
    connection.disconnect()
    if (error instanceof TrackingRefusedError) throw error
    throw cacheUnavailable(error instanceof Error && /closed/.test(error.message) ? lastError : error)
  } finally {
    clearTimeout(timer)
  }
}

async function setUp(connection: Redis, prefixes: readonly string[]): Promise<void> {
  try {
    const id = await connection.client('ID')
    const named = prefixes.flatMap((prefix) => ['PREFIX', prefix])
    await connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...named)
    await connection.subscribe(CHANNEL)
  } catch (error) {
    if (isRefusal(error)) throw new TrackingRefusedError(error.message, { cause: error })
    throw error
  }
}

function listen(connection: Redis, listener: TrackingListener): void {
  // ioredis says that a message is a Buffer; of this channel it is an array of them, or null for a flush.
  const emitter: EventEmitter = connection
  emitter.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | null) => {
    if (keys === null) listener.flushed()
    else listener.changed(keys.map(String))
  })
}

// A server that is loading, full or changing roles may allow it in a moment.
const PASSING = /^(LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|MISCONF|READONLY|NOAUTH|WRONGPASS|OOM|TRYAGAIN)\b/

const isRefusal = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'ReplyError' && !PASSING.test(error.message)

/** The run id of the server behind a connection; undefined where our user may not ask. */
export async function runIdOf(node: Redis): Promise<string | undefined> {
  try {
    return /^run_id:(\w+)/m.exec(await node.info('server'))?.[1]
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}
