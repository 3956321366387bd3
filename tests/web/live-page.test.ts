import { describe, expect, it } from 'vitest'
import { LivePage, type LiveRecord } from '../../web/src/pages/affinities/live/live-page.js'

const NOW = 1_700_000_000_000

const record = (id: string, changes: Partial<LiveRecord> = {}): LiveRecord => ({
  id,
  requestCount: 1,
  expiresAt: '2026-01-01T00:05:00Z',
  ttlSeconds: 300,
  createdAt: '2026-01-01T00:00:00Z',
  providerId: 'provider',
  endpointId: 'endpoint',
  providerKeyId: 'key',
  ...changes,
})

/** A page of three of ten records, and how often whoever shows it was told. */
function openPage() {
  const waiting = new Set<() => void>()
  const page = new LivePage<LiveRecord>(
    (flush) => waiting.add(flush),
    (before, changed) => ({ ...before, ...changed }),
  )
  page.show([record('a'), record('b'), record('c')], 10, NOW)
  const told = { page: 0, a: 0 }
  page.subscribe(() => told.page++)
  page.subscribeRow('a', () => told.a++)
  const frame = () => {
    for (const flush of waiting) flush()
    waiting.clear()
  }
  return { page, told, frame }
}

describe('a page of live records', () => {
  it('changes a record in place', () => {
    const { page, frame } = openPage()
    page.apply('REFRESHED', record('b', { requestCount: 7, ttlSeconds: 600 }), NOW + 1_000, true)
    frame()
    expect(page.ids()).toEqual(['a', 'b', 'c'])
    expect(page.row('b')).toMatchObject({ record: { requestCount: 7 }, until: NOW + 601_000 })
    expect(page.summary()).toMatchObject({ created: 0, gone: 0 })
  })

  it('keeps a record that went where it was, struck out, and counts it', () => {
    const { page, frame } = openPage()
    page.apply('REMOVED', record('b'), NOW, true)
    frame()
    expect(page.ids()).toEqual(['a', 'b', 'c'])
    expect(page.row('b')?.gone).toBe('REMOVED')
    expect(page.summary().gone).toBe(1)
  })

  it('marks a record that a change took out of the filter, until another brings it back', () => {
    const { page, frame } = openPage()
    page.apply('LEFT', record('b', { providerId: 'elsewhere' }), NOW, true)
    frame()
    expect(page.row('b')?.gone).toBe('LEFT')
    expect(page.summary().gone).toBe(1)
    page.apply('ENTERED', record('b'), NOW, true)
    page.apply('ENTERED', record('new'), NOW, true)
    frame()
    expect(page.row('b')?.gone).toBe(null)
    expect(page.summary()).toMatchObject({ created: 1, gone: 0 })
  })

  it('counts records that come, and does not put them in', () => {
    const { page, frame } = openPage()
    page.apply('CREATED', record('new'), NOW, true)
    frame()
    expect(page.ids()).toEqual(['a', 'b', 'c'])
    expect(page.summary().created).toBe(1)
  })

  it('does not count one that came and went before anybody looked', () => {
    const { page, frame } = openPage()
    page.apply('CREATED', record('new'), NOW, true)
    page.apply('EXPIRED', record('new'), NOW, true)
    frame()
    expect(page.summary()).toMatchObject({ created: 0, gone: 0 })
  })

  it('brings a record back that is made again under the same id', () => {
    const { page, frame } = openPage()
    page.apply('REMOVED', record('a'), NOW, true)
    page.apply('CREATED', record('a', { requestCount: 1 }), NOW, true)
    frame()
    expect(page.row('a')?.gone).toBeNull()
    expect(page.summary()).toMatchObject({ created: 0, gone: 0 })
  })

  it('counts only its own rows while a search text leaves the rest unknown', () => {
    const { page, frame } = openPage()
    page.apply('CREATED', record('elsewhere'), NOW, false)
    page.apply('REMOVED', record('elsewhere too'), NOW, false)
    page.apply('REMOVED', record('a'), NOW, false)
    frame()
    expect(page.summary()).toMatchObject({ created: 0, gone: 1 })
  })

  it('marks a switched record until the names of its new place are there', () => {
    const { page, frame } = openPage()
    const switched = record('a', { providerId: 'other', providerKeyId: 'other key' })
    page.apply('SWITCHED', switched, NOW, true)
    frame()
    expect(page.row('a')?.switched).toBe(true)
    page.merge([switched, record('not on this page')])
    expect(page.row('a')?.switched).toBe(false)
    expect(page.ids()).toEqual(['a', 'b', 'c'])
  })

  it('believes an event rather than an answer that is older', () => {
    const { page, frame } = openPage()
    page.startReading()
    page.apply('REMOVED', record('a'), NOW, true)
    page.apply('REFRESHED', record('b', { requestCount: 9 }), NOW, true)
    page.apply('REMOVED', record('c'), NOW, true)
    page.apply('CREATED', record('c', { requestCount: 1 }), NOW, true)
    page.show([record('a'), record('b'), record('c')], 10, NOW)
    frame()
    expect(page.row('a')?.gone).toBe('REMOVED')
    expect(page.row('b')?.record.requestCount).toBe(9)
    expect(page.row('c')?.gone).toBeNull()
  })

  it('takes from names that come late neither a removal nor a second switch back', () => {
    const { page, frame } = openPage()
    page.apply('SWITCHED', record('a', { providerKeyId: 'second' }), NOW, true)
    page.apply('SWITCHED', record('a', { providerKeyId: 'third' }), NOW, true)
    page.apply('REMOVED', record('b'), NOW, true)
    page.merge([record('a', { providerKeyId: 'second' }), record('b')])
    frame()
    expect(page.row('a')).toMatchObject({ switched: true, record: { providerKeyId: 'third' } })
    expect(page.row('b')?.gone).toBe('REMOVED')
  })

  it('tells of ten thousand events once a frame, and only those whose row changed', () => {
    const { page, told, frame } = openPage()
    for (let index = 0; index < 10_000; index++) {
      page.apply('REFRESHED', record('b', { requestCount: index }), NOW, true)
      page.apply('CREATED', record(`new ${index}`), NOW, true)
    }
    expect(told).toEqual({ page: 0, a: 0 })
    frame()
    expect(told).toEqual({ page: 1, a: 0 })
    expect(page.summary().created).toBe(10_000)
  })

  it('starts counting anew with the next page', () => {
    const { page, frame } = openPage()
    page.apply('REMOVED', record('a'), NOW, true)
    frame()
    page.show([record('d')], 9, NOW + 5_000)
    expect(page.ids()).toEqual(['d'])
    expect(page.summary()).toEqual({ total: 9, created: 0, gone: 0, readAt: NOW + 5_000 })
  })
})
