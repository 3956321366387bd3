import SchemaBuilder from '@pothos/core'
import ComplexityPlugin, { ComplexityErrorKind } from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { GraphQLError } from 'graphql'
import type { Context } from '../context.js'
import { ForbiddenError, UnauthenticatedError } from '../errors.js'
import type * as Rows from '../gateway/rows.js'
import type PrismaTypes from '../generated/pothos-types.js'
import { getDatamodel } from '../generated/pothos-types.js'

/** Prisma's models, with the rows that our stores really select in place of whole ones. */
type GatewayTypes = WithShapes<{
  User: Rows.UserRow
  ApiKey: Rows.ApiKeyRow
  Provider: Rows.ProviderRow
  Endpoint: Rows.EndpointRow
  ProviderKey: Rows.ProviderKeyRow
  GlobalModel: Rows.GlobalModelRow
}>

type WithShapes<Shapes> = {
  [Model in keyof PrismaTypes]: Model extends keyof Shapes
    ? Omit<PrismaTypes[Model], 'Shape'> & { Shape: Shapes[Model] }
    : PrismaTypes[Model]
}

/**
 * Cost of one request. A page of 1,000 affinities with every field and every join costs about 120,000;
 * such a page below each record of another costs millions. Breadth is the number of fields with every fragment
 * spread out: that page has about 100.
 */
export const LIMITS = { complexity: 250_000, depth: 11, breadth: 400 } as const

interface AppTypes {
  Context: Context
  DefaultFieldNullability: false
  PrismaTypes: GatewayTypes
  AuthScopes: { viewer: boolean; clear: boolean }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
  }
}

/** What Pothos makes of our types; for helpers that take a field or argument builder. */
export type BuilderTypes = PothosSchemaTypes.ExtendDefaultTypes<AppTypes>

export const builder = new SchemaBuilder<AppTypes>({
  plugins: [ErrorsPlugin, ScopeAuthPlugin, ComplexityPlugin, PrismaPlugin],
  defaultFieldNullability: false,
  errors: { defaultTypes: [], directResult: true },
  scopeAuth: {
    treatErrorsAsUnauthorized: false,
    authorizeOnSubscribe: true,
    authScopes: (context) => ({
      viewer: async () => (await context.viewer()) !== null,
      clear: async () => {
        const viewer = await context.viewer()
        if (!viewer.canClear) throw new ForbiddenError(`${viewer.name} may read, but not clear.`)
        return true
      },
    }),
    unauthorizedError: () => new UnauthenticatedError('A valid token is needed.'),
  },
  complexity: {
    limit: LIMITS,
    complexityError: (kind) =>
      new GraphQLError(TOO_LARGE[kind], {
        extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
      }),
  },
  prisma: {
    client: () => {
      // Every join goes through a loader: a query that Pothos would add by itself is a bug, not a convenience.
      throw new Error('The schema asked for a Prisma client.')
    },
    dmmf: getDatamodel(),
  },
})

const TOO_LARGE: Record<ComplexityErrorKind, string> = {
  [ComplexityErrorKind.Complexity]:
    'The query asks for too much at once: ask for smaller pages or fewer fields.',
  [ComplexityErrorKind.Depth]: `The query is nested too deeply; the limit is ${LIMITS.depth} levels.`,
  [ComplexityErrorKind.Breadth]: `The query selects too many fields; the limit is ${LIMITS.breadth}.`,
}
