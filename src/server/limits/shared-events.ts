import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Viewer } from '../../session/viewer.js'

/** An answer to an event, with the text that Yoga writes for it: made once, and sent to all who asked the same. */
interface SharedAnswer extends ExecutionResult {
  readonly stringify: (result: unknown) => string
}

type Run = () => Promise<ExecutionResult>

/** Answers to events, by event; an event that nobody holds any more takes its answers along. */
const answers = new WeakMap<object, Map<string, Promise<ExecutionResult>>>()

/** Numbers of documents: equal texts are one document, see use-document-cache.ts. */
const numbers = new WeakMap<object, number>()
let lastNumber = 0

function numberOf(document: object): number {
  const number = numbers.get(document) ?? ++lastNumber
  numbers.set(document, number)
  return number
}

/** Is equal for subscriptions that get the same answer to the same event: same document, variables and rights. */
export function selectionKey(
  { document, operationName, variableValues }: ExecutionArgs,
  viewer: Viewer | undefined,
): string {
  const { role, canClear, permissions } = viewer ?? {}
  return JSON.stringify([
    numberOf(document),
    operationName ?? null,
    variableValues ?? null,
    role ?? null,
    canClear ?? null,
    permissions ?? null,
  ])
}

/**
 * Answers an event once for all subscriptions with the same key, and writes it as JSON once. Only for answers that depend on
 * the event and the key alone.
 */
export function answerOnce(event: unknown, key: string, run: Run): Promise<ExecutionResult> {
  if (typeof event !== 'object' || event === null) return run()
  const ofEvent = answers.get(event) ?? new Map<string, Promise<ExecutionResult>>()
  answers.set(event, ofEvent)
  const known = ofEvent.get(key)
  if (known) return known
  const answer = run().then(withText)
  ofEvent.set(key, answer)
  answer.catch(() => {})
  return answer
}

function withText(result: ExecutionResult): ExecutionResult {
  if (result.errors) return result
  let text: string | undefined
  const shared: SharedAnswer = {
    ...result,
    stringify() {
      text ??= JSON.stringify(result)
      return text
    },
  }
  return shared
}
