import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createDependencyHealth } from '../../src/server/http/health.js'
import { ownTurn } from '../../src/util/own-turn.js'

test('a probe’s ping is answered before the next large piece of another request begins', async () => {
  const order: string[] = []
  const database = {
    name: 'database' as const,
    async ping() {
      for (let turn = 0; turn < 3; turn += 1) await nextTurn()
      order.push('the database’s answer')
    },
  }
  const read = createDependencyHealth([database])
  const states = read().then(({ database }) => order.push(`told: ${database?.state}`))
  await ownTurn()
  order.push('a page')
  await states
  expect(order).toEqual(['the database’s answer', 'told: up', 'a page'])
})
