import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInstance } from 'i18next'
import { describe, expect, it } from 'vitest'
import type { Context } from '../../src/context.js'
import { AETHER_FIGURES } from '../../src/gateway/aether/aether-gateway.js'
import { cacheConfig } from '../../src/resolvers/cache.js'
import { en } from '../../web/src/i18n/en.js'
import { zhCN, zhMeanings } from '../../web/src/i18n/zh-CN.js'

const SOURCE = new URL('../../web/src/', import.meta.url).pathname

const textsOf = (catalogue: object, path = ''): Map<string, string> =>
  new Map(
    Object.entries(catalogue).flatMap(([name, value]: [string, unknown]) =>
      typeof value === 'string'
        ? [[path + name, value] as const]
        : [...textsOf(value as object, `${path}${name}.`)],
    ),
  )

/** Chinese has one form for every number. */
const withoutSingulars = (keys: Iterable<string>) => [...keys].filter((key) => !key.endsWith('_one')).sort()
const variablesOf = (text: string) =>
  [...text.matchAll(/\{\{(\w+)(?:, number)?\}\}/g)].map(([, name]) => name).sort()

const sources = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.startsWith('generated') && !file.startsWith('i18n'))
  .map((file) => ({ file, text: readFileSync(join(SOURCE, file), 'utf8') }))

describe('the catalogues', () => {
  const english = textsOf(en)
  const chinese = textsOf(zhCN)

  it('say the same things in both languages', () => {
    expect(withoutSingulars(chinese.keys())).toEqual(withoutSingulars(english.keys()))
  })

  it('have two words in Chinese for a stale pin and for what the gateways invalidate', () => {
    const invalid = [...chinese].filter(([, text]) => text.includes('失效')).map(([key]) => key)
    expect(invalid).toEqual(['overview.invalidations'])
    expect(zhCN.affinities.uses.STALE).toBe('不可用')
  })

  it('put the same values into each sentence', () => {
    for (const [key, text] of chinese)
      expect([key, variablesOf(text)]).toEqual([key, variablesOf(english.get(key) ?? '')])
  })

  it('write the number of the groups that are not shown as any other number', async () => {
    for (const [lng, words] of [
      ['en', '1,002 others'],
      ['zh-CN', '其他 1,002 项'],
    ] as const) {
      const i18n = createInstance()
      await i18n.init({ lng, resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } } })
      expect(i18n.t('counts.others', { count: 1_002 })).toBe(words)
    }
  })

  it('leave no sentence empty and none in English', () => {
    const untranslated = [...chinese].filter(([key, text]) => text.length > 0 && text === english.get(key))
    expect([...english, ...chinese].filter(([, text]) => text.trim() === '')).toEqual([])
    // Names that are the same everywhere.
    expect(untranslated.map(([, text]) => text).sort()).toEqual(
      ['GraphiQL', 'PostgreSQL', 'Redis', 'TTL', 'CSV', 'affinityql', '{{done}} / {{total}}']
        .filter((text) => untranslated.some(([, same]) => same === text))
        .sort(),
    )
  })

  it('count by what was written back, and not by what was cleared', () => {
    const said = sources.map(({ text }) => text).join('\n')
    const [, given = ''] = /t\('clears\.writtenBack', \{([^}]*)\}/.exec(said) ?? []
    expect(given.replaceAll(/\s/g, '')).toContain('count:writtenBack,')
    expect(en.clears.writtenBack_one).toMatch(/^\{\{formatted\}\} of \{\{total\}\} was /)
    expect(en.clears.writtenBack_other).toMatch(/^\{\{formatted\}\} of \{\{total\}\} were /)
  })

  it('hold nothing that the console does not say', () => {
    const code = sources.map(({ text }) => text).join('\n')
    const unused = [...english.keys()].filter((key) => {
      const bare = key.replace(/_(one|other)$/, '')
      // Keys are also put together: `staleReasons.${reason}`.
      const parent = `${bare.slice(0, bare.lastIndexOf('.'))}.`
      return !code.includes(`'${bare}'`) && !code.includes(`\`${parent}$`)
    })
    expect(unused).toEqual([])
  })
})

describe('the meanings of configuration parameters', () => {
  it('are there in Chinese for each that the server tells of, and for no other', () => {
    const { parameters } = cacheConfig({
      cacheReservationRatio: 0.3,
      gatewayFigures: AETHER_FIGURES,
      gatewayTraits: () => ({ hasReservation: true }),
    } as Context)
    expect(Object.keys(zhMeanings).sort()).toEqual(parameters.map(({ name }) => name).sort())
    for (const meaning of Object.values(zhMeanings)) expect(meaning).toMatch(/\p{Script=Han}/u)
  })
})

describe('the components', () => {
  it('leave no word outside the catalogues', () => {
    const words = sources.flatMap(({ file, text }) =>
      file.endsWith('.tsx')
        ? [
            // Text between tags, and attributes that people read or hear.
            ...text.matchAll(/[a-zA-Z"'}]>\s*([A-Za-z][A-Za-z ,.'…-]{2,})\s*<\//g),
            ...text.matchAll(
              /\b(?:aria-label|title|placeholder|label|alt|description)="([^"]*[A-Za-z][^"]*)"/g,
            ),
          ].map(([, word]) => `${file}: ${word}`)
        : [],
    )
    expect(words).toEqual([])
  })
})
