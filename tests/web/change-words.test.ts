import i18next from 'i18next'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ProviderChangeFragment } from '../../web/src/generated/graphql.js'
import { createFormat } from '../../web/src/hooks/use-format.js'
import { en } from '../../web/src/i18n/en.js'
import { changeWords } from '../../web/src/pages/provider/change-words.js'

beforeAll(() => i18next.init({ lng: 'en', resources: { en: { translation: en } } }))

const BROKEN = 'provider-that-is-broken'
const SPARE = 'provider-that-is-spare'

const change = (fields: Partial<ProviderChangeFragment>): ProviderChangeFragment => ({
  id: '1',
  type: 'SWITCHED',
  at: '2026-11-27T03:00:00.000Z',
  affinityKey: 'key',
  modelName: 'gpt-5',
  modelId: 'model',
  providerId: BROKEN,
  providerKeyId: 'provider-key-two',
  previousProviderId: BROKEN,
  previousProviderKeyId: 'provider-key-one',
  auditEventId: null,
  count: 1,
  apiKey: null,
  user: null,
  provider: null,
  providerKey: null,
  previousProvider: null,
  previousProviderKey: null,
  ...fields,
})
const wordsOf = (fields: Partial<ProviderChangeFragment>) =>
  changeWords(i18next.t, createFormat('en'), change(fields), BROKEN)

describe('a change, as the page of its provider says it,', () => {
  it('is of who left, of who came, and of who stayed at another key', () => {
    const spare = { id: SPARE, displayName: 'Spare' }
    expect(wordsOf({ providerId: SPARE, provider: spare })).toBe('moved to Spare')
    expect(wordsOf({ previousProviderId: SPARE, previousProvider: spare })).toBe('came from Spare')
    expect(
      wordsOf({
        previousProviderKey: { id: '1', name: 'main' },
        providerKey: { id: '2', name: 'reserve' },
      }),
    ).toBe('from provider key main to reserve')
  })

  it('has ids where rows are gone', () => {
    expect(wordsOf({ providerId: SPARE })).toBe('moved to provider…')
    expect(wordsOf({ previousProviderId: SPARE })).toBe('came from provider…')
    expect(wordsOf({})).toBe('from provider key provider… to provider…')
  })

  it('tells a removal from a clear, of one or of many', () => {
    const removed = { type: 'REMOVED', previousProviderId: null, previousProviderKeyId: null } as const
    expect(wordsOf(removed)).toBe('removed')
    expect(wordsOf({ ...removed, auditEventId: 'event' })).toBe('1 record cleared')
    expect(wordsOf({ ...removed, auditEventId: 'event', count: 1_500 })).toBe('1,500 records cleared')
  })
})
