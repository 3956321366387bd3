import { createSourceEventStream, type ExecutionResult, execute, GraphQLError, type subscribe } from 'graphql'
import type { Context } from '../../context.js'
import { tooMuchAtOnce } from '../../schema/builder.js'
import type { BatchedIterator } from '../../util/bounded-stream.js'
import type { MaybePromise } from '../../util/promises.js'
import { answerOnce, isShared, type SharedAnswer, selectionKey, together } from './shared-events.js'
import { shortenMessage } from './use-bounded-errors.js'
import { complexityOf } from './use-rate-limit.js'

/**
 * Highest cost of one event. The console's and the documented events of affinities cost nothing, its follow-up of a clear
 * names providers for less than 50, and an event with every join of its affinity costs less than 200.
 */
export const MAX_EVENT_COST = 2_000
/** Events, and bytes, from which on one write sends no more: a stream that has fallen behind must not keep the others waiting. */
export const EVENTS_IN_ONE = 200
const BYTES_IN_ONE = 65_536
/** Number of events that are joined at a time, of all streams together. */
export const EVENTS_AT_ONCE = 4

/**
 * Subscribes as graphql-js does, but the viewer pays for what each event joins, and joined events take turns: a stream has
 * one event under way, a few streams are served at a time in the order of their events, and other requests come between
 * them. Fields of the record itself are free and wait for nobody. A stream whose viewer has used up the budget
 * ends with RATE_LIMITED.
 */
export const subscribeInTurns: typeof subscribe = async (args) => {
  if (complexityOf(args, 'limit') > MAX_EVENT_COST) return { errors: [tooMuchAtOnce()] }
  const source = await createSourceEventStream(args)
  if (!(Symbol.asyncIterator in source)) return refusal(source)
  const cost = complexityOf(args, 'event')
  const context = args.contextValue as Context
  const key = selectionKey(args, context.knownViewer())
  const join = async (event: unknown) => execute({ ...args, rootValue: event })
  // Fields of the record itself are the same for all who see them.
  if (cost === 0) return batched(source, (event) => answerOnce(event, key, join))
  return mapped(source[Symbol.asyncIterator](), async (event) => {
    await context.pay(cost)
    return context.turns.run(() => join(event))
  })
}

/** Gives errors of the request itself, such as those of its variables, a status that says so also for an event stream. */
function refusal({ errors = [] }: ExecutionResult): ExecutionResult {
  return { errors: errors.map((error) => (error.path ? error : withStatus(shortenMessage(error)))) }
}

const withStatus = (error: GraphQLError): GraphQLError =>
  new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    extensions: { ...error.extensions, http: { status: 400 } },
  })

/** Maps the items of an iterator. If mapping fails, the source is closed and the iteration ends with the error. */
function mapped<T, U>(source: AsyncIterator<T>, map: (item: T) => Promise<U>): AsyncGenerator<U, void, void> {
  const end = async (): Promise<IteratorResult<U, void>> => {
    await source.return?.()
    return { done: true, value: undefined }
  }
  return {
    async next() {
      const { done, value } = await source.next()
      if (done) return { done: true, value: undefined }
      try {
        return { done: false, value: await map(value) }
      } catch (error) {
        await source.return?.()
        throw error
      }
    },
    return: end,
    async throw(error) {
      await end()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

/**
 * Maps the events of a stream, and puts those together that wait already. Then a reader who falls behind is served in larger
 * steps, which cost much less an event than a step for each.
 */
function batched(
  source: AsyncIterable<unknown> & Partial<Pick<BatchedIterator<unknown>, 'ready'>>,
  answer: (event: unknown) => MaybePromise<ExecutionResult>,
): AsyncGenerator<ExecutionResult, void, void> {
  /** What came after the answers that were put together: it is next. */
  let held: { readonly result: ExecutionResult } | { readonly error: unknown } | undefined

  async function withWaiting(first: SharedAnswer): Promise<ExecutionResult> {
    const answers: [SharedAnswer, ...SharedAnswer[]] = [first]
    let bytes = first.messages().length
    try {
      while (answers.length < EVENTS_IN_ONE && bytes < BYTES_IN_ONE) {
        const waiting = source.ready?.()
        if (waiting === undefined) break
        const event = waiting instanceof Promise ? await waiting : waiting
        if (event === undefined) continue
        const known = answer(event)
        const result = known instanceof Promise ? await known : known
        if (!isShared(result)) {
          held = { result }
          break
        }
        answers.push(result)
        bytes += result.messages().length
      }
    } catch (error) {
      held = { error }
    }
    return together(answers)
  }

  const events = mapped(source[Symbol.asyncIterator](), async (event) => {
    const result = await answer(event)
    return isShared(result) ? withWaiting(result) : result
  })
  return {
    ...events,
    async next() {
      if (!held) return events.next()
      const before = held
      held = undefined
      if ('result' in before) return { done: false, value: before.result }
      await events.return()
      throw before.error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
