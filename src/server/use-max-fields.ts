import { type ASTVisitor, GraphQLError, type ValidationContext } from 'graphql'
import type { Plugin } from 'graphql-yoga'

/**
 * Refuses a document that names more fields than this. The schema's own cost counts what its resolvers give;
 * `__typename` has none, so that it could be asked for as often as tokens last.
 */
export function useMaxFields(limit: number): Plugin {
  const rule = (context: ValidationContext): ASTVisitor => {
    let fields = 0
    return {
      Field() {
        fields += 1
        if (fields === limit + 1) {
          context.reportError(new GraphQLError(`The document names more than ${limit} fields.`))
        }
      },
    }
  }
  return {
    onValidate: ({ addValidationRule }) => addValidationRule(rule),
  }
}
