import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { flag, type Variable } from '../../src/config/kinds.js'
import { createReader } from '../../src/config/reader.js'
import { VARIABLE_NAMES, VARIABLES, type VariableName } from '../../src/config/variables.js'
import { ConfigurationError } from '../../src/errors.js'
import type { Env } from './support.js'

/** What one variable is read as, alone; or why it is refused. */
function reading(name: VariableName, text: string): { value?: unknown; problems: readonly string[] } {
  const reader = createReader({ [name]: text })
  const value = reader.read(name)
  try {
    reader.check()
    return { value, problems: [] }
  } catch (error) {
    if (error instanceof ConfigurationError) return { problems: error.problems }
    throw error
  }
}

const rowOf = (name: VariableName): Variable => VARIABLES[name]
const namesWhere = (holds: (row: Variable) => boolean) => VARIABLE_NAMES.filter((name) => holds(rowOf(name)))
const namesOfKind = (text: string, value: unknown) =>
  VARIABLE_NAMES.filter((name) => {
    const parsed = rowOf(name).schema.safeParse(text)
    return parsed.success && parsed.data === value
  })

const FLAGS = namesOfKind('true', true)
/** Numbers have at least one of these in their range, as a number. */
const NUMBERS = VARIABLE_NAMES.filter((name) =>
  ['0', '1', '1000'].some((text) => rowOf(name).schema.safeParse(text).data === Number(text)),
)
const LISTS = namesWhere(({ form }) => form === 'list')
const SECRETS = namesWhere(({ secret }) => secret)

const capitalised = (text: string, bits: readonly boolean[]) =>
  [...text].map((letter, at) => (bits[at] ? letter.toUpperCase() : letter)).join('')
const spelling = (...words: readonly string[]) =>
  fc
    .tuple(
      fc.constantFrom(...words),
      fc.array(fc.boolean(), { maxLength: 5 }),
      fc.constantFrom('', ' ', '\n'),
    )
    .map(([word, bits, space]) => space + capitalised(word, bits) + space)

describe('the table of variables', () => {
  it('has the kinds that these tests are about', () => {
    expect(FLAGS).toEqual(namesWhere(({ schema }) => schema === flag))
    expect(FLAGS).toEqual(
      expect.arrayContaining(['REDIS_TLS', 'METRICS_PUBLIC', 'AFFINITY_INDEX', 'OTEL_SDK_DISABLED']),
    )
    expect(NUMBERS).toEqual(
      expect.arrayContaining(['PORT', 'CACHE_RESERVATION_RATIO', 'RATE_LIMIT_VIEWER', 'CLEAR_GUARD_SECONDS']),
    )
    expect(LISTS).toEqual(
      expect.arrayContaining(['REDIS_SENTINELS', 'GATEWAY_URLS', 'CORS_ORIGINS', 'ADMIN_TOKENS']),
    )
    expect(SECRETS).toEqual(
      expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'ENCRYPTION_KEY', 'GATEWAY_TOKEN']),
    )
  })

  it.each(VARIABLE_NAMES)(
    '%s takes its default, counts as not set where it is empty, and says what it does',
    (name) => {
      const { default: fallback, description } = rowOf(name)
      const expected = fallback === undefined ? undefined : rowOf(name).schema.parse(fallback)
      expect(reading(name, '')).toEqual({ value: expected, problems: [] })
      expect(createReader({}).read(name)).toEqual(expected)
      expect(description).toMatch(/^.{10,}\.$/)
    },
  )

  it.each(VARIABLE_NAMES)('%s is read or refused with a sentence, whatever it holds', (name) => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.webUrl()), (text) => {
        for (const problem of reading(name, text).problems) {
          expect(problem).toMatch(new RegExp(`^(Entry \\d+ of )?${name} .+\\.$`, 's'))
        }
      }),
    )
  })

  it.each(SECRETS)('%s is never shown', (name) => {
    fc.assert(
      fc.property(
        fc.constantFrom('', 'redis://', 'postgresql://u:', 'http://', 'a:', '%'),
        fc.constantFrom('', '@', ' ', '%', ',,'),
        (before, after) => {
          const { problems } = reading(name, `${before}canary-7f3e${after}x`)
          expect(problems.join()).not.toContain('canary')
        },
      ),
    )
  })
})

describe('what is on or off', () => {
  it.each(FLAGS)('is spelled in the same ways in %s', (name) => {
    fc.assert(fc.property(spelling('true', 'yes', 'on', '1'), (text) => reading(name, text).value === true))
    fc.assert(fc.property(spelling('false', 'no', 'off', '0'), (text) => reading(name, text).value === false))
    for (const text of ['maybe', 'y', '2', '-1', 'truee', 'true,', 'ｔｒｕｅ', 'true false', 'null']) {
      expect(reading(name, text).problems).toEqual([
        `${name} must be true or false; it is ${JSON.stringify(text)}.`,
      ])
    }
  })
})

