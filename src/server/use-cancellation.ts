import { getOperationAST } from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Context } from '../context.js'
import { ClientGoneError, OperationTimeoutError } from '../errors.js'

/**
 * Cancels an operation whose client has disconnected, and a query that takes too long: it starts no further field and no
 * further SQL statement. A subscription ends with its client, also if the client leaves before the answer; otherwise nobody
 * would ever close the stream. A mutation has no time limit, and a field of it that has started is completed with its audit
 * event, since half a clear helps nobody.
 * @param seconds longest duration of a query, unless a field asks for more (`mayTake`); 0: no limit
 */
export function useCancellation(seconds: number): Plugin<Context & YogaInitialContext> {
  return {
    onSubscribe({ args }) {
      const { request, stop } = args.contextValue
      whenGone(request.signal, () => stop(new ClientGoneError()))
    },
    onExecute({ args }) {
      const { request, stop, stopped } = args.contextValue
      const isQuery = getOperationAST(args.document, args.operationName)?.operation === 'query'
      const { signal } = request
      // Each field of a mutation checks by itself whether its client is still connected.
      if (!isQuery) return
      // GraphQL.js has no argument for a signal; use-compiled-queries.ts reads this one.
      Object.assign(args, { signal: stopped })
      const begunAt = performance.now()
      let limit = seconds
      const stopAt = (atMost: number) =>
        setTimeout(
          () => stop(new OperationTimeoutError(atMost)),
          begunAt + atMost * 1_000 - performance.now(),
        ).unref()
      let timer = seconds > 0 ? stopAt(seconds) : undefined
      args.contextValue.onMayTake((more) => {
        if (timer === undefined || more <= limit) return
        limit = more
        clearTimeout(timer)
        timer = stopAt(more)
      })
      const forget = whenGone(signal, stop)
      return {
        onExecuteDone() {
          clearTimeout(timer)
          forget()
          args.contextValue.release()
        },
      }
    },
  }
}

/** Calls `stop` when the client disconnects, or at once if it already has. Returns a function that removes the listener. */
function whenGone(signal: AbortSignal, stop: (reason: unknown) => void): () => void {
  const clientGone = () => stop(signal.reason)
  if (signal.aborted) clientGone()
  signal.addEventListener('abort', clientGone, { once: true })
  return () => signal.removeEventListener('abort', clientGone)
}
