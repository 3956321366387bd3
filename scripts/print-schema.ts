import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { schema } from '../src/schema/index.js'
import { apiReference } from './api-reference.js'
import { configurationTables } from './configuration-tables.js'
import { stalePage } from './stale-page.js'

// `npm run schema` writes schema.graphql, docs/api-reference.md, docs/stale.md and the tables of docs/configuration.md. With --check it
// writes nothing, and fails if one is out of date.
const at = (path: string) => new URL(`../${path}`, import.meta.url)
const sorted = lexicographicSortSchema(schema)
const files = {
  'schema.graphql': `${printSchema(sorted)}\n`,
  'docs/api-reference.md': apiReference(sorted, readFileSync(at('docs/api.md'), 'utf8')),
  'docs/configuration.md': configurationTables(readFileSync(at('docs/configuration.md'), 'utf8')),
  'docs/stale.md': stalePage(),
}

for (const [path, text] of Object.entries(files)) {
  if (!process.argv.includes('--check')) {
    writeFileSync(at(path), text)
  } else if (!existsSync(at(path)) || readFileSync(at(path), 'utf8') !== text) {
    console.error(`${path} is out of date: run \`npm run schema\` and look at the difference.`)
    process.exitCode = 1
  }
}
