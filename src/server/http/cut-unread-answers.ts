import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { runningNow } from '../../util/loop-clock.js'
import { bytesCompressing } from './compress-answers.js'
import { type CutReason, LEAST_PROGRESS, type TransportLimits } from './transport-limits.js'

/** How far a client has taken an answer that waits for it. */
interface Progress {
  /** When bytes began to wait, and when the client last took enough of them. Both as of `runningNow()`. */
  readonly since: number
  readonly at: number
  /** Bytes of the writes that are complete, over the connection's life. */
  readonly written: number
  /** Bytes of the running write that the operating system has not taken. */
  readonly queued: number
}

/** Smallest and largest interval of the checks, in milliseconds. */
const CHECK_MS = { least: 20, most: 1_000 }

/** Bytes that libuv holds for a connection. A large answer is one write, whose progress shows nowhere else. */
const queuedBytes = (
  socket: Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null },
): number => socket._handle?.writeQueueSize ?? 0

/** Bytes that the service keeps for an answer until its client takes them. */
const keptBytes = (response: ServerResponse): number =>
  Math.max(response.writableLength, bytesCompressing(response))

/**
 * Cuts the connections of clients that do not take their answers. Node keeps such an answer for ever. An answer stalls when
 * its client takes neither the rest of it nor `LEAST_PROGRESS` bytes within `stalledWriteMs`. If all answers together keep
 * more than `unreadAnswerBytes`, the oldest are cut before that. An answer that is not ready yet does not count, nor does a
 * stream whose client has taken all events so far.
 */
export function cutUnreadAnswers(
  server: Server,
  limits: Pick<TransportLimits, 'stalledWriteMs' | 'unreadAnswerBytes' | 'unreadGraceMs'>,
  onCut: (reason: CutReason) => void,
): void {
  const { stalledWriteMs, unreadAnswerBytes, unreadGraceMs } = limits
  /** Answers that are not complete, by their connections. The socket of a pipelined answer is unset until its turn. */
  const answers = new Map<ServerResponse, Socket>()
  const waiting = new Map<ServerResponse, Progress>()

  function cut(response: ServerResponse, reason: CutReason): void {
    const socket = answers.get(response)
    // A connection that has several answers is cut once.
    if (socket === undefined || socket.destroyed) return
    // A reset also frees what the operating system keeps for the connection.
    socket.resetAndDestroy()
    onCut(reason)
  }

  function check(): void {
    // A client takes nothing while this process sends nothing, since it has no core or is blocked.
    const now = runningNow()
    let kept = 0
    for (const [response, socket] of answers) {
      // An answer whose turn has not come by then emits no event of its own.
      if (socket.destroyed) {
        answers.delete(response)
        waiting.delete(response)
        continue
      }
      const bytes = keptBytes(response)
      kept += bytes
      const progress = progressOf(socket, waiting.get(response), bytes, now)
      if (progress === undefined) waiting.delete(response)
      else waiting.set(response, progress)
    }
    for (const [response, { at }] of waiting) {
      if (now - at < stalledWriteMs) continue
      kept -= keptBytes(response)
      cut(response, 'stalled_answer')
    }
    const oldest = [...waiting].sort(([, a], [, b]) => a.since - b.since)
    for (const [response, { since }] of oldest) {
      if (kept <= unreadAnswerBytes || now - since < unreadGraceMs) return
      kept -= keptBytes(response)
      cut(response, 'unread_answers')
    }
  }

  const shortest = Math.min(stalledWriteMs, unreadGraceMs)
  const timer = setInterval(check, Math.min(CHECK_MS.most, Math.max(CHECK_MS.least, shortest / 4))).unref()
  server.once('close', () => clearInterval(timer))
  server.on('request', ({ socket }, response) => {
    answers.set(response, socket)
    response.once('close', () => {
      answers.delete(response)
      waiting.delete(response)
    })
  })
}

/** Returns the progress of an answer, or undefined if nothing of it waits. */
function progressOf(
  socket: Socket,
  before: Progress | undefined,
  keptBytes: number,
  now: number,
): Progress | undefined {
  const queued = queuedBytes(socket)
  if (socket.destroyed || (keptBytes === 0 && queued === 0)) return undefined
  const written = socket.bytesWritten - socket.writableLength
  if (before === undefined) return { since: now, at: now, written, queued }
  const progressed = written > before.written || queued <= before.queued - LEAST_PROGRESS
  // A write that has just begun is larger than the one before it.
  if (progressed || queued > before.queued)
    return { since: before.since, at: progressed ? now : before.at, written, queued }
  return before
}