describe('a number', () => {
  it.each(NUMBERS)('is in decimal digits and nothing else in %s', (name) => {
    const junk = [
      '-1',
      '+1',
      '1e3',
      '0x1',
      '1_000',
      '1,000',
      '10%',
      '5s',
      'NaN',
      'Infinity',
      '.',
      '１',
      '1 0',
      '٣',
    ]
    for (const text of name === 'TRUST_PROXY' ? [] : junk) {
      expect(reading(name, text).problems).toEqual([expect.stringMatching(`^${name} must be .*; it is `)])
    }
    const least = name === 'DATABASE_POOL_SIZE' ? 1 : 0
    expect(reading(name, ` ${least} `)).toEqual({ value: least, problems: [] })
    expect(reading(name, `0${least}`)).toEqual({ value: least, problems: [] })
  })

  it.each(NUMBERS.filter((name) => name !== 'TRUST_PROXY'))(
    'has a range in %s, whose ends the documentation names',
    (name) => {
      const { problems } = reading(name, '999999999999999')
      const range =
        / from (\d+)(?: to (\d+))?;/
          .exec(problems[0] ?? '')
          ?.slice(1)
          .filter(Boolean) ?? []
      expect(range.length).toBeGreaterThan(0)
      for (const end of range) {
        expect(reading(name, end)).toEqual({ value: Number(end), problems: [] })
        expect(rowOf(name).description).toContain(end)
      }
    },
  )
})

describe('a list', () => {
  const ENTRIES: Readonly<Partial<Record<VariableName, readonly [string, string]>>> = {
    REDIS_SENTINELS: ['one:1', 'two:2'],
    REDIS_CLUSTER_NODES: ['one:1', 'two:2'],
    ADMIN_TOKENS: [`a:admin:${'1'.repeat(64)}`, `b:viewer:${'2'.repeat(64)}`],
    TRUST_PROXY: ['10.0.0.0/8', 'loopback'],
    CORS_ORIGINS: ['https://one.example', 'https://two.example:8443'],
    GATEWAY_URLS: ['http://one:8000', 'https://two.example/prefix'],
    TRUSTED_DOCUMENTS_FILE: ['one.json', 'two.json'],
  }

  it('of every variable is tested here', () => {
    expect(Object.keys(ENTRIES)).toEqual(expect.arrayContaining(LISTS))
  })

  it.each(LISTS)('may begin and end with commas and has no empty entry among others in %s', (name) => {
    const [one, two] = ENTRIES[name] ?? []
    const clean = reading(name, `${one},${two}`)
    expect(clean).toMatchObject({ value: { length: 2 }, problems: [] })
    for (const text of [`${one},${two},`, `,${one} , ${two}\n`, ` , ${one},\t${two},,`]) {
      expect(reading(name, text)).toEqual(clean)
    }
    for (const text of [`${one},,${two}`, `${one}, ,${two}`]) {
      expect(reading(name, text).problems).toHaveLength(1)
    }
    for (const text of [',', ' , ,']) expect(reading(name, text)).toEqual({ value: undefined, problems: [] })
  })
})

describe('white space around a value', () => {
  const EXACT: readonly VariableName[] = ['ENCRYPTION_KEY', 'JWT_SECRET_KEY']

  it.each(VARIABLE_NAMES.filter((name) => !EXACT.includes(name)))('does not count in %s', (name) => {
    const samples: Env = { DATABASE_URL: 'postgresql://db/x', REDIS_URL: 'redis://one' }
    const text = samples[name] ?? rowOf(name).default ?? 'http://one'
    expect(reading(name, ` ${text}\r\n`)).toEqual(reading(name, text))
  })

  it.each(EXACT)('counts in %s, as it does for the gateway', (name) => {
    for (const text of [' a key', 'a key\n', '\ta\u00a0', ' ']) {
      expect(reading(name, text)).toEqual({ value: text, problems: [] })
    }
  })
})

describe('the source', () => {
  const SRC = fileURLToPath(new URL('../../src', import.meta.url))

  it('reads every variable of the table, and none by another way', () => {
    const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
      .filter(
        (file) =>
          file.endsWith('.ts') &&
          !file.startsWith('generated/') &&
          !/^config\/(variables|reader|redact|near-miss)/.test(file),
      )
      .map((file) => ({ file, text: readFileSync(`${SRC}/${file}`, 'utf8') }))
    const unread = VARIABLE_NAMES.filter(
      (name) => !files.some(({ file, text }) => file.startsWith('config/') && text.includes(`'${name}'`)),
    )
    expect(unread).toEqual([])
    // `serve` hands its options on to the service that it starts.
    const past = files.filter(
      ({ file, text }) => file !== 'cli/commands/service.ts' && /\benv(ironment)?\[/.test(text),
    )
    expect(past.map(({ file }) => file)).toEqual([])
  })
})
