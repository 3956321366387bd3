import pino from 'pino'
import pretty from 'pino-pretty'
import { describe, expect, it } from 'vitest'
import { escapeControls, replaceControls } from '../../src/log/log-lines.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { startService } from '../support/process.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'

/** A colour by the one-byte and by the two-byte command, a line's end, a deletion, and a name written backwards. */
const NAME = 'a\u009b31m\u001b[31m\r\n\u2028\u0085\u007f\u202egpj.exe\u{e0001} 模型 🙂'
const CONTROLS = /[\p{Cc}\p{Cf}\u2028\u2029]/u

function logged(write: (line: string) => string, readable: boolean): string {
  let text = ''
  const stream = {
    write(line: string) {
      text += line
    },
  }
  const shown = pretty.prettyFactory({ colorize: false })
  const options = { base: null, hooks: { streamWrite: write } }
  const log = pino(options, readable ? { write: (line) => stream.write(String(shown(line))) } : stream)
  log.warn({ key: NAME, err: new Error(NAME) }, 'a cached affinity cannot be read')
  return text
}

describe('a name of a stranger’s in the log', () => {
  it('has nothing that a terminal obeys, and is the same for whoever parses it', () => {
    const text = logged(escapeControls, false)
    expect(text.split('\n')).toHaveLength(2)
    expect(text.trim()).not.toMatch(CONTROLS)
    expect(JSON.parse(text)).toMatchObject({ key: NAME, err: { message: NAME } })
    expect(text).toContain('模型 🙂')
  })

  it('has nothing of it where it is shown to a person', () => {
    const text = logged(replaceControls, true)
    expect(text.replace(/[\r\n]/g, '')).not.toMatch(CONTROLS)
    expect(text).toContain('模型 🙂')
  })

  it('has nothing of it where the service itself logs a key that it cannot read', async () => {
    const redis = await freshRedis('empty')
    await redis.client().set(`cache_affinity:${NAME}:CLAUDE:m`, 'no JSON')
    const service = startService({
      ...{ DATABASE_URL: freshDatabase(), REDIS_URL: redis.url, PORT: '0' },
      ...FIXTURE_ENVIRONMENT,
    })
    const { input } = await service.line(/cannot be read/)
    expect(input).not.toMatch(CONTROLS)
    expect(JSON.parse(input).key).toContain(NAME)
  })

  it('is not taken for something else because it holds a backslash', () => {
    for (const name of ['\\u001b', '\\\\u001b', '\\\u001b', 'C:\\users']) {
      for (const write of [escapeControls, replaceControls]) {
        const { key } = JSON.parse(write(JSON.stringify({ key: name })))
        expect(key).toBe(write === escapeControls ? name : name.replace('\u001b', '�'))
      }
    }
  })
})
