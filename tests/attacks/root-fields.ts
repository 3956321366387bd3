/** Lists every root field and argument from the schema itself, so that new ones are attacked as well. */
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isNonNullType,
  isRequiredArgument,
} from 'graphql'
import { schema } from '../../src/schema/index.js'

/** A text that an affinity's id may be, too, though no affinity has it. */
const TEXT = `"${Buffer.from('cache_affinity:nobody:openai:nothing').toString('base64url')}"`

export type Kind = 'query' | 'mutation' | 'subscription'

export interface RootField {
  /** As `Query.viewer`. */
  readonly name: string
  readonly kind: Kind
  readonly field: GraphQLField<unknown, unknown>
  /** Calls it with what it cannot do without, and asks for its type alone. */
  readonly document: string
}

/** Somewhere a client may put a value: an argument, or a field of one that is an input object. */
export interface Place {
  /** As `Query.affinities filter.userId`. */
  readonly name: string
  readonly root: RootField
  /** The named type of what belongs there. */
  readonly type: string
  /** Puts `$v` there. */
  readonly document: string
}

export const ROOT_FIELDS: readonly RootField[] = [
  schema.getQueryType(),
  schema.getMutationType(),
  schema.getSubscriptionType(),
]
  .filter((type) => type != null)
  .flatMap((type) => Object.values(type.getFields()).map((field) => rootField(type, field)))

export const PLACES: readonly Place[] = ROOT_FIELDS.flatMap((root) =>
  root.field.args.flatMap(({ name, type }): Place[] => {
    const named = getNamedType(type)
    const at = (path: string, inner: GraphQLInputType, given: string): Place => ({
      name: `${root.name} ${path}`,
      root,
      type: getNamedType(inner).name,
      document: `${root.kind} ($v: ${inner}) { ${call(root.field, { [name]: given })} }`,
    })
    if (!isInputObjectType(named)) return [at(name, type, '$v')]
    return Object.values(named.getFields()).map((inner) =>
      at(`${name}.${inner.name}`, inner.type, `{ ${inner.name}: $v }`),
    )
  }),
)

function rootField(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): RootField {
  const kind = type.name.toLowerCase() as Kind
  return { name: `${type.name}.${field.name}`, kind, field, document: `${kind} { ${call(field)} }` }
}

/** A field with these arguments, and for the others only those that it cannot do without. */
export function call(
  field: GraphQLField<unknown, unknown>,
  given: Readonly<Record<string, string>> = {},
  selection = selectionOf(field),
): string {
  const args = field.args
    .filter((arg) => isRequiredArgument(arg) || arg.name in given)
    .map(({ name, type }) => `${name}: ${given[name] ?? literal(type)}`)
  return `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''} ${selection}`
}

function selectionOf({ type }: GraphQLField<unknown, unknown>): string {
  const named = getNamedType(type)
  if (isLeafType(named)) return ''
  if (!isAbstractType(named)) return '{ __typename }'
  const has = (name: string) =>
    schema.getPossibleTypes(named).some((member) => member.getInterfaces().some((of) => of.name === name))
  const error = has('Error') ? '... on Error { code }' : ''
  const count = has('ClearPayload') ? '... on ClearPayload { clearedCount }' : ''
  return `{ __typename ${error} ${count} }`
}

function literal(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literal(type.ofType)
  if (isEnumType(type)) return type.getValues()[0]?.name ?? ''
  // The intervals between requests are those of somebody.
  if (isInputObjectType(type)) return type.name === 'UsageFilter' ? `{ userId: ${TEXT} }` : '{}'
  const literals: Record<string, string> = {
    Boolean: 'true',
    Int: '1',
    Float: '1',
    DateTime: `"${new Date().toISOString()}"`,
  }
  return literals[String(type)] ?? TEXT
}
