import { describe, expect, it } from 'vitest'
import {
  filterOf,
  pinnedSince,
  readAddress,
  SORTS,
  sortParam,
  verdictParams,
} from '../../web/src/pages/affinities/address.js'
import { STALE_REASONS } from '../../web/src/pages/affinities/verdict.js'

const read = (address: string) => readAddress(new URLSearchParams(address))
const filter = (address: string) => filterOf(read(address).view)

describe('an address that can be read', () => {
  it.each([
    ['', null],
    ['stale=true', { stale: true }],
    ['stale=false', { stale: false }],
    ['usability=CONDITIONAL', { usability: 'CONDITIONAL' }],
    ['created-after=2026-11-27T03:00:00.123Z', { createdAfter: '2026-11-27T03:00:00.123Z' }],
    ['reason=CIRCUIT_OPEN', { staleReasons: ['CIRCUIT_OPEN'] }],
    ['reason=CIRCUIT_OPEN,PROVIDER_INACTIVE', { staleReasons: ['CIRCUIT_OPEN', 'PROVIDER_INACTIVE'] }],
    ['provider=p&format=CLAUDE&stale=true', { providerId: 'p', apiFormat: 'CLAUDE', stale: true }],
  ])('%s selects by %j', (address, expected) => {
    expect(read(address).unreadable).toEqual([])
    expect(filter(address)).toEqual(expected)
  })

  it('has each reason of the API', () => {
    for (const reason of STALE_REASONS) expect(filter(`reason=${reason}`)).toEqual({ staleReasons: [reason] })
  })

  it('says the search, the order, the page and the open record', () => {
    const { view, unreadable } = read('q=张伟&sort=requests&page=99&size=25&open=affinity-1')
    expect(unreadable).toEqual([])
    expect(view).toMatchObject({ search: '张伟', page: 99, size: 25, open: 'affinity-1' })
    expect(view.sort).toEqual({ field: 'REQUEST_COUNT', direction: 'ASC' })
  })

  it.each(Object.entries(SORTS))('orders by %s in either direction', (name, field) => {
    expect(read(`sort=${name}`).view.sort).toEqual({ field, direction: 'ASC' })
    expect(read(`sort=-${name}`).view.sort).toEqual({ field, direction: 'DESC' })
    expect(sortParam({ field, direction: 'DESC' })).toBe(`-${name}`)
  })

  it('is made for what was pinned since a clear, from where it cleared', () => {
    const since = '2026-11-27T03:00:00.000Z'
    const { view, unreadable } = read(
      pinnedSince({ providerId: 'p', modelId: 'gpt-5', sessionHash: null }, since).replace(
        '/affinities?',
        '',
      ),
    )
    expect(unreadable).toEqual([])
    expect(filterOf(view)).toEqual({ providerId: 'p', modelId: 'gpt-5', createdAfter: since })
  })

  it.each(['USABLE', 'CONDITIONAL', 'STALE', 'NOT_STALE'] as const)('is made for %s', (use) => {
    const params = Object.entries(verdictParams(use)).filter(([, value]) => value !== null)
    const { view, unreadable } = read(new URLSearchParams(params as [string, string][]).toString())
    expect({ use: view.use, unreadable }).toEqual({ use, unreadable: [] })
  })
})

describe('an address that cannot be read', () => {
  it.each([
    ['stale=1', 'stale', '1'],
    ['stale=yes', 'stale', 'yes'],
    ['stale=TRUE', 'stale', 'TRUE'],
    ['stale=', 'stale', ''],
    ['stale=true&stale=false', 'stale', 'true … stale=false'],
    ['stale=false&usability=STALE', 'usability', 'STALE'],
    ['usability=stale', 'usability', 'stale'],
    ['reason=BROKEN', 'reason', 'BROKEN'],
    ['reason=CIRCUIT_OPEN,BROKEN', 'reason', 'CIRCUIT_OPEN,BROKEN'],
    ['provider=&stale=true', 'provider', ''],
    ['provider=a&provider=b', 'provider', 'a … provider=b'],
    ['provder=a', 'provder', 'a'],
    [`q=${'a'.repeat(256)}`, 'q', 'a'.repeat(256)],
    ['page=0', 'page', '0'],
    ['page=1e3', 'page', '1e3'],
    ['page=two', 'page', 'two'],
    ['size=7', 'size', '7'],
    ['sort=name', 'sort', 'name'],
    ['sort=--user', 'sort', '--user'],
    ['created-after=yesterday', 'created-after', 'yesterday'],
    ['created-after=2026-13-01T00:00:00Z', 'created-after', '2026-13-01T00:00:00Z'],
  ])('says what has no meaning: %s', (address, name, value) => {
    expect(read(address).unreadable).toMatchObject([{ name, value }])
  })

  it('says everything that has no meaning at once, and what each takes', () => {
    expect(read('stale=1&x=2').unreadable).toEqual([
      { name: 'stale', value: '1', takes: ['true', 'false'] },
      { name: 'x', value: '2', takes: null },
    ])
  })
})
