import {
  defaultFieldResolver,
  type GraphQLFieldConfigMap,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLScalarType,
  GraphQLSchema,
  getNamedType,
  isNonNullType,
  isObjectType,
} from 'graphql'

/** The field of Query whose records are written, and the field of its page that holds them. */
export const PAGE = 'affinities'
export const RECORDS = 'nodes'

/** The schemas by which queries are run whose records are written. */
export interface Schemas {
  /** The same as the whole schema, but that the records of a page are one value: the objects that the fields are resolved from. */
  readonly withoutRecords: GraphQLSchema
  /** The page in that schema. Its name is another one than in the whole schema, so that no fragment of the page is of this type. */
  readonly page: GraphQLObjectType
  readonly record: GraphQLObjectType
  /** A schema with the records of a page alone, which are its root value. */
  readonly recordsAlone: GraphQLSchema
}

type QueryFields = GraphQLFieldConfigMap<unknown, unknown>

const known = new WeakMap<GraphQLSchema, Schemas | null>()

/** Returns null if the schema has no such page, or it may be null. */
export function schemasOf(schema: GraphQLSchema): Schemas | null {
  const before = known.get(schema)
  if (before !== undefined) return before
  const made = makeSchemas(schema)
  known.set(schema, made)
  return made
}

function makeSchemas(schema: GraphQLSchema): Schemas | null {
  const query = schema.getQueryType()?.toConfig()
  const field = query?.fields[PAGE]
  const page = field && getNamedType(field.type)
  const config = isObjectType(page) ? page.toConfig() : undefined
  const records = config?.fields[RECORDS]
  const record = records && getNamedType(records.type)
  if (!query || !config || !isObjectType(page) || !isObjectType(record)) return null
  if (!isNonNullType(field?.type) || !isNonNullType(records?.type)) return null
  const Records = new GraphQLScalarType<unknown, unknown>({ name: 'Records', serialize: (value) => value })
  const pageWithout = new GraphQLObjectType({
    ...config,
    // The other one is reached from records as well.
    name: `${config.name}WithoutRecords`,
    fields: { ...config.fields, [RECORDS]: { ...records, type: new GraphQLNonNull(Records) } },
  })
  return {
    page: pageWithout,
    record,
    withoutRecords: new GraphQLSchema({
      assumeValid: true,
      query: new GraphQLObjectType({
        ...query,
        fields: asIfIn(schema, {
          ...query.fields,
          [PAGE]: { ...field, type: new GraphQLNonNull(pageWithout) },
        }),
      }),
    }),
    recordsAlone: new GraphQLSchema({
      assumeValid: true,
      query: new GraphQLObjectType({
        name: 'Records',
        fields: {
          [RECORDS]: {
            type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(record))),
            resolve: (all) => all,
          },
        },
      }),
    }),
  }
}

/** Lets resolvers see the whole schema: they compute by it what the query costs. */
function asIfIn(schema: GraphQLSchema, fields: QueryFields): QueryFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const { resolve = defaultFieldResolver } = field
      return [
        name,
        {
          ...field,
          resolve: (source, args, context, info) => resolve(source, args, context, { ...info, schema }),
        },
      ]
    }),
  )
}
