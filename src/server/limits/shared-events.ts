import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Viewer } from '../../session/viewer.js'
import { type MaybePromise, once } from '../../util/promises.js'

/** An answer to one event or more, with what is written for it: made once, and sent to all who asked the same. */
export interface SharedAnswer extends ExecutionResult {
  /** Returns the answer as messages of an event stream. */
  readonly messages: () => Uint8Array
}

type Run = (event: unknown) => Promise<ExecutionResult>

/** Whether an answer is one for all who asked the same: one without errors. */
export const isShared = (result: ExecutionResult): result is SharedAnswer => 'messages' in result

/** Writes an answer as a message of an event stream. */
export const messageOf = (json: string): Uint8Array => Buffer.from(`event: next\ndata: ${json}\n\n`)

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
    const shared = withMessages(result)
    // Those who come later need no promise.
    ofEvent.set(key, shared)
    return shared
  })
  ofEvent.set(key, answer)
  answer.catch(() => {})
  return answer
}

/** Answers that were put together lately, by the first of them: subscribers of the same mostly wait for the same. */
const lately = new WeakMap<SharedAnswer, Bundle[]>()

interface Bundle {
  readonly answers: readonly SharedAnswer[]
  readonly together: SharedAnswer
}

/** Bundles that are kept of those that begin with the same answer. */
const BUNDLES = 4

/** Puts answers together that wait for one reader, so that one write sends them. */
export function together(answers: readonly [SharedAnswer, ...SharedAnswer[]]): SharedAnswer {
  const [first] = answers
  if (answers.length === 1) return first
  const kept = lately.get(first) ?? []
  const known = kept.find((one) => isEqual(one.answers, answers))
  if (known) return known.together
  const made = { ...first, messages: once(() => Buffer.concat(answers.map(({ messages }) => messages()))) }
  lately.set(first, [{ answers, together: made }, ...kept.slice(0, BUNDLES - 1)])
  return made
}

const isEqual = (some: readonly SharedAnswer[], others: readonly SharedAnswer[]): boolean =>
  some.length === others.length && some.every((answer, index) => answer === others[index])

function withMessages(result: ExecutionResult): ExecutionResult {
  if (result.errors) return result
  const shared: SharedAnswer = { ...result, messages: once(() => messageOf(JSON.stringify(result))) }
  return shared
}
