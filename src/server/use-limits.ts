import { blockFieldSuggestionsPlugin } from '@escape.tech/graphql-armor-block-field-suggestions'
import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases'
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth'
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives'
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens'
import type { Plugin } from 'graphql-yoga'
import { LIMITS } from '../schema/builder.js'

/** How large a document may be. Enough for every field of the schema at once; far from enough to hurt. */
export const DOCUMENT_LIMITS = { tokens: 2_000, aliases: 30, directives: 30, depth: LIMITS.depth } as const

export interface LimitsOptions {
  /** Whether errors may suggest names that exist (`Did you mean …`): not in production. */
  readonly suggestions: boolean
}

/**
 * Refuses a document for its shape, before it is validated or run. GraphQL Armor's single plugins, not its bundle:
 * that one wants Apollo Server. Cost limits that need arguments are in the schema's builder.
 */
export function useLimits({ suggestions }: LimitsOptions): Plugin {
  return {
    onPluginInit({ addPlugin }) {
      addPlugin(maxTokensPlugin({ n: DOCUMENT_LIMITS.tokens }))
      addPlugin(maxDepthPlugin({ n: DOCUMENT_LIMITS.depth, flattenFragments: true }))
      addPlugin(maxAliasesPlugin({ n: DOCUMENT_LIMITS.aliases, allowList: [] }))
      addPlugin(maxDirectivesPlugin({ n: DOCUMENT_LIMITS.directives }))
      if (!suggestions) addPlugin(blockFieldSuggestionsPlugin())
    },
  }
}
