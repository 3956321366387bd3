import { getOperationAST, OperationTypeNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../context.js'
import type { Admission, Place } from '../../util/admission.js'
import { ownTurn } from '../../util/own-turn.js'

/**
 * Bounds the operations in flight: one that is too many is refused with OVERLOADED before its document is parsed. Queries run
 * a few at a time; mutations do not wait for them, since a clear spends its time at the stores. Requests that are no operation,
 * such as health probes, have no part in this. An operation whose body has not arrived yet has no place.
 */
export function useAdmission(admission: Admission, onRefused: () => void): AdmissionPlugin {
  const places = new WeakMap<Request, Place>()
  const refused = new WeakSet<Request>()
  return {
    isRefused: (request) => refused.has(request),
    placeOf: (request) => places.get(request),
    plugin: {
      onParams({ request }) {
        try {
          places.set(request, admission.open())
        } catch (error) {
          refused.add(request)
          onRefused()
          throw error
        }
      },
      async onExecute({ args }) {
        const place = places.get(args.contextValue.request)
        const operation = getOperationAST(args.document, args.operationName)
        if (!place || operation?.operation !== OperationTypeNode.QUERY) return undefined
        await place.enter()
        return {
          async onExecuteDone() {
            await ownTurn()
            place.pause()
          },
        }
      },
      onResponse({ request }) {
        places.get(request)?.leave()
      },
    },
  }
}

export interface AdmissionPlugin {
  readonly plugin: Plugin<Context>
  /** The place of a request's operation; undefined before its body has arrived. */
  placeOf(request: Request): Place | undefined
  /** Whether a request's operation was refused because too many are in flight. */
  isRefused(request: Request): boolean
}
