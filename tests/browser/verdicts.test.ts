import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { count, startConsole, whenListed } from './console.js'
import { PHONE, rows } from './support.js'

const site = startConsole()
const { open } = site

interface Told {
  readonly id: string
  readonly usability: string
  readonly staleReasons: readonly string[]
}

async function listed(filter: object): Promise<readonly Told[]> {
  const { data, errors } = await site.service.query(
    'query ($filter: AffinityFilter) { affinities(first: 1000, filter: $filter) { nodes { id usability staleReasons } } }',
    { filter },
  )
  expect(errors).toEqual([])
  return data.affinities.nodes
}

const MODE = `INSERT INTO system_configs (id, key, value, created_at, updated_at)
  VALUES (gen_random_uuid()::text, 'scheduling_mode', $1, now(), now())
  ON CONFLICT (key) DO UPDATE SET value = $1`

describe('what the scheduler would do with a pin', () => {
  it('is in its row with every reason, and in its details as sentences', async () => {
    const page = await open('/affinities?reason=MODEL_INACTIVE')
    await whenListed(page)
    const state = rows(page).first().locator('.state')
    expect(await state.locator('.tag').textContent()).toBe('stale')
    const reasons = (await state.getAttribute('title'))?.split(', ') ?? []
    expect(reasons).toContain('model inactive')
    await rows(page).first().locator('.row-open').click()
    const verdict = page.getByRole('dialog').locator('.verdict')
    await verdict.getByText('The scheduler would not use this pin:').waitFor()
    await verdict.getByText('The global model is switched off.').waitFor()
    expect(await verdict.locator('li').count()).toBe(reasons.length)
  })

  it('is told with what it depends on, where only some requests use the pin', async () => {
    await sql(site.service.databaseUrl, 'UPDATE models SET supports_streaming = false')
    await expect
      .poll(async () => (await listed({ usability: 'CONDITIONAL' })).length, { timeout: 15_000 })
      .toBeGreaterThan(0)
    const page = await open('/affinities?usability=CONDITIONAL')
    await whenListed(page)
    const state = rows(page).first().locator('.state')
    expect(await state.textContent()).toBe('conditionalnot streaming')
    await rows(page).first().locator('.row-open').click()
    const verdict = page.getByRole('dialog').locator('.verdict')
    await verdict.getByText('The scheduler would use this pin for only some requests:').waitFor()
    await verdict.getByText('Requests that stream do not get this target.').waitFor()
  })

  it('narrows the list by use and by several reasons, each of which is enough', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Stale for one of' }).click()
    const option = (name: string) => page.getByRole('dialog').getByRole('option', { name, exact: true })
    await option('circuit breaker open').click()
    await option('model inactive').click()
    const expected = await listed({ staleReasons: ['CIRCUIT_OPEN', 'MODEL_INACTIVE'] })
    await expect.poll(() => count(page)).toBe(`${expected.length} records`)
    await page
      .locator('.chip', { hasText: 'stale: model inactive or circuit breaker open' })
      .or(page.locator('.chip', { hasText: 'stale: circuit breaker open or model inactive' }))
      .waitFor()
    expect(new URL(page.url()).searchParams.get('reason')?.split(',').sort()).toEqual([
      'CIRCUIT_OPEN',
      'MODEL_INACTIVE',
    ])
    await page.goto(`${site.server.url}/affinities?stale=false`)
    await page.locator('.chip', { hasText: 'not stale' }).waitFor()
    const notStale = await listed({ stale: false })
    await expect.poll(() => count(page)).toBe(`${notStale.length} records`)
  })

  it('is narrowed by both of two choices that follow each other before a browser draws again', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Stale for one of' }).click()
    const option = (name: string) => page.getByRole('dialog').getByRole('option', { name, exact: true })
    const both = await Promise.all(
      ['circuit breaker open', 'model inactive'].map((name) => option(name).elementHandle()),
    )
    await page.evaluate(async ([first, second]) => {
      ;(first as HTMLElement).click()
      await Promise.resolve()
      ;(second as HTMLElement).click()
    }, both)
    await expect
      .poll(() => new URL(page.url()).searchParams.get('reason')?.split(',').sort())
      .toEqual(['CIRCUIT_OPEN', 'MODEL_INACTIVE'])
  })

  it('is named in words by the review of a clear, in both languages', async () => {
    for (const [language, menu, entry, words] of [
      [
        'en-US',
        'Clear…',
        'Clear all matching records',
        ['Format: CLAUDE', 'stale', 'stale: circuit breaker open or model inactive'],
      ],
      ['zh-CN', '清除…', '清除所有匹配的记录', ['格式：CLAUDE', '不可用', '不可用：熔断中或模型已停用']],
    ] as const) {
      const page = await open('/affinities?format=CLAUDE&stale=true&reason=CIRCUIT_OPEN,MODEL_INACTIVE', {
        language,
      })
      await whenListed(page)
      await page.getByRole('button', { name: menu }).click()
      await page.getByRole('menuitem', { name: entry }).click()
      await page.locator('.clear-filter').waitFor()
      expect(await page.locator('.clear-filter li').allInnerTexts()).toEqual(words)
    }
  })
})

describe('an address that cannot be read', () => {
  it.each([
    ['stale=1', 'stale takes true | false'],
    ['stale=TRUE', 'stale takes true | false'],
    ['provder=x&format=CLAUDE', 'there is no parameter provder'],
  ])('says so, lists nothing and offers no clear: ?%s', async (address, words) => {
    const asked: string[] = []
    const page = await open(`/affinities?${address}`, {
      watch: (watched) => watched.on('request', (request) => asked.push(request.postData() ?? '')),
    })
    await page.getByRole('heading', { name: 'This address cannot be read' }).waitFor()
    await page.getByText(words).waitFor()
    expect(await page.getByRole('button', { name: /Clear|CSV/ }).count()).toBe(0)
    expect(asked.filter((body) => body.includes('affinities('))).toEqual([])
    await page.getByRole('button', { name: 'Go on without them' }).click()
    await whenListed(page)
    expect(new URL(page.url()).search).toBe(address.includes('format') ? '?format=CLAUDE' : '')
  })
})

describe('a page after the last one', () => {
  it('is said not to exist, and leads to the last', async () => {
    const page = await open('/affinities?page=99')
    await page.getByRole('heading', { name: 'There is no page 99: the list has 11 pages' }).waitFor()
    expect(await page.locator('.affinity-pager .hint').textContent()).toBe('')
    expect(await page.locator('.affinity-pager [aria-current=page]').count()).toBe(0)
    await page.getByRole('button', { name: 'Go to the last page' }).click()
    await whenListed(page)
    expect(new URL(page.url()).searchParams.get('page')).toBe('11')
  })
})

describe('a gateway that ignores all pins', () => {
  it.each([
    ['desk', {}],
    ['phone', { viewport: PHONE }],
  ])('says it once beside the list, and in a clear: %s', async (_size, options) => {
    await sql(site.service.databaseUrl, MODE, [JSON.stringify('fixed_order')])
    const page = await open('/affinities?usability=STALE', options)
    await whenListed(page)
    await page.getByText('This gateway runs in fixed_order: it ignores all pins.', { exact: true }).waitFor()
    // It is no reason of each pin.
    expect(
      await rows(page)
        .getByText(/fixed_order|ignore/)
        .count(),
    ).toBe(0)
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
    await page.getByText('The scheduling mode ignores all pins, so this clear changes no routing.').waitFor()
    expect(await page.getByText('The scheduler chooses a target again').count()).toBe(0)
    await sql(site.service.databaseUrl, MODE, [JSON.stringify('cache_affinity')])
  })
})
