import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { filterOf, readAddress } from '../../web/src/pages/affinities/address.js'
import { STALE_REASONS, USABILITIES } from '../../web/src/pages/affinities/verdict.js'
import { GROUPING_NAMES, type Grouping, groupAddress } from '../../web/src/pages/counts/groupings.js'

const FIELDS = {
  provider: 'providerId',
  'provider-key': 'providerKeyId',
  endpoint: 'endpointId',
  model: 'modelId',
  format: 'apiFormat',
  client: 'clientFamily',
  user: 'userId',
  key: 'affinityKey',
} as const

/** The condition that a group adds to what is counted. */
const conditionOf = (grouping: Grouping, key: string) =>
  grouping === 'reason'
    ? { staleReasons: [key] }
    : grouping === 'usability'
      ? key === 'STALE'
        ? { stale: true }
        : { usability: key }
      : { [FIELDS[grouping]]: key }

const text = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((it) => it.isWellFormed())
const group = fc.constantFrom(...GROUPING_NAMES).chain((grouping) =>
  fc.record({
    grouping: fc.constant(grouping),
    key:
      grouping === 'reason'
        ? fc.constantFrom<string>(...STALE_REASONS)
        : grouping === 'usability'
          ? fc.constantFrom<string>(...USABILITIES)
          : text,
  }),
)
const selection = fc.record(
  {
    q: text,
    provider: text,
    user: text,
    session: text,
    stale: fc.constantFrom('true', 'false'),
    page: fc.constantFrom('2', '99'),
    open: text,
  },
  { requiredKeys: [] },
)

const linkOf = (grouping: Grouping, key: string, params: URLSearchParams) =>
  groupAddress(grouping, key, params, readAddress(params).view)

describe('the link of a group', () => {
  it('leads to the first page of what was counted, narrowed to the group', () => {
    fc.assert(
      fc.property(selection, group, (counted, { grouping, key }) => {
        // All pins of a provider have a page.
        fc.pre(
          grouping !== 'provider' || Object.keys(counted).some((name) => !['page', 'open'].includes(name)),
        )
        const params = new URLSearchParams(counted)
        const before = readAddress(params).view
        const link = linkOf(grouping, key, params) ?? ''
        const { view, unreadable } = readAddress(new URLSearchParams(link.replace('/affinities?', '')))
        expect(unreadable).toEqual([])
        const { stale, ...rest } = filterOf(before) ?? {}
        // A verdict of its own takes the place of the wider one.
        const wider = grouping === 'usability' || stale === undefined ? rest : { ...rest, stale }
        expect(filterOf(view)).toEqual({ ...wider, ...conditionOf(grouping, key) })
        expect([view.search, view.page, view.open]).toEqual([before.search, 1, null])
      }),
    )
  })

  it('leads to the page of a provider where all of its pins are counted', () => {
    const all = new URLSearchParams({ page: '2' })
    expect(linkOf('provider', '42a90167-8c53', all)).toBe('/providers/42a90167-8c53')
    expect(linkOf('provider', '42a90167-8c53', new URLSearchParams({ stale: 'true' }))).toBe(
      '/affinities?stale=true&provider=42a90167-8c53',
    )
    for (const odd of ['..', 'a/b', 'a%2Fb'])
      expect(linkOf('provider', odd, all)).toBe(`/affinities?${new URLSearchParams({ provider: odd })}`)
  })

  it('is none where no address has the records of the group alone', () => {
    const params = new URLSearchParams({ reason: 'CIRCUIT_OPEN,PROVIDER_INACTIVE' })
    expect(linkOf('reason', 'MODEL_NOT_AT_PROVIDER', params)).toBeNull()
    expect(linkOf('provider', 'anthropic', params)).toContain('reason=CIRCUIT_OPEN')
    expect(linkOf('usability', 'A_NEW_ONE', new URLSearchParams())).toBeNull()
  })
})
