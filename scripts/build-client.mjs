// `npm run client` writes src/client/generated/ from operations.graphql and schema.graphql: the operations, and which types
// each union and interface has.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generate } from '@graphql-codegen/cli'
import { buildSchema, isAbstractType } from 'graphql'
import { operationsOf } from './build-documents.mjs'
import { CLIENT_OPERATIONS, CLIENT_POSSIBLE_TYPES, ROOT } from './lib/project.mjs'

const SOURCE = join(ROOT, 'src', 'client', 'operations.graphql')

const HEAD = `/**
 * Made by scripts/build-client.mjs from operations.graphql: the operations' texts, and the types of what they take and
 * answer. Dates are ISO 8601 in UTC, as the server sends them.
 */

/** An operation's text, and the types of its variables and its answer. */
export interface Operation<Data, Variables> {
  readonly kind: 'query' | 'mutation' | 'subscription'
  readonly text: string
  /** Only for the types: it is never there. */
  readonly types?: (variables: Variables) => Data
}
`

const SCHEMA = join(ROOT, 'schema.graphql')

const CONFIG = {
  schema: SCHEMA,
  documents: SOURCE,
  generates: {
    [CLIENT_OPERATIONS]: {
      plugins: ['typescript-operations'],
      config: {
        scalars: { DateTime: 'string', JSON: 'unknown', SafeInt: 'number', ID: 'string' },
        strictScalars: true,
        enumType: 'string-literal',
        immutableTypes: true,
        skipTypename: true,
        inlineFragmentTypes: 'combine',
      },
    },
  },
}

const suffix = (kind) => kind[0].toUpperCase() + kind.slice(1)

const constant = ({ name, kind, text }) => {
  const type = name + (name.endsWith(suffix(kind)) ? '' : suffix(kind))
  return `export const ${name}: Operation<${type}, ${type}Variables> = { kind: '${kind}', text: \`${text}\` }`
}

const [{ content }] = await generate({ ...CONFIG, silent: true }, false)
// The generator adds types for `@defer`, which the server does not support.
const types = content.replace(/^\/\*.*\*\/\n|^export type Incremental.*\n/gm, '')
mkdirSync(dirname(CLIENT_OPERATIONS), { recursive: true })
writeFileSync(
  CLIENT_OPERATIONS,
  [HEAD, types, ...operationsOf(readFileSync(SOURCE, 'utf8')).map(constant), ''].join('\n'),
)

const schema = buildSchema(readFileSync(SCHEMA, 'utf8'))
const possibleTypes = Object.values(schema.getTypeMap())
  .filter((type) => isAbstractType(type) && !type.name.startsWith('__'))
  .map((type) => [
    type.name,
    schema
      .getPossibleTypes(type)
      .map(({ name }) => name)
      .sort(),
  ])
  .sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  CLIENT_POSSIBLE_TYPES,
  `/** Made by scripts/build-client.mjs from schema.graphql: the types of each union and interface, as Apollo's cache takes them. */
export const possibleTypes: Readonly<Record<string, string[]>> = ${JSON.stringify(Object.fromEntries(possibleTypes), null, 2)}
`,
)
