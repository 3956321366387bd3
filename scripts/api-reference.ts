import {
  astFromValue,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  type GraphQLType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  print,
} from 'graphql'

const HEAD = `# API reference

Made from the schema by \`npm run schema\`: change the descriptions in src/schema, not this file. How errors, costs and pages
work, with an example of each operation, is in [api.md](api.md). A type that ends in \`!\` is never null.
`

/** Renders docs/api-reference.md: all operations and types of a sorted schema, with links to the examples in docs/api.md. */
export function apiReference(schema: GraphQLSchema, examples: string): string {
  const roots = [
    { title: 'Queries', kind: 'query', type: schema.getQueryType() },
    { title: 'Mutations', kind: 'mutation', type: schema.getMutationType() },
    { title: 'Subscriptions', kind: 'subscription', type: schema.getSubscriptionType() },
  ]
  const types = Object.values(schema.getTypeMap()).filter(
    (type) =>
      !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !roots.some((root) => root.type === type),
  )
  const kinds: [string, (type: GraphQLNamedType) => boolean][] = [
    ['Objects', isObjectType],
    ['Inputs', isInputObjectType],
    ['Enums', isEnumType],
    ['Interfaces', isInterfaceType],
    ['Unions', isUnionType],
    ['Scalars', isScalarType],
  ]
  return [
    HEAD,
    ...roots.flatMap(({ title, kind, type }) => [
      `## ${title}\n`,
      ...fieldsOf(type).map((field) => operation(kind, field, exampleOf(examples, title, field.name))),
    ]),
    ...kinds.flatMap(([title, belongs]) => [
      `## ${title}\n`,
      ...types.filter(belongs).map((type) => named(type, schema)),
    ]),
  ].join('\n')
}

const fieldsOf = (type: GraphQLObjectType | null | undefined) => Object.values(type?.getFields() ?? {})

function operation(kind: string, field: GraphQLField<unknown, unknown>, example: string | undefined): string {
  const lines = [`### ${kind} ${field.name}\n`, paragraph(field.description)]
  lines.push(`Answers ${link(field.type)}.${example ? ` [Example](api.md#${example}).` : ''}\n`)
  if (field.args.length > 0)
    lines.push(
      table(
        'argument',
        field.args.map((arg) => row(arg.name, arg)),
      ),
    )
  return lines.filter(Boolean).join('\n')
}

function named(type: GraphQLNamedType, schema: GraphQLSchema): string {
  const lines = [`### ${type.name}\n`, paragraph(type.description)]
  if (isUnionType(type)) lines.push(`One of ${type.getTypes().map(link).join(', ')}.\n`)
  if (isInterfaceType(type))
    lines.push(`Implemented by ${schema.getPossibleTypes(type).map(link).join(', ')}.\n`)
  if (isObjectType(type) && type.getInterfaces().length > 0)
    lines.push(`Implements ${type.getInterfaces().map(link).join(', ')}.\n`)
  if (isEnumType(type)) {
    const values = type.getValues().map(({ name, description }) => `| \`${name}\` | ${cell(description)} |`)
    lines.push(`| value | |\n|---|---|\n${values.join('\n')}\n`)
  }
  if (isInputObjectType(type))
    lines.push(
      table(
        'field',
        Object.values(type.getFields()).map((field) => row(field.name, field)),
      ),
    )
  if (isObjectType(type) || isInterfaceType(type)) {
    const rows = Object.values(type.getFields()).flatMap((field) => [
      `| \`${field.name}\` | ${link(field.type)} | ${cell(field.description)} |`,
      ...field.args.map((arg) => row(`${field.name}(${arg.name}:)`, arg)),
    ])
    lines.push(table('field', rows))
  }
  return lines.filter(Boolean).join('\n')
}

const table = (first: string, rows: readonly string[]) =>
  `| ${first} | type | |\n|---|---|---|\n${rows.join('\n')}\n`

function row(name: string, input: GraphQLArgument | GraphQLInputField): string {
  const value = input.defaultValue === undefined ? null : astFromValue(input.defaultValue, input.type)
  const preset = value ? ` = \`${print(value)}\`` : ''
  return `| \`${name}\` | ${link(input.type)}${cell(preset)} | ${cell(input.description)} |`
}

function link(type: GraphQLType): string {
  const target = getNamedType(type)
  return isSpecifiedScalarType(target) ? `\`${type}\`` : `[\`${type}\`](#${target.name.toLowerCase()})`
}

const paragraph = (text: string | null | undefined) => (text ? `${text.trim()}\n` : '')

/** Escapes a text for a table cell, which a pipe or a line break would end. */
const cell = (text: string | null | undefined) =>
  (text ?? '').replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')

/** Finds the anchor of an operation's example: a heading in the same part of docs/api.md that begins with its name. */
function exampleOf(examples: string, part: string, name: string): string | undefined {
  const body = examples.split(/^## /m).find((text) => text.startsWith(`${part}\n`)) ?? ''
  const heading = new RegExp(`^### (${name}\\b.*)$`, 'm').exec(body)?.[1]
  return heading
    ?.toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}
