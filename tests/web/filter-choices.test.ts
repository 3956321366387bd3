import { describe, expect, it } from 'vitest'
import { choicesOf } from '../../web/src/pages/affinities/filter/choices.js'

const pinnedTo = (providerKeyId: string, name: string | null) => ({
  apiFormat: 'CLAUDE',
  clientFamily: 'codex',
  modelId: 'model-id',
  modelName: 'claude-sonnet-4-5',
  providerId: 'provider-id',
  provider: { id: 'provider-id', name: 'anthropic', displayName: 'Anthropic' },
  providerKeyId,
  providerKey: name === null ? null : { id: providerKeyId, name },
})

describe('what the filter offers', () => {
  it('is each name once, however many records have it', () => {
    const choices = choicesOf([
      pinnedTo('key-b', 'spare'),
      pinnedTo('key-a', 'main'),
      pinnedTo('key-a', 'main'),
    ])
    expect(choices.providerKeyId).toEqual([
      { value: 'key-a', label: 'main' },
      { value: 'key-b', label: 'spare' },
    ])
    expect(choices.clientFamily).toEqual([{ value: 'codex', label: 'codex' }])
    expect(choices.providerId).toEqual([{ value: 'provider-id', label: 'Anthropic' }])
  })

  it('tells two keys of one name apart by their ids', () => {
    const [one, two] = ['2f564894-1098-4529-82f0-cc98fe621d37', '72627625-73a0-4254-a098-d15a8738f34d']
    expect(choicesOf([pinnedTo(one, 'main'), pinnedTo(two, 'main')]).providerKeyId).toEqual([
      { value: one, label: 'main · 2f564894…' },
      { value: two, label: 'main · 72627625…' },
    ])
  })

  it('is the id where the name is not known', () => {
    expect(choicesOf([pinnedTo('gone', null)]).providerKeyId).toEqual([{ value: 'gone', label: 'gone' }])
  })
})
