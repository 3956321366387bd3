/** Events that wait for a reader go out together, in one write. */
import {
  type ExecutionResult,
  GraphQLInt,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  parse,
} from 'graphql'
import { expect, it } from 'vitest'
import type { Context } from '../../src/context.js'
import { ownField } from '../../src/schema/builder.js'
import { isShared } from '../../src/server/limits/shared-events.js'
import { EVENTS_IN_ONE, subscribeInTurns } from '../../src/server/limits/subscribe-in-turns.js'
import { createBoundedStream, transformed } from '../../src/util/bounded-stream.js'

/** Fields of the record itself, which cost nothing. */
const extensions = { complexity: ownField }
const Event = new GraphQLObjectType({
  name: 'Event',
  fields: { n: { type: new GraphQLNonNull(GraphQLInt), extensions } },
})
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({ name: 'Query', fields: { nothing: { type: GraphQLInt } } }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: { events: { type: new GraphQLNonNull(Event), extensions } },
  }),
})

interface Event {
  readonly n: number
}

/** Subscribes to a stream of events; `n` of those in `failing` cannot be told. */
async function subscribeTo(failing: readonly number[] = []) {
  const stream = createBoundedStream<Event>(
    () => {},
    () => new Error('too slow'),
  )
  const told = (event: Event) => ({
    events: { n: () => (failing.includes(event.n) ? Promise.reject(new Error(`no ${event.n}`)) : event.n) },
  })
  const events = transformed(stream, told)
  const contextValue = { knownViewer: () => undefined } as Partial<Context> as Context
  const document = parse('subscription { events { n } }')
  const results = await subscribeInTurns({
    schema,
    document,
    contextValue,
    rootValue: { events: () => events },
  })
  if (!(Symbol.asyncIterator in results)) throw new Error('The subscription was refused.')
  const next = async () => {
    const { value } = await results.next()
    return value as ExecutionResult
  }
  return { stream, next, results }
}

/** What is written for an answer without errors. */
const written = (result: ExecutionResult) =>
  isShared(result) ? Buffer.from(result.messages()).toString() : undefined
const one = (n: number) => `event: next\ndata: {"data":{"events":{"n":${n}}}}\n\n`
const push = (stream: { push(event: Event): boolean }, from: number, to: number) => {
  for (let n = from; n < to; n += 1) stream.push({ n })
}

it('are the same text as one by one, in their order', async () => {
  const { stream, next } = await subscribeTo()
  push(stream, 0, 1)
  expect(written(await next())).toBe(one(0))
  push(stream, 1, 4)
  expect(written(await next())).toBe(one(1) + one(2) + one(3))
})

it('are so many at most, so that others have their turn', async () => {
  const { stream, next } = await subscribeTo()
  push(stream, 0, EVENTS_IN_ONE + 1)
  const [first, second] = [written(await next()), written(await next())]
  expect(first?.match(/event: next/g)).toHaveLength(EVENTS_IN_ONE)
  expect(second).toBe(one(EVENTS_IN_ONE))
})

it('do not hide one that fails: it comes alone, in its place', async () => {
  const { stream, next } = await subscribeTo([1])
  push(stream, 0, 4)
  expect(written(await next())).toBe(one(0))
  expect((await next()).errors?.map(({ message }) => message)).toEqual(['no 1'])
  expect(written(await next())).toBe(one(2) + one(3))
})

it('all come before the reason why a stream ends', async () => {
  const { stream, next, results } = await subscribeTo()
  push(stream, 0, 2)
  stream.fail(new Error('away'))
  expect(written(await next())).toBe(one(0) + one(1))
  await expect(results.next()).rejects.toThrow('away')
})
