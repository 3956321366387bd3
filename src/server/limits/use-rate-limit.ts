import { complexityFromQuery } from '@pothos/plugin-complexity'
import {
  type DocumentNode,
  type ExecutionArgs,
  getOperationAST,
  getVariableValues,
  Kind,
  type OperationDefinitionNode,
} from 'graphql'
import type { Plugin, YogaInitialContext } from 'graphql-yoga'
import type { Context } from '../../context.js'
import { ForbiddenError, RateLimitedError, UnauthenticatedError } from '../../errors.js'
import type { Viewer } from '../../session/viewer.js'
import { clientNetwork } from '../../util/network.js'
import type { CostLimiter } from './cost-limiter.js'

/** Cost of a request besides its fields: reading, parsing and validating it, and writing the answer. */
export const REQUEST_COST = 100

export interface RateLimitOptions<ServerContext> {
  /** Budgets of client networks, for requests without a valid token; undefined: no limit. */
  readonly addresses: CostLimiter | undefined
  readonly addressOf: (server: ServerContext) => string
  readonly authenticate: (request: Request, server: ServerContext) => Promise<Viewer | null>
  /** True for a request that was refused for the sake of others, and so costs nothing. */
  readonly isFree: (request: Request) => boolean
}

/**
 * Limits the rate of requests by their cost, which follows from the fields that they ask for. Each viewer has a budget, and
 * each network has one for its requests without a valid token. An answer has its cost and the rest of the budget in
 * `extensions.cost`; a refusal has the seconds to wait in `Retry-After`.
 */
export function useRateLimit<ServerContext extends object>({
  addresses,
  addressOf,
  authenticate,
  isFree,
}: RateLimitOptions<ServerContext>): Plugin<Context & YogaInitialContext, ServerContext> {
  /** Networks of the requests that were not charged to a budget yet. */
  const unpaid = new WeakMap<Request, string>()

  async function charge(args: ExecutionArgs): Promise<void> {
    const context = args.contextValue as Context & YogaInitialContext
    unpaid.delete(context.request)
    const viewer = await viewerOf(context)
    // The token cannot be checked while a store is down, and then it is not known whom to charge.
    if (viewer === 'unknown') return
    // Without a viewer almost every field is refused, so that only the request itself costs.
    if (viewer) return context.isCharged ? context.pay(REQUEST_COST + priceOf(args)) : undefined
    const budget = await addresses?.take(clientNetwork(context.clientAddress), REQUEST_COST)
    if (budget) context.note('cost', budget)
  }

  return {
    // A network without budget is refused before its document is parsed.
    async onRequestParse({ request, serverContext }) {
      const network = clientNetwork(addressOf(serverContext))
      unpaid.set(request, network)
      try {
        await addresses?.require(network, REQUEST_COST)
      } catch (refusal) {
        const viewer = await authenticate(request, serverContext).catch(nobody)
        if (!viewer) throw refusal
      }
    },
    async onExecute({ args }) {
      await charge(args)
    },
    async onSubscribe({ args }) {
      await charge(args)
    },
    // A document that was refused before it ran still costs the request.
    async onResponse({ request }) {
      const network = unpaid.get(request)
      if (network === undefined) return
      unpaid.delete(request)
      if (isFree(request)) return
      await addresses?.take(network, REQUEST_COST).catch((error: unknown) => {
        if (!(error instanceof RateLimitedError)) throw error
      })
    },
  }
}

async function viewerOf(context: Context): Promise<Viewer | null | 'unknown'> {
  try {
    return await context.viewer()
  } catch (error) {
    return isRefusal(error) ? null : 'unknown'
  }
}

const nobody = (): null => null

/** A token that is good for nothing here is as good as none: its requests count as its network's. */
const isRefusal = (error: unknown): boolean =>
  [UnauthenticatedError, ForbiddenError, RateLimitedError].some((refusal) => error instanceof refusal)

/** Prices of operations without variables, whose price is the same each time. Parsed documents are kept by their texts. */
const prices = new WeakMap<OperationDefinitionNode, number>()

function priceOf(args: ExecutionArgs): number {
  const operation = getOperationAST(args.document, args.operationName)
  if (!operation || (operation.variableDefinitions ?? []).length > 0) return complexityOf(args, 'price')
  const price = prices.get(operation) ?? complexityOf(args, 'price')
  prices.set(operation, price)
  return price
}

/** Computes a measure of an operation; 0 if its variables are invalid, so that it will not run. */
export function complexityOf(
  { schema, document, operationName, variableValues, contextValue }: ExecutionArgs,
  measure: Context['measure'],
): number {
  const operation = getOperationAST(document, operationName)
  // Pothos would collect every error of the variables, and each of them quotes the client's value.
  if (
    !operation ||
    getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {}, { maxErrors: 0 })
      .errors
  )
    return 0
  try {
    const { complexity } = complexityFromQuery(onlyOperation(document, operationName), {
      schema,
      ctx: { ...(contextValue as Context), measure },
      variables: { ...variableValues },
    })
    return complexity
  } catch {
    return 0
  }
}

/** Removes the other operations from a document: Pothos always takes the cost of the first one. */
function onlyOperation(document: DocumentNode, operationName: string | null | undefined): DocumentNode {
  const operation = getOperationAST(document, operationName)
  const definitions = document.definitions.filter(
    (node) => node.kind !== Kind.OPERATION_DEFINITION || node === operation,
  )
  return { ...document, definitions }
}
