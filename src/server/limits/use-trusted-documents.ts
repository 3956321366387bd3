import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { type DocumentNode, GraphQLError, Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql'
import type { GraphQLParams, Plugin } from 'graphql-yoga'
import { ConfigurationError, messageOf } from '../../errors.js'
import { createLru } from '../../util/lru.js'
import { DOCUMENT_LIMITS } from './use-limits.js'

/** Texts of documents by their SHA-256, in lower-case hexadecimal. */
export type TrustedDocuments = ReadonlyMap<string, string>

/** Number of texts that are remembered as trusted (LRU): each client sends the same few texts again and again. */
const TEXTS_REMEMBERED = 500

/**
 * Runs registered documents only. A client sends a document's text, or only its hash as `documentId` or as
 * `extensions.persistedQuery.sha256Hash`. Texts that differ only in white space, comments, the order of fragments or added
 * `__typename`s are the same document, since clients change these.
 */
export function useTrustedDocuments(documents: TrustedDocuments): Plugin {
  const canonical = new Set([...documents.values()].map(canonicalText))
  const known = createLru<string, true>(TEXTS_REMEMBERED)

  const isTrusted = (text: string): boolean => {
    if (known.get(text)) return true
    const trusted = canonical.has(canonicalText(text))
    if (trusted) known.set(text, true)
    return trusted
  }

  return {
    onParams({ params, setParams }) {
      const { documentId, ...rest } = params as GraphQLParams & { readonly documentId?: unknown }
      const text = typeof params.query === 'string' ? params.query : undefined
      const hash = documentId ?? params.extensions?.['persistedQuery']?.sha256Hash
      // If both are missing, Yoga reports it.
      if (text === undefined && hash === undefined) return
      if (text !== undefined && isTrusted(text)) return setParams(rest)
      const registered = text === undefined ? documents.get(hashOf(hash)) : undefined
      if (registered === undefined) throw notTrusted()
      setParams({ ...rest, query: registered })
    },
  }
}

const notTrusted = (): GraphQLError =>
  new GraphQLError(
    'This server runs registered documents only (TRUSTED_DOCUMENTS_ONLY), and this is none of them.',
    { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } },
  )

/** Normalizes a hash: some clients write `sha256:` before it. */
const hashOf = (hash: unknown): string =>
  typeof hash === 'string' ? hash.toLowerCase().replace(/^sha256:/, '') : ''

/** Returns the canonical text of a document; an empty text if it has no operation or cannot be parsed. */
function canonicalText(text: string): string {
  let document: DocumentNode
  try {
    document = parse(text, { noLocation: true, maxTokens: DOCUMENT_LIMITS.tokens })
  } catch {
    return ''
  }
  const plain = visit(document, {
    enter: (node) =>
      node.kind === Kind.FIELD && node.name.value === '__typename' && !node.alias && !node.directives?.length
        ? null
        : undefined,
  })
  const definitions = plain.definitions.map((node) => stripIgnoredCharacters(print(node))).sort()
  return plain.definitions.some(({ kind }) => kind === Kind.OPERATION_DEFINITION)
    ? definitions.join('\n')
    : ''
}

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
  return new Map(texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]))
}
