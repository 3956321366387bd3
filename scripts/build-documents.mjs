// `node scripts/build-documents.mjs` writes dist/trusted-documents.json: all operations of the console, the typed client (and
// so the command line) and the documentation, by the SHA-256 of their texts. With TRUSTED_DOCUMENTS_ONLY=true the server
// runs only these.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildSchema, Kind, parse, print, validate, visit } from 'graphql'
import { ROOT } from './lib/project.mjs'

const OUTPUT = join(ROOT, 'dist', 'trusted-documents.json')

const read = (path) => readFileSync(join(ROOT, path), 'utf8')
const filesBelow = (folder, suffix) =>
  readdirSync(join(ROOT, folder), { recursive: true })
    .filter((name) => name.endsWith(suffix))
    .sort()
    .map((name) => join(folder, name))

/** Splits a text into one document for each operation, with the fragments that it uses, since clients send it like this. */
export function operationsOf(text) {
  const { definitions } = parse(text, { noLocation: true })
  const fragments = new Map(
    definitions
      .filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION)
      .map((node) => [node.name.value, node]),
  )
  const used = (node, found = new Set()) => {
    visit(node, {
      FragmentSpread({ name }) {
        if (found.has(name.value) || !fragments.has(name.value)) return
        found.add(name.value)
        used(fragments.get(name.value), found)
      },
    })
    return [...found]
  }
  return definitions
    .filter(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    .map((node) => ({
      name: node.name?.value,
      kind: node.operation,
      text: [node, ...used(node).map((name) => fragments.get(name))].map(print).join('\n\n'),
    }))
}

/** Finds the operations in documentation: blocks of GraphQL, and JSON or strings in blocks of shell and Python. */
function examplesOf(markdown) {
  const blocks = [...markdown.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text)
  const sent = [...markdown.matchAll(/"query": ?("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text))
  const marked = [...markdown.matchAll(/"""(\s*(?:query|mutation|subscription)\b[\s\S]*?)"""/g)].map(
    ([, text]) => text,
  )
  return [...blocks, ...sent, ...marked]
}

/** Collects all registered documents by the SHA-256 of their texts, in hexadecimal. */
export function collectDocuments() {
  // The console's files share fragments, so they are read as one text.
  const console = filesBelow(join('web', 'src'), '.graphql').map(read).join('\n')
  const examples = [...filesBelow('docs', '.md'), 'README.md'].map(read).flatMap(examplesOf)
  const sources = [console, read(join('src', 'client', 'operations.graphql')), ...examples]
  const schema = buildSchema(read('schema.graphql'))
  const texts = sources.flatMap(operationsOf).map(({ text }) => text)
  for (const text of texts) {
    const [problem] = validate(schema, parse(text))
    if (problem) throw new Error(`${problem.message}\n${text}`)
  }
  const hash = (text) => createHash('sha256').update(text).digest('hex')
  return Object.fromEntries([...new Set(texts)].map((text) => [hash(text), text]))
}

/** @returns the exit code */
export function buildDocuments(output = OUTPUT) {
  mkdirSync(dirname(output), { recursive: true })
  writeFileSync(output, `${JSON.stringify(collectDocuments(), null, 2)}\n`)
  return 0
}

if (process.argv[1] === import.meta.filename) process.exit(buildDocuments())
