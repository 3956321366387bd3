import Papa from 'papaparse'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { failureKind } from '../../web/src/api/errors.js'
import type { Sort } from '../../web/src/pages/affinities/address.js'
import { type ExportProgress, exportCsv } from '../../web/src/pages/affinities/export/export-csv.js'
import { endSession, startSession } from '../../web/src/session/session.js'
import { untilShown } from '../api/shown.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { type PinsInUse, pinsInUse } from '../support/pins-in-use.js'

/** Two pages of the export, and a bit. */
const COUNT = 2_100
const numbers = Array.from({ length: COUNT }, (_, n) => n)

describe('the CSV of all affinities, read while they are used,', () => {
  let service: TestApp
  let pins: PinsInUse
  beforeAll(async () => {
    service = await startTestApp({ redis: 'empty' })
  })
  beforeEach(async () => {
    await service.redis.client().flushall()
    await untilShown(service)
    pins = pinsInUse(service, service.redis.client())
    await pins.make(COUNT)
  })
  afterAll(() => service.close())

  interface Told {
    readonly onProgress?: (progress: ExportProgress) => void
    /** Answers in place of the server; undefined: the server answers. */
    readonly inPlace?: () => Response | undefined
  }

  async function exported(
    sort: Sort,
    happen: (request: number) => Promise<void>,
    { onProgress = () => {}, inPlace = () => undefined }: Told = {},
  ) {
    let asked = 0
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
      const answer = inPlace()
      if (answer) return answer
      asked += 1
      if (asked > 1) await happen(asked)
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${ADMIN_TOKEN}`)
      const client = { clientAddress: '127.0.0.1' }
      return service.app.yoga.fetch(new URL(path, 'http://localhost').href, { ...init, headers }, client)
    })
    onTestFinished(() => void vi.unstubAllGlobals())
    const view = {
      search: '',
      filters: {},
      use: null,
      reasons: [],
      createdAfter: null,
      sort,
      page: 1,
      size: 50,
      open: null,
    }
    const csv = await exportCsv(view, null, new AbortController().signal, onProgress)
    expect(asked).toBeGreaterThan(2)
    const { data, errors } = Papa.parse<Record<string, string>>((await csv.text()).replace(/^\ufeff/, ''), {
      header: true,
    })
    expect(errors).toEqual([])
    return data
  }
  it('goes on after an outage of a store, and tells what it waits for', async () => {
    const told: ExportProgress[] = []
    let isAway = true
    let pages = 0
    vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} })
    startSession({ token: ADMIN_TOKEN, expiresAt: null, deviceId: null })
    const lines = await exported({ field: 'CREATED_AT', direction: 'ASC' }, async () => {}, {
      onProgress: (progress) => told.push(progress),
      inPlace: () => {
        pages += 1
        if (pages === 1 || !isAway) return undefined
        isAway = false
        return refusal('CACHE_UNAVAILABLE')
      },
    }).finally(endSession)
    expect(lines.map(numberOf).sort((a, b) => a - b)).toEqual(numbers)
    const waits = told.flatMap(({ waitsFor }) => (waitsFor === undefined ? [] : [failureKind(waitsFor)]))
    expect(waits).toEqual(['cache'])
    expect(told.at(-1)).toEqual({ done: COUNT, total: COUNT })
  })

  it('fails at once if it has read nothing yet, or if the failure does not pass', async () => {
    const failing = (code: string, page: number) => {
      let pages = 0
      const inPlace = () => {
        pages += 1
        return pages === page ? refusal(code) : undefined
      }
      return exported({ field: 'CREATED_AT', direction: 'ASC' }, async () => {}, { inPlace })
    }
    await expect(failing('CACHE_UNAVAILABLE', 1)).rejects.toThrow()
    await expect(failing('FORBIDDEN', 2)).rejects.toThrow()
  })

  const refusal = (code: string) =>
    Response.json({ errors: [{ message: '', extensions: { code } }], data: null })
  const numberOf = (line: Record<string, string>) => Number(line['affinityKey']?.slice(4))

  it.each([
    ['EXPIRES_AT', 'DESC', 'expiresAt'],
    ['EXPIRES_AT', 'ASC', 'expiresAt'],
    ['REQUEST_COUNT', 'DESC', 'requestCount'],
    ['CREATED_AT', 'DESC', 'createdAt'],
  ] as const)('has each once, by %s %s as in the table', async (field, direction, column) => {
    const lines = await exported({ field, direction }, (request) =>
      pins.use(numbers.filter((n) => n % 7 === request)),
    )
    expect(lines.map(numberOf).sort((a, b) => a - b)).toEqual(numbers)
    const shown = lines.map((line) => line[column]?.padStart(30) ?? '')
    expect(shown).toEqual(direction === 'ASC' ? shown.toSorted() : shown.toSorted().toReversed())
  })

  it('has a record that moves to another provider meanwhile once, as it is then', async () => {
    const lines = await exported({ field: 'EXPIRES_AT', direction: 'DESC' }, (request) =>
      pins.move([request, COUNT - request]),
    )
    expect(lines.map(numberOf).sort((a, b) => a - b)).toEqual(numbers)
    for (const line of lines) if (numberOf(line) === 2) expect(line['providerId']).toBe('other')
  })
})
