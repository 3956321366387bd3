import pino from 'pino'
import { expect, it } from 'vitest'
import { createCutLog } from '../../src/log/cut-log.js'

it('writes one line a minute for each reason, with the number of clients since the line before', () => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) })
  let now = 0
  const cut = createCutLog(logger, () => now)
  for (let time = 0; time < 1_000; time++) cut('connections')
  cut('stalled_answer')
  now = 60_000
  cut('connections')
  expect(lines).toMatchObject([
    { level: 40, reason: 'connections', count: 1, msg: 'clients are refused or cut' },
    { reason: 'stalled_answer', count: 1 },
    { reason: 'connections', count: 1_000 },
  ])
  expect(lines).toHaveLength(3)
})
