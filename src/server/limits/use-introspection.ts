import { type DocumentNode, NoSchemaIntrospectionCustomRule, visit } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../context.js'

export interface IntrospectionOptions {
  /** False in production, where nobody may introspect; schema.graphql is published instead. */
  readonly enabled: boolean
}

/** Refuses introspection without a valid token; refuses it to everybody if it is switched off. */
export function useIntrospection({ enabled }: IntrospectionOptions): Plugin<Context> {
  const known = new WeakMap<DocumentNode, boolean>()
  const introspects = (document: DocumentNode): boolean => {
    let answer = known.get(document)
    if (answer === undefined) {
      answer = asksForSchema(document)
      known.set(document, answer)
    }
    return answer
  }
  return {
    onValidate({ addValidationRule }) {
      if (!enabled) addValidationRule(NoSchemaIntrospectionCustomRule)
    },
    async onExecute({ args }) {
      if (introspects(args.document)) await args.contextValue.viewer()
    },
  }
}

function asksForSchema(document: DocumentNode): boolean {
  let found = false
  visit(document, {
    Field({ name }) {
      if (name.value === '__schema' || name.value === '__type') found = true
    },
  })
  return found
}
