import SchemaBuilder from '@pothos/core'
import ComplexityPlugin from '@pothos/plugin-complexity'
import ErrorsPlugin from '@pothos/plugin-errors'
import PrismaPlugin from '@pothos/plugin-prisma'
import ScopeAuthPlugin from '@pothos/plugin-scope-auth'
import { GraphQLError, GraphQLScalarType } from 'graphql'
import { DateTimeResolver, JSONResolver, SafeIntResolver } from 'graphql-scalars'
import type { Context } from '../context.js'
import { ForbiddenError, UnauthenticatedError } from '../errors.js'
import type PrismaTypes from '../generated/pothos-types.js'
import { getDatamodel } from '../generated/pothos-types.js'
import { holds, lacking, type Permission } from '../session/viewer.js'
import { isoTime } from '../util/iso-time.js'
import type { WriteJson } from '../util/json-bytes.js'

/**
 * Highest cost of one request, before what its reads of unknown size cost. A page of 1,000 affinities with every field and every join costs about 120,000; such a page
 * for each record of another page would cost millions. The limits of depth and breadth are in server/limits.
 */
const MAX_COMPLEXITY = 250_000

export const tooMuchAtOnce = (): GraphQLError =>
  new GraphQLError('The operation asks for too much at once: ask for smaller pages or fewer fields.', {
    extensions: { code: 'GRAPHQL_VALIDATION_FAILED', http: { status: 400 } },
  })

/**
 * Complexity of a field that a record itself holds: 1 in an answer, where it is written, and nothing in an event, whose record
 * is there already.
 */
export const ownField = (_args: object, { measure }: Context): number => (measure === 'event' ? 0 : 1)

interface AppTypes {
  Context: Context
  DefaultFieldNullability: false
  PrismaTypes: PrismaTypes
  /** `permission`: a right that a management token needs beside the one to read; see `Permission`. */
  AuthScopes: { viewer: boolean; permission: Permission }
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
    SafeInt: { Input: number; Output: number }
  }
}

/** Pothos's types for this schema, for helpers that take a field or argument builder. */
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
      async permission(permission) {
        if (holds(await context.viewer(), permission)) return true
        throw new ForbiddenError(lacking(permission))
      },
    }),
    unauthorizedError: () => new UnauthenticatedError('A valid token is needed.'),
  },
  complexity: {
    limit: { complexity: MAX_COMPLEXITY },
    complexityError: () => tooMuchAtOnce(),
  },
  prisma: {
    client: (context) => context.prisma,
    dmmf: getDatamodel(),
    // A resolver that ignores the requested columns would read too many, or too few.
    onUnusedQuery: 'error',
  },
})

// A root's scope holds for each of its fields that does not skip it, and a new field cannot forget it.
builder.queryType({ authScopes: { viewer: true } })
builder.mutationType({ authScopes: { viewer: true } })
builder.subscriptionType({ authScopes: { viewer: true } })

const writeJson: WriteJson = (value, to) => to.time(DateTimeResolver.serialize(value))

/** The resolver's own answers are dates, which take longer to be written as JSON than all other fields of a record. */
const DateTime = new GraphQLScalarType<Date, string>({
  ...DateTimeResolver.toConfig(),
  extensions: { writeJson },
  serialize: (value) => isoTime(DateTimeResolver.serialize(value)),
})

builder.addScalarType('DateTime', DateTime)
builder.addScalarType('JSON', JSONResolver)
builder.addScalarType('SafeInt', SafeIntResolver)
