import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Viewer } from '../../session/viewer.js'
import type { MaybePromise } from '../../util/promises.js'

/** An answer to an event, with the text that Yoga writes for it: made once, and sent to all who asked the same. */
export interface SharedAnswer extends ExecutionResult {
  readonly stringify: (result: unknown) => string
}

type Run = (event: unknown) => Promise<ExecutionResult>

/** Whether an answer is one for all who asked the same: one without errors. */
export const isShared = (result: ExecutionResult): result is SharedAnswer =>
  typeof Reflect.get(result, 'stringify') === 'function'

/** Answers to events, by event; an event that nobody holds any more takes its answers along. */
const answers = new WeakMap<object, Map<string, MaybePromise<ExecutionResult>>>()

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
export function answerOnce(event: unknown, key: string, run: Run): MaybePromise<ExecutionResult> {
  if (typeof event !== 'object' || event === null) return run(event)
  const known = answers.get(event)
  const answered = known?.get(key)
  if (answered) return answered
  const ofEvent = known ?? new Map<string, MaybePromise<ExecutionResult>>()
  if (!known) answers.set(event, ofEvent)
  const answer = run(event).then((result) => {
    const shared = withText(result)
    // Those who come later need no promise.
    ofEvent.set(key, shared)
    return shared
  })
  ofEvent.set(key, answer)
  answer.catch(() => {})
  return answer
}

/** Ends an event and begins the next one in a text of several, which Yoga writes as `event: next`, `data: …` and a blank line. */
const BETWEEN_EVENTS = '\n\nevent: next\ndata: '

/** Puts answers together that wait for one reader, so that one write sends them. */
export const together = (answers: readonly [SharedAnswer, ...SharedAnswer[]]): ExecutionResult => {
  const [first] = answers
  const inOne: SharedAnswer = {
    ...first,
    stringify: () => answers.map((answer) => answer.stringify(answer)).join(BETWEEN_EVENTS),
  }
  return answers.length === 1 ? first : inOne
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
