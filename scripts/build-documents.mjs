// `node scripts/build-documents.mjs`: dist/trusted-documents.json, every operation of the console, of the typed client
// (and so of the command line) and of the documentation, by the SHA-256 of its text. With TRUSTED_DOCUMENTS_ONLY=true
// the server runs these and no others.
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

/** Each operation with the fragments that it uses, as one document: clients send one operation a request. */
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

/** Blocks of GraphQL, and what is sent as JSON in blocks of shell and Python. */
function examplesOf(markdown) {
  const blocks = [...markdown.matchAll(/```graphql\n([\s\S]*?)```/g)].map(([, text]) => text)
  const sent = [...markdown.matchAll(/"query": ?("(?:[^"\\]|\\.)*")/g)].map(([, text]) => JSON.parse(text))
  const marked = [...markdown.matchAll(/"""(\s*(?:query|mutation|subscription)\b[\s\S]*?)"""/g)].map(
    ([, text]) => text,
  )
  return [...blocks, ...sent, ...marked]
}

/** By the SHA-256 of the text, in hexadecimal. */
export function collectDocuments() {
  // Fragments of the console are shared between its files.
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
