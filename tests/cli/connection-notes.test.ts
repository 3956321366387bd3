import { expect, it } from 'vitest'
import { connectionNotes } from '../../src/cli/connection-notes.js'
import { AffinityqlError } from '../../src/client/index.js'

it('a command tells of each outage of its stream once, and of each new reason', () => {
  const notes: string[] = []
  const { onDisconnect, onReconnect } = connectionNotes({ note: (text) => notes.push(text) }, 'Look again.')
  const fail = (message: string) => onDisconnect?.(new AffinityqlError(message, { code: 'X' }), 8_000)
  const outage = () => {
    fail('The server ended the stream.')
    for (let n = 0; n < 100; n += 1) fail('The server cannot be reached.')
    for (let n = 0; n < 100; n += 1) fail('Redis is away.')
    onReconnect?.()
  }
  outage()
  const first = notes.splice(0)
  expect(first.map((note) => note.replace(/^affinityql: | The command connects again …$/g, ''))).toEqual([
    'The server ended the stream.',
    'The server cannot be reached.',
    'Redis is away.',
    'The command is connected again. Look again.',
  ])
  outage()
  expect(notes).toEqual(first)
})
