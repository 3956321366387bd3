import { complexityFromQuery } from '@pothos/plugin-complexity'
import { type DocumentNode, type ExecutionArgs, getOperationAST, Kind } from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Context } from '../../context.js'
import { RateLimitedError, UnauthenticatedError } from '../../errors.js'
import type { Viewer } from '../../session/viewer.js'
import { clientNetwork } from '../../util/network.js'
import type { CostLimiter } from './cost-limiter.js'

/** What a request costs beside its fields: reading, parsing, validating, writing. */
export const REQUEST_COST = 100

export interface RateLimitOptions<ServerContext> {
  /** By viewer. */
  readonly viewers: CostLimiter | undefined
  /** By address, of requests without a valid token. */
  readonly addresses: CostLimiter | undefined
  readonly addressOf: (server: ServerContext) => string
  readonly authenticate: (authorization: string | null) => Promise<Viewer | null>
}

/**
 * A budget for each viewer and, for whoever has no valid token, for each address: what a request costs follows from the
 * fields that it asks for. An answer says in `extensions.cost` what it cost and what is left; a refusal says in
 * `Retry-After` when there is more.
 */
export function useRateLimit<ServerContext extends object>({
  viewers,
  addresses,
  addressOf,
  authenticate,
}: RateLimitOptions<ServerContext>): Plugin<Context & YogaInitialContext, ServerContext> {
  /** Requests that no budget has paid for yet, with their networks. */
  const unpaid = new WeakMap<Request, string>()

  async function charge(args: ExecutionArgs): Promise<void> {
    const context = args.contextValue as Context & YogaInitialContext
    const network = clientNetwork(context.clientAddress)
    unpaid.delete(context.request)
    const viewer = await viewerOf(context)
    // A store that is away says nothing about the caller.
    if (viewer === 'unknown') return
    // Without a viewer hardly any field is given: what is left is the request.
    const budget = viewer
      ? await viewers?.take(nameOf(viewer), costOf(args))
      : await addresses?.take(network, REQUEST_COST)
    if (budget) context.note('cost', budget)
  }

  return {
    // An address that has spent its budget is refused before its document is looked at.
    async onRequestParse({ request, serverContext }) {
      const network = clientNetwork(addressOf(serverContext))
      unpaid.set(request, network)
      try {
        await addresses?.require(network, REQUEST_COST)
      } catch (refusal) {
        const viewer = await authenticate(request.headers.get('authorization')).catch(nobody)
        if (!viewer) throw refusal
      }
    },
    async onExecute({ args }) {
      await charge(args)
    },
    async onSubscribe({ args }) {
      await charge(args)
    },
    // A document that was never run has cost its reading.
    async onResponse({ request }) {
      const network = unpaid.get(request)
      if (network === undefined) return
      unpaid.delete(request)
      await addresses?.take(network, REQUEST_COST).catch((error: unknown) => {
        if (!(error instanceof RateLimitedError)) throw error
      })
    },
  }
}

/** An account and a static token may have one name. */
const nameOf = ({ userId, name }: Viewer): string => (userId === null ? `token:${name}` : `user:${userId}`)

async function viewerOf(context: Context): Promise<Viewer | null | 'unknown'> {
  try {
    return await context.viewer()
  } catch (error) {
    return error instanceof UnauthenticatedError ? null : 'unknown'
  }
}

const nobody = (): null => null

function costOf({ schema, document, operationName, variableValues, contextValue }: ExecutionArgs): number {
  try {
    const { complexity } = complexityFromQuery(onlyOperation(document, operationName), {
      schema,
      ctx: contextValue as object,
      variables: { ...variableValues },
    })
    return REQUEST_COST + complexity
  } catch {
    // Its variables are not what they should be: it will not be run.
    return REQUEST_COST
  }
}

/** Pothos counts a document's first operation, whichever is asked for. */
function onlyOperation(document: DocumentNode, operationName: string | null | undefined): DocumentNode {
  const operation = getOperationAST(document, operationName)
  const definitions = document.definitions.filter(
    (node) => node.kind !== Kind.OPERATION_DEFINITION || node === operation,
  )
  return { ...document, definitions }
}
