import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import {
  type ASTNode,
  type DocumentNode,
  type FieldNode,
  GraphQLError,
  Kind,
  print,
  stripIgnoredCharacters,
  visit,
} from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import { ConfigurationError, messageOf } from '../../errors.js'
import { createLru } from '../../util/lru.js'
import { parseDocument } from './use-limits.js'

/** Texts of documents by their SHA-256, in lower-case hexadecimal. */
export type TrustedDocuments = ReadonlyMap<string, string>

/** Number of texts whose documents are remembered (LRU), by their hashes: a client sends the same few texts again and again. */
const TEXTS_REMEMBERED = 1_000

/**
 * Runs registered documents only. A client sends a document's text, or only its hash as `documentId` or as
 * `extensions.persistedQuery.sha256Hash`. Texts that differ only in white space, comments, the order of fragments or added
 * `__typename`s are the same document, since clients change these. What runs is the registered text, never the client's, so
 * that a document has one form in every cache. If a client has added `__typename` to its text, the second form runs, which
 * has `__typename` in every selection set.
 */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  const byCanonical = new Map([...documents.values()].map((text) => [canonicalText(text), formsOf(text)]))
  const known = createLru<string, string>(TEXTS_REMEMBERED)

  /** Returns the text that runs for a client's text; undefined if this is not registered. */
  function registeredFor(text: string): string | undefined {
    const hash = sha256(text)
    const remembered = documents.get(hash) ?? known.get(hash)
    if (remembered !== undefined) return remembered
    const document = parsed(text)
    const forms = document && byCanonical.get(canonicalOf(document))
    if (!forms) return undefined
    const registered = typenamesIn(document) > forms.typenames ? forms.withTypenames() : forms.text
    known.set(hash, registered)
    return registered
  }

  return {
    onParams({ params, setParams }) {
      const { documentId, ...rest } = params as GraphQLParams & { readonly documentId?: unknown }
      const text = typeof params.query === 'string' ? params.query : undefined
      const hash = documentId ?? params.extensions?.['persistedQuery']?.sha256Hash
      // If both are missing, Yoga reports it.
      if (text === undefined && hash === undefined) return
      const registered = text === undefined ? documents.get(hashOf(hash)) : registeredFor(text)
      if (registered === undefined) throw notTrusted()
      setParams({ ...rest, query: registered })
    },
  }
}

/** The forms in which a registered document runs. */
interface Forms {
  readonly text: string
  /** Number of `__typename`s without an alias in the text. */
  readonly typenames: number
  withTypenames(): string
}

function formsOf(text: string): Forms {
  const document = parsed(text)
  let made: string | undefined
  return {
    text,
    typenames: document ? typenamesIn(document) : 0,
    withTypenames() {
      made ??= document ? print(withTypenames(document)) : text
      return made
    },
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const notTrusted = (): GraphQLError =>
  new GraphQLError(
    'This server runs registered documents only (TRUSTED_DOCUMENTS_ONLY), and this is none of them.',
    { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } },
  )

/** Normalizes a hash: some clients write `sha256:` before it. */
const hashOf = (hash: unknown): string =>
  typeof hash === 'string' ? hash.toLowerCase().replace(/^sha256:/, '') : ''

/** Parses a document without its places in the text; undefined if it has no operation or cannot be parsed. */
function parsed(text: string): DocumentNode | undefined {
  try {
    const document = parseDocument(text, { noLocation: true })
    return document.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION) ? document : undefined
  } catch {
    return undefined
  }
}

/** Returns the canonical text of a document; an empty text if it has no operation or cannot be parsed. */
function canonicalText(text: string): string {
  const document = parsed(text)
  return document ? canonicalOf(document) : ''
}

function canonicalOf(document: DocumentNode): string {
  const plain = visit(document, { enter: (node) => (isTypename(node) ? null : undefined) })
  return plain.definitions
    .map((node) => stripIgnoredCharacters(print(node)))
    .sort()
    .join('\n')
}

const isTypename = (node: ASTNode): boolean =>
  node.kind === Kind.FIELD && node.name.value === '__typename' && !node.alias && !node.directives?.length

function typenamesIn(document: DocumentNode): number {
  let count = 0
  visit(document, {
    Field(node) {
      if (isTypename(node)) count += 1
    },
  })
  return count
}

/** Adds `__typename` to each selection set but that of a subscription, which has one field only. */
const withTypenames = (document: DocumentNode): DocumentNode =>
  visit(document, {
    SelectionSet(node, _key, parent) {
      const isSubscription = parent && 'operation' in parent && parent.operation === 'subscription'
      if (isSubscription || node.selections.some(isTypename)) return undefined
      return { ...node, selections: [...node.selections, TYPENAME] }
    },
  })

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }

/**
 * Reads files of registered documents: JSON objects whose values are documents, such as dist/trusted-documents.json. All
 * files together are registered.
 * @throws ConfigurationError if a file is missing or has another content
 */
export function readTrustedDocuments(files: readonly string[]): TrustedDocuments {
  const problems: string[] = []
  const texts = files.flatMap((file) => {
    try {
      if (!existsSync(file)) throw new Error('it does not exist')
      const entries: unknown = JSON.parse(readFileSync(file, 'utf8'))
      const values = typeof entries === 'object' && entries !== null ? Object.values(entries) : []
      const valid = values.filter((text) => typeof text === 'string' && canonicalText(text) !== '')
      if (valid.length === 0 || valid.length < values.length)
        throw new Error('it is not a JSON object of documents')
      return valid
    } catch (error) {
      problems.push(
        `The trusted documents in ${file} cannot be read: ${error instanceof SyntaxError ? 'it is not JSON' : messageOf(error)}.`,
      )
      return []
    }
  })
  if (problems.length > 0) throw new ConfigurationError(problems)
  return new Map(texts.map((text) => [sha256(text), text]))
}
