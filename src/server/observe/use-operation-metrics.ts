import { type DocumentNode, getOperationAST } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../context.js'
import { errorsOf, rootFieldOf } from './describe.js'
import type { OperationDone } from './metrics.js'

interface Entry {
  readonly startedAt: number
  kind: OperationDone['kind']
  operation: string
  outcome: string | undefined
}

/**
 * Counts each GraphQL request once, when it is answered. A request that is refused before it runs has the kind and the
 * operation `none`. Operation names of clients are not used as labels: they would make an unbounded number of series.
 */
export function useOperationMetrics(
  operationDone: (operation: OperationDone, seconds: number) => void,
): Plugin<Context> {
  const entries = new WeakMap<Request, Entry>()

  const describe = (request: Request, document: DocumentNode, operationName: string | null | undefined) => {
    const entry = entries.get(request)
    const operation = getOperationAST(document, operationName)
    if (!entry || !operation) return
    entry.kind = operation.operation
    entry.operation = rootFieldOf(document, operation.selectionSet)
  }

  return {
    onRequestParse({ request }) {
      const startedAt = performance.now()
      entries.set(request, { startedAt, kind: 'none', operation: 'none', outcome: undefined })
    },
    onExecute: ({ args, context }) => describe(context.request, args.document, args.operationName),
    onSubscribe: ({ args, context }) => describe(context.request, args.document, args.operationName),
    // This hook sees every answer, refusals included. The error mask has run, so that the codes are a short list.
    onResultProcess({ request, result }) {
      const entry = entries.get(request)
      const [error] = errorsOf(result)
      if (entry) entry.outcome = error ? String(error.extensions['code']) : 'OK'
    },
    onResponse({ request, response }) {
      const entry = entries.get(request)
      if (!entry) return
      entries.delete(request)
      const { startedAt, kind, operation, outcome = response.ok ? 'OK' : 'BAD_USER_INPUT' } = entry
      operationDone({ kind, operation, outcome }, (performance.now() - startedAt) / 1_000)
    },
  }
}
