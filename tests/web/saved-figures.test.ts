import i18next from 'i18next'
import { createElement } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { initReactI18next } from 'react-i18next'
import { beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../web/src/i18n/en.js'
import { zhCN } from '../../web/src/i18n/zh-CN.js'
import { SavedFigures } from '../../web/src/pages/savings/SavedFigures.js'

const SAVED = {
  requests: 89,
  requestsWithCacheRead: 36,
  uncachedInputTokens: 600,
  cacheReadTokens: 400,
  cacheCreationTokens: 0,
  requestHitRate: 36 / 89,
  tokenHitRate: 0.4,
  cacheReadCostUsd: 1,
  cacheCreationCostUsd: 1,
  savedUsd: 2.22,
  creationPremiumUsd: 1,
  netSavedUsd: 1.22,
  actualNetSavedUsd: 1.22,
  unpricedRequests: 0,
}
const NOTHING = { ...SAVED, requests: 0, savedUsd: null, creationPremiumUsd: null, netSavedUsd: null }
const LOST = {
  pairs: 57,
  switches: 24,
  lostTokens: 9_000,
  costUsd: 2.28,
  unpricedSwitches: 0,
  unknownPairs: 0,
  unorderedPairs: 0,
  hitRateSameKey: 0.9,
  hitRateSwitched: 0,
}

describe('the four figures', () => {
  beforeAll(() =>
    i18next.use(initReactI18next).init({
      lng: 'en',
      resources: { en: { translation: en }, 'zh-CN': { translation: zhCN } },
      interpolation: { escapeValue: false },
    }),
  )

  type Props = Parameters<typeof SavedFigures>[0]
  /** Their names, values and hints, one after the other. */
  const told = (props: Partial<Props>, language = 'en') => {
    void i18next.changeLanguage(language)
    const given: Props = {
      period: '24h',
      total: SAVED,
      before: undefined,
      switches: undefined,
      switchesBefore: undefined,
      switchesFailed: false,
      ...props,
    }
    return renderToStaticMarkup(createElement(SavedFigures, given))
      .replace(/<[^>]+>/g, '|')
      .replace(/\|+/g, '|')
  }

  it('stand each beside that of the period before, in both languages', () => {
    const known = {
      before: { ...SAVED, netSavedUsd: 4.14 },
      switches: { sessionsKnown: false, total: LOST },
      switchesBefore: { ...LOST, costUsd: 0.2153 },
    }
    expect(told(known)).toContain('|Net saved|$1.22|$4.14 in the 24 h before|$2.22 saved, $1.00 paid')
    expect(told(known)).toContain('|Lost to switches|$2.28|$0.2153 in the 24 h before|at most 24 switches|')
    expect(told(known, 'zh-CN')).toContain('|切换损失|$2.28|前 24 小时为 $0.2153|最多 24 次切换|')
  })

  it('are not known while switches are being read, and have no data where they could not be', () => {
    expect(told({})).toMatch(/\|Lost to switches\|$/)
    expect(told({ switchesFailed: true })).toMatch(/\|Lost to switches\|no data\|$/)
    expect(told({ switches: { sessionsKnown: true, total: LOST } })).toContain('|24 switches|')
  })

  it('do not say what a net figure is made of where there is none', () => {
    expect(told({ total: NOTHING })).toContain('|Net saved|no data|Input from the cache|')
  })
})
