import * as fc from 'fast-check'
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql'

type Draw = <T>(arbitrary: () => fc.Arbitrary<T>) => T

/** Strings that mean something to one interpreter or another, beside plain and random ones. */
const STRINGS = [
  '',
  ' ',
  'bob',
  'alice',
  'OPENAI',
  '*',
  '%',
  "' OR 1=1 --",
  '__proto__',
  'constructor',
  'a\0b',
  '../..',
  '{{7*7}}',
  '<script>',
  'a:b:c',
  'x'.repeat(300),
]
const string = () => fc.oneof(fc.constantFrom(...STRINGS), fc.string({ unit: 'grapheme', maxLength: 20 }))
/** Makes mostly valid values, since a refused argument keeps the rest of its document from running. */
const integer = () =>
  fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 50 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, -1, 1_001, 2 ** 31 - 1, -(2 ** 31)) },
  )
const seldom = () => fc.integer({ min: 0, max: 4 }).map((n) => n === 0)

/**
 * A document that the schema accepts by its types, whatever its values mean. Parts of it are fragments, and values are defaults of
 * variables.
 * @param rootField the field that it asks for; otherwise any
 */
export function randomDocument(
  schema: GraphQLSchema,
  kind: 'query' | 'mutation',
  g: fc.GeneratorValue,
  rootField?: string,
): string {
  const draw: Draw = (arbitrary) => g(arbitrary)
  const oneOf = <T>(choices: readonly T[]): T => draw(() => fc.constantFrom(...choices))
  let aliases = 0
  const variables: string[] = []
  const fragments: string[] = []

  const literal = (type: GraphQLInputType, depth: number): string => {
    if (isNonNullType(type)) return literal(type.ofType, depth)
    if (isListType(type)) return `[${literal(type.ofType, depth)}]`
    if (isEnumType(type)) return oneOf(type.getValues()).name
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter((field) =>
        isWanted(field, isRequiredInputField(field)),
      )
      return `{${fields.map((field) => `${field.name}:${literal(field.type, depth - 1)}`).join(',')}}`
    }
    if (type.name === 'Int' || type.name === 'Float') return String(draw(integer))
    if (type.name === 'Boolean') return String(draw(fc.boolean))
    return JSON.stringify(draw(string))
  }

  const isWanted = (_part: GraphQLArgument | GraphQLInputField, required: boolean) => required || draw(seldom)

  const value = ({ type }: GraphQLArgument): string => {
    if (!draw(seldom)) return literal(type, 3)
    const name = `$v${variables.length}`
    variables.push(`${name}:${type}=${literal(type, 3)}`)
    return name
  }

  const given = ({ args }: GraphQLField<unknown, unknown>): string => {
    const wanted = args.filter((arg) => isWanted(arg, isRequiredArgument(arg)))
    return wanted.length === 0 ? '' : `(${wanted.map((arg) => `${arg.name}:${value(arg)}`).join(',')})`
  }

  const selection = (type: GraphQLNamedType, depth: number): string => {
    const branches = isAbstractType(type)
      ? schema.getPossibleTypes(type).map((member) => `...on ${member.name}${selection(member, depth)}`)
      : []
    const fields = isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : []
    const within = fields.filter((field) => depth > 0 || isLeafType(getNamedType(field.type)))
    const chosen =
      within.length === 0 ? [] : draw(() => fc.subarray(within, { maxLength: Math.min(4, within.length) }))
    const parts = [...branches, ...chosen.map((field) => selected(field, depth))]
    if (parts.length === 0 || draw(fc.boolean)) parts.unshift('__typename')
    return isObjectType(type) ? `{${inFragments(type.name, parts)}}` : `{${parts.join(' ')}}`
  }

  /** Puts some of the parts into a fragment, as it stands or by its name. */
  const inFragments = (type: string, parts: readonly string[]): string => {
    const from = draw(() => fc.integer({ min: 0, max: 3 * parts.length }))
    const [before, within] = [parts.slice(0, from), parts.slice(from)]
    if (within.length === 0) return before.join(' ')
    if (draw(fc.boolean)) return [...before, `...on ${type}{${within.join(' ')}}`].join(' ')
    fragments.push(`fragment F${fragments.length} on ${type}{${within.join(' ')}}`)
    return [...before, `...F${fragments.length - 1}`].join(' ')
  }

  /** Under a name of its own where it has arguments: two of one name would be in each other's way. */
  const selected = (field: GraphQLField<unknown, unknown>, depth: number): string => {
    const named = getNamedType(field.type)
    const alias = field.args.length > 0 ? `a${aliases++}:` : ''
    return `${alias}${field.name}${given(field)}${isLeafType(named) ? '' : selection(named, depth - 1)}`
  }

  const root = kind === 'query' ? schema.getQueryType() : schema.getMutationType()
  if (!root) throw new Error(`the schema has no ${kind}`)
  const fields = root.getFields()
  const field = rootField === undefined ? oneOf(Object.values(fields)) : fields[rootField]
  if (!field) throw new Error(`the schema has no field ${rootField}`)
  const depth = draw(() => fc.integer({ min: 1, max: 7 }))
  const asked = selected(field, depth)
  const declared = variables.length === 0 ? '' : `(${variables.join(',')})`
  return [`${kind}${declared}{${asked}}`, ...fragments].join(' ')
}
