/** Documents that together ask for every field that the schema has. */
import { type GraphQLNamedType, getNamedType, isAbstractType, isLeafType, isObjectType } from 'graphql'
import { schema } from '../../src/schema/index.js'
import { call, type RootField } from './root-fields.js'

/** Levels below a root field: what hangs below that is asked for by another document's way. */
const LEVELS = 4

export interface FullDocument {
  readonly document: string
  /** As `User.email`. */
  readonly fields: ReadonlySet<string>
}

/** A root field with all that hangs below it; a type within itself is not entered again. */
export function fullDocument(root: RootField, given: Readonly<Record<string, string>> = {}): FullDocument {
  const fields = new Set<string>()

  const selection = (type: GraphQLNamedType, above: readonly string[]): string => {
    // What a connection's edges lead to, its nodes are.
    if (above.at(-1)?.endsWith('Edge')) return isLeafType(type) ? '' : '{ __typename }'
    if (isLeafType(type)) return ''
    if (isAbstractType(type)) {
      const members = schema
        .getPossibleTypes(type)
        .map((member) => `... on ${member.name} ${selection(member, above)}`)
      return `{ __typename ${members.join(' ')} }`
    }
    if (!isObjectType(type)) return ''
    const inner = Object.values(type.getFields()).flatMap((field) => {
      const of = getNamedType(field.type)
      if (above.includes(of.name) || (!isLeafType(of) && above.length === LEVELS)) return []
      fields.add(`${type.name}.${field.name}`)
      const small = field.args.some(({ name }) => name === 'first') ? { first: '2' } : {}
      return [call(field, small, selection(of, [...above, type.name]))]
    })
    return `{ ${inner.join(' ')} }`
  }

  const body = call(root.field, given, selection(getNamedType(root.field.type), []))
  return { document: `${root.kind} { ${body} }`, fields }
}

/** Every field of every type that an answer can have. */
export const ALL_FIELDS: readonly string[] = Object.values(schema.getTypeMap()).flatMap((type) =>
  isObjectType(type) &&
  !type.name.startsWith('__') &&
  !['Query', 'Mutation', 'Subscription'].includes(type.name)
    ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
    : [],
)
