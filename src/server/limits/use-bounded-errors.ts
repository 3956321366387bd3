import { type ExecutionResult, GraphQLError, specifiedRules, type ValidationRule, validate } from 'graphql'
import type { Plugin } from 'graphql-yoga'
import { shortened } from '../../util/text.js'

/**
 * Largest number and size of the errors of one request. Each error has a price for the service: GraphQL quotes the client's
 * value in it, counts the lines up to it, and the answer repeats it.
 */
export const ERROR_LIMITS = {
  /** Errors of the document, and of the variables. The last one says that there are more. */
  refusals: 5,
  messageCharacters: 500,
  /** Errors of an answer, and their characters as JSON. The first error is sent in any case. */
  answer: { errors: 100, characters: 10_000 },
} as const

/** Shortens the message of an error, so that nothing that looks at it afterwards has to be afraid of its length. */
export function shortenMessage<E>(error: E): E {
  if (!(error instanceof Error) || error.message.length <= ERROR_LIMITS.messageCharacters) return error
  const { message, stack } = error
  const short = shortened(message, ERROR_LIMITS.messageCharacters)
  // Some errors have a message that cannot be assigned.
  Object.defineProperty(error, 'message', { value: short })
  if (stack !== undefined)
    Object.defineProperty(error, 'stack', { value: stack.replace(message, () => short) })
  return error
}

export interface BoundedErrorsOptions {
  /** True if messages suggest names of the schema, as `Did you mean "name"?`. */
  readonly suggestNames: boolean
}

/**
 * Bounds the errors of a document and of its variables where they are made, and those of an answer before it is written.
 * The rules of this service, which limit a document's size, apply before GraphQL's own, whose time grows with that size.
 */
export function useBoundedErrors({ suggestNames }: BoundedErrorsOptions): Plugin {
  // One error less, since GraphQL.js adds one that says that there are more.
  const atMost = ERROR_LIMITS.refusals - 1
  const hideSuggestions = !suggestNames

  const validateInTurn: typeof validate = (schema, document, rules = specifiedRules) => {
    const pass = (chosen: readonly ValidationRule[]) =>
      validate(schema, document, chosen, { maxErrors: atMost, hideSuggestions })
    const refused = pass(rules.filter((rule) => !specifiedRules.includes(rule)))
    const errors = refused.length > 0 ? refused : pass(rules.filter((rule) => specifiedRules.includes(rule)))
    return errors.map(shortenMessage)
  }
  const limits = { hideSuggestions, options: { maxCoercionErrors: atMost } }

  return {
    onValidate({ setValidationFn }) {
      setValidationFn(validateInTurn)
    },
    onExecute({ args }) {
      Object.assign(args, limits)
      return {
        onExecuteDone({ result }) {
          if (isSingle(result)) result.errors?.forEach(shortenMessage)
        },
      }
    },
    onSubscribe({ args }) {
      Object.assign(args, limits)
      return {
        onSubscribeResult({ result }) {
          if (isSingle(result)) result.errors?.forEach(shortenMessage)
        },
      }
    },
    onExecutionResult({ result }) {
      if (result && !Array.isArray(result) && isSingle(result)) Object.assign(result, boundErrors(result))
    },
  }
}

const isSingle = (result: object): result is ExecutionResult => !(Symbol.asyncIterator in result)

/** Returns the errors that are sent, if there are errors. The last one tells how many are left out. */
function boundErrors({ errors }: ExecutionResult): Pick<ExecutionResult, 'errors'> {
  if (!errors) return {}
  const { answer } = ERROR_LIMITS
  let characters = 0
  const first = errors.slice(0, answer.errors).findIndex((error, index) => {
    characters += JSON.stringify(shortenMessage(error)).length
    return index > 0 && characters > answer.characters
  })
  const count = first === -1 ? Math.min(errors.length, answer.errors) : first
  const leftOut = errors.slice(count)
  const [next] = leftOut
  if (!next) return { errors }
  const told = `${leftOut.length} more errors are left out.`
  return { errors: [...errors.slice(0, count), new GraphQLError(told, { extensions: codeOf(next) })] }
}

const codeOf = ({ extensions }: GraphQLError) => ({ code: extensions['code'] })
