import { describe, expect, it } from 'vitest'
import { choicesOf, cutFields } from '../../web/src/pages/affinities/filter/choices.js'
import { nameOf } from '../../web/src/pages/affinities/names.js'

type Named = readonly [key: string, label: string]

const spread = (named: readonly Named[], groupCount = named.length) => ({
  total: 100,
  groupCount,
  others: 0,
  ungrouped: 0,
  groups: named.map(([key, label]) => ({ key, label, count: 1, provider: null })),
})

const counts = (keys: readonly Named[], groupCount?: number) => ({
  providerId: spread([['provider-id', 'Anthropic']]),
  providerKeyId: spread(keys, groupCount),
  modelId: spread([['model-id', 'Claude Sonnet']]),
  apiFormat: spread([['CLAUDE', 'CLAUDE']]),
  clientFamily: spread([['codex', 'codex']]),
})

describe('what the filter offers', () => {
  it('is what the server counts, by name', () => {
    const choices = choicesOf(
      counts([
        ['key-b', 'spare'],
        ['key-a', 'main'],
      ]),
    )
    expect(choices.providerKeyId).toEqual([
      { value: 'key-a', label: 'main' },
      { value: 'key-b', label: 'spare' },
    ])
    expect(choices.clientFamily).toEqual([{ value: 'codex', label: 'codex' }])
    expect(choices.providerId).toEqual([{ value: 'provider-id', label: 'Anthropic' }])
  })

  it('tells two keys of one name apart by their ids', () => {
    const [one, two] = ['2f564894-1098-4529-82f0-cc98fe621d37', '72627625-73a0-4254-a098-d15a8738f34d']
    const choices = choicesOf(
      counts([
        [one, 'main'],
        [two, 'main'],
      ]),
    )
    expect(choices.providerKeyId).toEqual([
      { value: one, label: 'main · 2f564894…' },
      { value: two, label: 'main · 72627625…' },
    ])
  })

  it('is the id where the name is not known, and no later page takes it for a name', () => {
    const id = '9b2d1f0e-0000-4000-8000-000000000000'
    expect(choicesOf(counts([[id, id]])).providerKeyId).toEqual([{ value: id, label: id }])
    expect(nameOf('providerKeyId', id)).toBe('9b2d1f0e…')
  })

  it('says of which fields there are more than can be offered', () => {
    expect(cutFields(counts([['key-a', 'main']]))).toEqual([])
    expect(cutFields(counts([['key-a', 'main']], 1_001))).toEqual(['providerKeyId'])
  })
})
