import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { AffinitySource } from '../../src/affinities/affinity-source.js'
import { createReader } from '../../src/config/reader.js'
import { VARIABLE_NAMES, VARIABLES } from '../../src/config/variables.js'
import { ConfigurationError } from '../../src/errors.js'
import type { Health } from '../../src/server/http/health.js'

const SRC = fileURLToPath(new URL('../../src', import.meta.url))
const GUIDE = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')

const SOURCES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  // The command line and the client have their own messages and their own documents.
  .filter((name) => name.endsWith('.ts') && !/^(generated|cli|client)\//.test(name))
  .map((name) => readFileSync(`${SRC}/${name}`, 'utf8'))

/** The text between the parenthesis that opens at `start` and its own end. */
function argumentsFrom(text: string, start: number): string {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    if (text[at] === '(') depth += 1
    else if (text[at] === ')') depth -= 1
    if (depth === 0) return text.slice(start + 1, at)
  }
  throw new Error('a parenthesis does not end')
}

const callsOf = (pattern: RegExp): string[] =>
  SOURCES.flatMap((text) =>
    [...text.matchAll(pattern)].map(({ index, 0: head }) => argumentsFrom(text, index + head.length - 1)),
  )

const LITERAL = /'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g

const EMPTY_SHA256 = createHash('sha256').digest('hex')
const KNOWN = '1'.repeat(64)

function problemsOf(check: () => void): readonly string[] {
  try {
    check()
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems
    throw error
  }
  return []
}

const literalsIn = (code: string): string[] =>
  [...code.matchAll(LITERAL)].map(([, single, double, template]) => single ?? double ?? template ?? '')

/** What of a template is the same each time, piece by piece. */
const fixedParts = (message: string): string[] =>
  message.split(/\$\{(?:[^{}]|\{[^}]*\})*\}/).map((part) => part.trim())

describe('docs/troubleshooting.md', () => {
  it('explains every warning and every error of the log', () => {
    const messages = callsOf(/\b(?:log|logger)\.(?:warn|error|fatal)\(/g).map(
      (code) => literalsIn(code).at(-1) ?? '',
    )
    expect(messages).toContain('store lost')
    expect(messages.length).toBeGreaterThan(15)
    expect(messages.filter((message) => message === '' || !GUIDE.includes(`\`${message}\``))).toEqual([])
  })

  it('explains every reason not to start', () => {
    const sentences = callsOf(/\b(?:problem|problems\.push|new ConfigurationError)\(/g)
      .flatMap(literalsIn)
      .filter((message) => message.endsWith('.') && message.includes(' '))
    expect(sentences.length).toBeGreaterThan(20)
    const missing = sentences.filter((sentence) =>
      fixedParts(sentence).some((part) => part.length > 3 && !GUIDE.includes(part)),
    )
    expect(missing).toEqual([])
  })

  it('explains every value that a variable cannot have', () => {
    const junk = [
      'x',
      ',x',
      'mysql://db',
      'postgresql://a:%@b',
      'redis://a:%@b',
      'redis://a/b',
      'redis://a?db=1',
    ]
    const tokens = [
      'a:b',
      ':c:d',
      '*:admin:d',
      `a:admin:${EMPTY_SHA256}`,
      `a:admin:${KNOWN},a:viewer:${KNOWN}`,
    ]
    const refusals = VARIABLE_NAMES.flatMap((name) =>
      [...junk, ...tokens, 'prod', 'é'].flatMap((text) => {
        const reader = createReader({ [name]: text })
        reader.read(name)
        return problemsOf(() => reader.check()).map((problem) => ({
          isSecret: VARIABLES[name].secret,
          predicate: problem
            .slice(problem.indexOf(name) + name.length + 1)
            .replace(/ (a name is|roles are) .*\.$/, ' $1 ….'),
        }))
      }),
    )
    expect(new Set(refusals.map(({ predicate }) => predicate)).size).toBeGreaterThan(20)
    // One row is for all that is told with its value.
    expect(GUIDE).toContain('`… must be …; it is ….`')
    const missing = refusals
      .filter(({ isSecret, predicate }) => isSecret || !predicate.startsWith('must be '))
      .map(({ predicate }) => predicate)
      .filter((predicate) => !GUIDE.includes(predicate))
    expect(new Set(missing)).toEqual(new Set())
  })

  it('explains every state of /health/ready', () => {
    // Complete, or this would not compile.
    const statuses: Record<Health['status'], true> = { ready: true, unavailable: true, draining: true }
    const index: Record<AffinitySource['state'], true> = {
      starting: true,
      live: true,
      scanning: true,
      lost: true,
    }
    const shown = [
      ...Object.keys(statuses).map((status) => `"status":"${status}"`),
      ...Object.keys(index).map((state) => `"affinityIndex":"${state}"`),
    ]
    expect(shown.filter((text) => !GUIDE.includes(text))).toEqual([])
  })
})
