import { readFileSync } from 'node:fs'
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  print,
  printSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'

const contract = buildSchema(readFileSync(new URL('../fixtures/contract.graphql', import.meta.url), 'utf8'))
// Printed and built again, so that defaults are compared as the SDL has them.
const ours = buildSchema(printSchema(schema))

const inputText = ({ name, type, astNode }: GraphQLArgument | GraphQLInputField): string =>
  `${name}: ${type}${astNode?.defaultValue ? ` = ${print(astNode.defaultValue)}` : ''}`

/** What a type promises, one line a promise: every line of the contract must be one of ours. */
function promisesOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type)) return type.getValues().map(({ name }) => name)
  if (isUnionType(type)) return type.getTypes().map(({ name }) => `| ${name}`)
  if (isInputObjectType(type)) return Object.values(type.getFields()).map(inputText)
  if (isObjectType(type) || isInterfaceType(type)) {
    return [
      ...type.getInterfaces().map(({ name }) => `implements ${name}`),
      ...Object.values(type.getFields()).flatMap((field) => [
        `${field.name}: ${field.type}`,
        ...field.args.map((argument) => `${field.name}(${inputText(argument)})`),
      ]),
    ]
  }
  return []
}

describe('the public contract', () => {
  const types = Object.values(contract.getTypeMap()).filter(({ name }) => !name.startsWith('__'))

  it.each(types.map((type) => [type.name, type] as const))('holds for %s', (name, type) => {
    const own = ours.getType(name)
    expect(own?.constructor.name).toBe(type.constructor.name)
    expect(own && promisesOf(own)).toEqual(expect.arrayContaining(promisesOf(type)))
  })

  it('asks for no argument that the contract does not have', () => {
    for (const type of types) {
      const own = ours.getType(type.name)
      if (!isObjectType(type) || !isObjectType(own)) continue
      for (const [name, field] of Object.entries(type.getFields())) {
        const required = own
          .getFields()
          [name]?.args.filter(
            (argument) => String(argument.type).endsWith('!') && argument.defaultValue === undefined,
          )
        const known = new Set(field.args.map((argument) => argument.name))
        expect(required?.filter((argument) => !known.has(argument.name))).toEqual([])
      }
    }
  })
})
