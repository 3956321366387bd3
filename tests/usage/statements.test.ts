import { expect, it } from 'vitest'
import { createUsageStatements } from '../../src/gateway/aether/usage/usage-statements.js'

it('two statements over usage rows run at once, whoever asks, and the next one when one of them ends', async () => {
  const running: { readonly sql: string; readonly end: () => void }[] = []
  const { run } = createUsageStatements({
    query: async () => [],
    readLong: ({ sql }) =>
      new Promise((resolve) => {
        running.push({ sql, end: () => resolve([]) })
      }),
  })
  const { signal } = new AbortController()
  const asked = ['first', 'second', 'third'].map((sql) => run({ sql, args: [] }, signal))
  const begun = () => running.map(({ sql }) => sql)
  await expect.poll(begun).toEqual(['first', 'second'])
  running[1]?.end()
  await asked[1]
  await expect.poll(begun).toEqual(['first', 'second', 'third'])
  for (const { end } of running) end()
  await Promise.all(asked)
})

it('of statements that belong together, one that fails ends the others', async () => {
  const ended: unknown[] = []
  const { runAll } = createUsageStatements({
    query: async () => [],
    readLong: ({ sql, signal }) =>
      sql === 'failing'
        ? Promise.reject(new Error('It failed.'))
        : new Promise((_resolve, reject) => {
            signal?.addEventListener('abort', () => {
              ended.push(sql)
              reject(signal.reason)
            })
          }),
  })
  const all = ['long', 'failing'].map((sql) => ({ sql, args: [] }))
  await expect(runAll(all, new AbortController().signal)).rejects.toThrow('It failed.')
  expect(ended).toEqual(['long'])
})
