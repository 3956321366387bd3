// `node scripts/build-client.mjs`: src/client/operations.ts from operations.graphql and schema.graphql. It is checked in,
// as it is what users of the client read; `--check` says whether it is up to date.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from '@graphql-codegen/cli'
import { operationsOf } from './build-documents.mjs'
import { bin, ROOT } from './lib/project.mjs'

const SOURCE = 'src/client/operations.graphql'
const OUTPUT = 'src/client/operations.ts'

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

const CONFIG = {
  schema: join(ROOT, 'schema.graphql'),
  documents: join(ROOT, SOURCE),
  generates: {
    [OUTPUT]: {
      plugins: ['typescript-operations'],
      config: {
        scalars: { DateTime: 'string', JSON: 'unknown', ID: 'string' },
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

async function source() {
  const [{ content }] = await generate({ ...CONFIG, silent: true }, false)
  // For `@defer`, which the server does not have.
  const types = content.replace(/^\/\*.*\*\/\n|^export type Incremental.*\n/gm, '')
  const text = [
    HEAD,
    types,
    ...operationsOf(readFileSync(join(ROOT, SOURCE), 'utf8')).map(constant),
    '',
  ].join('\n')
  const { stdout, stderr, status } = spawnSync(bin('biome'), ['format', `--stdin-file-path=${OUTPUT}`], {
    cwd: ROOT,
    encoding: 'utf8',
    input: text,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

export async function buildClient({ check = false } = {}) {
  const text = await source()
  if (!check) writeFileSync(join(ROOT, OUTPUT), text)
  else if (readFileSync(join(ROOT, OUTPUT), 'utf8') !== text) {
    console.error(`${OUTPUT} is not what ${SOURCE} says: run node scripts/build-client.mjs`)
    return 1
  }
  return 0
}

if (process.argv[1] === import.meta.filename) {
  process.exit(await buildClient({ check: process.argv.includes('--check') }))
}
