import { getOperationAST } from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Context } from '../context.js'
import { ClientGoneError, OperationTimeoutError } from '../errors.js'

/**
 * Stops the work of an operation whose client has gone, and of a query that takes too long: no further field is begun,
 * and no further statement. A subscription ends with its client, also where that goes before there is an answer: then
 * nobody would ever read the stream, or end it. A mutation's field that runs is finished, with its audit record, and takes the time that it
 * takes: half a clear helps nobody.
 * @param seconds 0: a query may take as long as it does
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
      // Each field of a mutation asks by itself whether its client is still there.
      if (!isQuery) return
      // GraphQL.js has no such argument: what runs the query ends its wait with it.
      Object.assign(args, { signal: stopped })
      const timer =
        seconds > 0
          ? setTimeout(() => stop(new OperationTimeoutError(seconds)), seconds * 1_000).unref()
          : undefined
      const forget = whenGone(signal, stop)
      return {
        onExecuteDone() {
          clearTimeout(timer)
          forget()
        },
      }
    },
  }
}

/** Calls back when a request's client goes, or at once where it has gone; returns what stops that. */
function whenGone(signal: AbortSignal, stop: (reason: unknown) => void): () => void {
  const clientGone = () => stop(signal.reason)
  if (signal.aborted) clientGone()
  signal.addEventListener('abort', clientGone, { once: true })
  return () => signal.removeEventListener('abort', clientGone)
}
