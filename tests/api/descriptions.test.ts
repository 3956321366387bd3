import { isEnumType, isInputObjectType, isInterfaceType, isIntrospectionType, isObjectType } from 'graphql'
import { expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'

/** Whatever a client can name, with what is said of it. */
function* described(): Generator<readonly [name: string, description: string | null | undefined]> {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue
    if (!roots.some((root) => root === type)) yield [type.name, type.description]
    if (isEnumType(type))
      for (const { name, description } of type.getValues()) yield [`${type.name}.${name}`, description]
    if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
      for (const field of Object.values(type.getFields())) {
        yield [`${type.name}.${field.name}`, field.description]
        for (const arg of 'args' in field ? field.args : [])
          yield [`${type.name}.${field.name}(${arg.name})`, arg.description]
      }
    }
  }
}

it('says of every type, field, argument and value what it means', () => {
  const silent = [...described()].filter(([, description]) => !description?.trim()).map(([name]) => name)
  expect(silent).toEqual([])
})
