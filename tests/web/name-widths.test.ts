import { describe, expect, it } from 'vitest'
import type { AffinityRowFragment } from '../../web/src/generated/graphql.js'
import { nameWidths } from '../../web/src/pages/affinities/table/name-widths.js'

const row = (user: string, provider: string): AffinityRowFragment =>
  ({
    user: { username: user },
    apiKey: { name: 'key' },
    modelName: 'gpt-5',
    sessionHash: null,
    clientFamily: null,
    provider: { displayName: provider },
    providerKey: { name: 'pool-1' },
  }) as AffinityRowFragment

const widths = (...rows: AffinityRowFragment[]): Record<string, number> =>
  Object.fromEntries(
    Object.entries(nameWidths(rows)).map(([column, width]) => [column, Number.parseFloat(String(width))]),
  )

describe('the columns of names', () => {
  it('share the same width, by the length of the names in each', () => {
    const { '--width-user': user = 0, '--width-provider': provider = 0 } = widths(
      row('al', 'Azure OpenAI Sweden Central'),
    )
    expect(provider).toBeGreaterThan(2 * user)
    for (const rows of [[], [row('a', 'b')], [row('x'.repeat(200), 'y'.repeat(200))]]) {
      const sum = Object.values(widths(...rows)).reduce((total, width) => total + width, 0)
      expect(sum).toBeCloseTo(48.2, 1)
    }
  })

  it('give nothing for one name that is longer than all others', () => {
    const rows = Array.from({ length: 50 }, () => row('alice', 'Azure'))
    expect(widths(...rows, row('x'.repeat(26), 'Azure'))).toEqual(widths(...rows))
  })

  it('count a Chinese character as two letters, and no name without end', () => {
    expect(widths(row('张'.repeat(6), 'b'))).toEqual(widths(row('x'.repeat(12), 'b')))
    expect(widths(row('x'.repeat(26), 'b'))).toEqual(widths(row('x'.repeat(200), 'b')))
  })
})
