import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ANSWER_MS, CLEAR_MS } from '../../web/src/api/timed-fetch.js'
import { en } from '../../web/src/i18n/en.js'
import { PAGE_SIZES, PARAMETERS, readAddress } from '../../web/src/pages/affinities/address.js'
import { USABILITIES } from '../../web/src/pages/affinities/verdict.js'
import { GROUPING_NAMES, PERIOD_NAMES, TTL_GROUPING_NAMES } from '../../web/src/pages/savings/address.js'

const page = readFileSync(new URL('../../docs/console.md', import.meta.url), 'utf8')
const rowsIn = (text = '') =>
  [...text.matchAll(/^\| `([\w-]+)` \| (.+) \|$/gm)].map(([, name = '', takes = '']) => ({ name, takes }))
const [lists, savings] = page.split('## Savings')
const rows = rowsIn(lists)
const tiles = readFileSync(new URL('../../web/src/pages/overview/Figures.tsx', import.meta.url), 'utf8')
const takesOf = (name: string) => rows.find((row) => row.name === name)?.takes ?? ''
const unreadable = (address: string) => readAddress(new URLSearchParams(address)).unreadable

describe('docs/console.md', () => {
  it('has every parameter of an address, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual([...PARAMETERS].sort())
  })

  it('has every parameter of the address of savings with all that it takes, and no other', () => {
    const takes = { period: PERIOD_NAMES, by: GROUPING_NAMES, ttl: TTL_GROUPING_NAMES, user: [] }
    expect(rowsIn(savings).map(({ name }) => name)).toEqual(Object.keys(takes))
    for (const { name, takes: words } of rowsIn(savings)) {
      const told = [...words.matchAll(/`([\w-]+)`/g)].map(([, value]) => value)
      expect(told, name).toEqual(takes[name as keyof typeof takes])
    }
  })

  it('says of each what it takes', () => {
    for (const value of ['true', 'false']) {
      expect(takesOf('stale')).toContain(`\`${value}\``)
      expect(unreadable(`stale=${value}`)).toEqual([])
    }
    for (const value of USABILITIES) expect(takesOf('usability')).toContain(`\`${value}\``)
    const [, first, last] = /(\d+(?:, \d+)*) or (\d+)/.exec(takesOf('size')) ?? []
    expect(`${first}, ${last}`).toBe(PAGE_SIZES.join(', '))
    for (const [, sort] of takesOf('sort').matchAll(/`(\w+)`/g))
      expect(unreadable(`sort=-${sort}`)).toEqual([])
  })

  it('says what each tile of the overview is', () => {
    const names = [...tiles.matchAll(/name=\{t\('overview\.(\w+)'\)\}/g)].map(([, key = '']) => key)
    expect(names.length).toBeGreaterThan(5)
    const told = [...page.matchAll(/^\| ([A-Z][\w ]+) \| .+ \|$/gm)].map(([, name]) => name)
    expect(told).toEqual(names.map((key) => en.overview[key as keyof typeof en.overview]))
  })

  it('names addresses that are not read, as they are not', () => {
    for (const [, address = ''] of page.matchAll(/`\?([^`]+)`/g)) expect(unreadable(address)).toHaveLength(1)
  })

  it('says how long a request may take', () => {
    expect(page).toContain(`ends after ${ANSWER_MS / 1_000} s, a clear after ${CLEAR_MS / 60_000} minutes`)
  })
})
