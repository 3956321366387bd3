import { type ExecutionArgs, type ExecutionResult, parse } from 'graphql'
import { expect, it, vi } from 'vitest'
import { answerOnce, isShared, selectionKey, together } from '../../src/server/limits/shared-events.js'
import type { Viewer } from '../../src/session/viewer.js'

const document = parse('subscription { affinityEvents { type } }')
const admin = { role: 'ADMIN', canClear: true, permissions: null } as Viewer
const args = (changed: object = {}) =>
  ({ document, variableValues: { filter: null }, ...changed }) as unknown as ExecutionArgs

it('answers and writes an event once for all subscriptions that ask the same', async () => {
  const run = vi.fn(async (): Promise<ExecutionResult> => ({ data: { affinityEvents: { type: 'CREATED' } } }))
  const stringify = vi.spyOn(JSON, 'stringify')
  const event = {}
  const key = selectionKey(args(), admin)
  const before = stringify.mock.calls.length
  const answers = await Promise.all(Array.from({ length: 500 }, () => answerOnce(event, key, run)))
  const written = new Set(answers.map((answer) => isShared(answer) && answer.messages()))
  expect(run).toHaveBeenCalledTimes(1)
  expect(stringify.mock.calls.length - before).toBe(1)
  expect([...written].map(String)).toEqual([
    Buffer.from('event: next\ndata: {"data":{"affinityEvents":{"type":"CREATED"}}}\n\n').toString(),
  ])
  await answerOnce({}, key, run)
  expect(run).toHaveBeenCalledTimes(2)
})

it('writes events that wait together once for all for whom the same wait', async () => {
  const run = async (): Promise<ExecutionResult> => ({ data: null })
  const answerTo = async (event: object) => {
    const answer = await answerOnce(event, 'k', run)
    if (!isShared(answer)) throw new Error('This answer is not shared.')
    return answer
  }
  const [a, b, c] = [await answerTo({}), await answerTo({}), await answerTo({})]
  const first = together([a, b, c])
  expect(together([a, b, c])).toBe(first)
  expect(first.messages()).toBe(first.messages())
  expect(together([a, b])).not.toBe(first)
  expect(together([a, c, b])).not.toBe(first)
  expect(together([a])).toBe(a)
})

it('tells documents, variables and rights apart', () => {
  const keys = [
    selectionKey(args(), admin),
    selectionKey(args({ document: parse('subscription { affinityEvents { at } }') }), admin),
    selectionKey(args({ variableValues: { filter: {} } }), admin),
    selectionKey(args({ operationName: 'A' }), admin),
    selectionKey(args(), { ...admin, role: 'USER' }),
    selectionKey(args(), { ...admin, permissions: ['admin:usage:read'] }),
    selectionKey(args(), undefined),
  ]
  expect(new Set(keys).size).toBe(keys.length)
  expect(selectionKey(args(), { ...admin, name: 'other', key: 'token:other' })).toBe(keys[0])
})

it('shares nothing of an event that has no identity, such as a tick', async () => {
  const run = vi.fn(async (): Promise<ExecutionResult> => ({ data: null }))
  await Promise.all([answerOnce(true, 'k', run), answerOnce(true, 'k', run)])
  expect(run).toHaveBeenCalledTimes(2)
})
