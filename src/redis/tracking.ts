/** Client tracking in broadcast mode: Redis sends the name of every key with a prefix that changes, expires or is evicted. */
import type { EventEmitter } from 'node:events'
import type { Redis } from 'ioredis'
import { cacheUnavailable } from '../errors.js'
import { decodeKey } from '../util/key-bytes.js'
import { runningTime } from '../util/running-time.js'
import { isRefusal } from './cache-errors.js'
import { duplicateForTracking } from './client.js'

const CHANNEL = '__redis__:invalidate'
/** Milliseconds to connect, if necessary through sentinels, and to set up tracking. */
const OPEN_TIMEOUT_MS = 5_000

/** Says that this Redis, a proxy before it, or our user's rights do not allow tracking. */
export class TrackingRefusedError extends Error {
  override readonly name = 'TrackingRefusedError'
}

export interface TrackingListener {
  changed(keys: readonly string[]): void
  /** Called after FLUSHALL or FLUSHDB of any database. */
  flushed(): void
  /** Called when the connection has ended and changes are missed from now on; not called after `close`. */
  ended(reason: Error): void
}

/** A connection on which one server reports changes. */
export interface TrackingLink {
  /** The server's run id, which differs after each restart; undefined if our user may not read it. */
  readonly runId: string | undefined
  /**
   * Resolves once every change has been reported that Redis had confirmed before this call: Redis queues the message of a
   * change before it confirms the change, and messages and replies come in order on one connection.
   */
  ping(): Promise<void>
  close(): void
}

/**
 * Opens a connection of its own to the server behind `node`.
 *
 * In RESP2, tracking messages go to a subscribed connection. This one redirects them to itself, so that there is no second
 * connection whose loss would stop the messages unnoticed.
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
  let isSettled = false
  void runningTime(OPEN_TIMEOUT_MS).then(() => {
    if (isSettled) return
    lastError = new Error(`Redis did not set tracking up within ${OPEN_TIMEOUT_MS} ms.`)
    connection.disconnect()
  })
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
    isSettled = true
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
  // ioredis's types say that a message is a Buffer; on this channel it is an array of Buffers, or null for a flush.
  const emitter: EventEmitter = connection
  emitter.on('messageBuffer', (_channel: Buffer, keys: readonly Buffer[] | null) => {
    if (keys === null) listener.flushed()
    else listener.changed(keys.map(decodeKey))
  })
}

/** Returns the run id of the server behind a connection; undefined if our user may not read it. */
export async function runIdOf(node: Redis): Promise<string | undefined> {
  try {
    return /^run_id:(\w+)/m.exec(await node.info('server'))?.[1]
  } catch (error) {
    if (isRefusal(error)) return undefined
    throw error
  }
}
