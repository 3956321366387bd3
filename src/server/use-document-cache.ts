import type { DocumentNode } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../context.js'
import { createLru } from '../util/lru.js'

export interface DocumentCacheOptions {
  /** Bytes of memory that all documents together may take, as estimated. */
  readonly maxBytes?: number
}

const MAX_BYTES = 32 * 1024 * 1024
const MAX_DOCUMENTS = 1_000

/**
 * Measured with graphql 16: a token with its node takes 240 to 520 bytes, and a comment about 100; a document has at most
 * 100 comments. A text has at most two bytes a character.
 */
const BYTES = { token: 550, character: 2, document: 12_000 } as const

/**
 * Keeps parsed and validated documents by their texts, as Yoga's own cache does, within so many bytes. Only a document that a
 * viewer has run is kept: what is sent without a valid token fills no memory, and displaces nothing.
 */
export function useDocumentCache({ maxBytes = MAX_BYTES }: DocumentCacheOptions = {}): Plugin<Context> {
  const documents = createLru<string, DocumentNode>(MAX_DOCUMENTS, {
    atMost: maxBytes,
    of: (text, { tokenCount = 0 }) =>
      BYTES.document + BYTES.character * text.length + BYTES.token * tokenCount,
  })
  /** Texts of the documents that are not kept, or not yet. */
  const texts = new WeakMap<DocumentNode, string>()
  const valid = new WeakSet<DocumentNode>()

  function keep(document: DocumentNode, context: Context): void {
    const text = texts.get(document)
    if (text === undefined || context.knownViewer() === undefined) return
    texts.delete(document)
    // Another request may have been faster; what is compiled belongs to its document.
    if (documents.get(text)) return
    valid.add(document)
    documents.set(text, document)
  }

  return {
    onParse({ params: { source }, setParsedDocument }) {
      const text = typeof source === 'string' ? source : source.body
      const known = documents.get(text)
      if (known) {
        setParsedDocument(known)
        return undefined
      }
      return ({ result }) => {
        if (result && !(result instanceof Error)) texts.set(result, text)
      }
    },
    onValidate({ params: { documentAST }, setResult }) {
      // A document that has run is valid: the rules are the same for all.
      if (valid.has(documentAST)) setResult([])
    },
    onExecute: ({ args }) => ({ onExecuteDone: () => keep(args.document, args.contextValue) }),
    onSubscribe: ({ args }) => ({ onSubscribeResult: () => keep(args.document, args.contextValue) }),
  }
}
