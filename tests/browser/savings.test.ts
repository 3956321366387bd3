import { readFileSync } from 'node:fs'
import Papa from 'papaparse'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN } from '../support/app.js'
import { type DemoApp, startDemoApp } from '../support/demo.js'
import {
  type ConsoleServer,
  DESK,
  openBrowser,
  PHONE,
  rows as pinRows,
  seriousFindings,
  serve,
  tooWide,
  visit,
} from './support.js'

/** The embedded demo has thirty days of usage rows, with a switch storm some hours ago. */
let demo: DemoApp
let server: ConsoleServer
let browser: Browser
beforeAll(async () => {
  demo = await startDemoApp({ DEMO_GATEWAY: 'endpoint-keys' })
  server = await serve(demo)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.lose()
  await demo?.close()
})

/** One window for all tests, which has fetched the console once. */
let page: Page
let problems: string[]
beforeAll(async () => {
  ;({ page, problems } = await visit(browser, `${server.url}/configuration`, { token: ADMIN_TOKEN }))
})
afterAll(() => expect(problems).toEqual([]))
afterEach(() => page.unrouteAll({ behavior: 'ignoreErrors' }))
const open = (path: string) => page.goto(server.url + path)

const panel = (title: string) =>
  page.locator('section.panel').filter({ has: page.getByRole('heading', { name: title, level: 2 }) })
const table = (name: string) => page.getByRole('table', { name, exact: true })
const figure = (name: string) =>
  page.locator('.figure').filter({ has: page.getByText(name, { exact: true }) })
const column = async (name: string, place: number) =>
  table(name).locator(`tbody td:nth-child(${place})`).allTextContents()

async function savedBy(click: () => Promise<void>) {
  const [file] = await Promise.all([page.waitForEvent('download'), click()])
  const text = readFileSync(await file.path(), 'utf8').replace('\ufeff', '')
  return { name: file.suggestedFilename(), ...Papa.parse<Record<string, string>>(text, { header: true }) }
}

/** Answers one of the page's questions in the server's place. */
const answering = (operation: string, answer: object | 'never') =>
  page.route('**/graphql', async (route) => {
    if (route.request().postDataJSON()?.operationName !== operation) return route.fallback()
    // A question that is never answered ends with its page.
    if (answer !== 'never') await route.fulfill({ json: answer })
  })
const refusing = (operation: string, code: string) =>
  answering(operation, { data: null, errors: [{ message: code, extensions: { code } }] })

describe('the page of savings', () => {
  it('has four figures of a period in the address, each beside that of the period before', async () => {
    await open('/savings?period=31d')
    await expect
      .poll(() => figure('Net saved').textContent())
      .toMatch(/\$[\d.]+ in the 31 days before|no data in/)
    await page.getByText('7 days', { exact: true }).click()
    await expect.poll(() => page.url()).toContain('period=7d')
    for (const [name, shown] of [
      ['Net saved', /^Net saved-?\$[\d,.]+-?\$[\d,.]+ in the 7 days before\$/],
      ['Input from the cache', /%[\d.]+% in the 7 days before$/],
      ['Requests with a read', /%[\d.]+% in the 7 days beforeof \d+ requests$/],
      ['Lost to switches', /\$[\d.]+ in the 7 days beforeat most \d+ switches$/],
    ] as const)
      await expect.poll(() => figure(name).textContent()).toMatch(shown)
    await expect
      .poll(() => page.getByRole('img', { name: /^Net saved by hour: \d+ with a figure; most at/ }).count())
      .toBe(1)
  })

  it('reads no address as something near to it', async () => {
    await open('/savings?period=24')
    await page.getByText('period takes 1h | 6h | 24h | 7d | 31d').waitFor()
    await page.getByRole('alert').getByRole('button').click()
    await figure('Net saved').waitFor()
  })

  it('sorts hit rates, saves them as CSV, and leads to the pins of each group', async () => {
    await open('/savings?by=provider&period=31d')
    await expect.poll(() => column('Hit rates', 1)).toHaveLength(3)
    const requests = async () => (await column('Hit rates', 2)).map((text) => Number(text.replace(',', '')))
    await table('Hit rates').getByRole('button', { name: 'Requests', exact: true }).click()
    const most = await requests()
    expect(most).toEqual([...most].sort((a, b) => b - a))
    await table('Hit rates').getByRole('button', { name: 'Requests', exact: true }).click()
    expect(await requests()).toEqual([...most].reverse())

    const { name, data } = await savedBy(() =>
      page.getByRole('button', { name: 'Save as CSV: Hit rates' }).click(),
    )
    expect(name).toMatch(/^hit-rates-by-provider-.*Z\.csv$/)
    expect(data.map(({ requests: text }) => Number(text))).toEqual([...most].reverse())
    expect(data[0]).toMatchObject({
      label: expect.any(String),
      tokenHitRate: expect.stringMatching(/^0\.\d+$/),
    })

    const [provider = ''] = await column('Hit rates', 1)
    await table('Hit rates').getByRole('link', { name: provider }).click()
    await pinRows(page).first().waitFor()
    expect(new Set(await pinRows(page).locator('.c-provider').allTextContents()).size).toBe(1)
  })

  it('says what switches lost, by cause and by the key that was left, and how staying compares', async () => {
    await open('/savings')
    const switches = panel('Lost to switches')
    await expect
      .poll(() => switches.locator('.lead').textContent())
      .toMatch(/^Lost to at most \d+ switches: \$[\d.]+ in 24 h\. [\d.]+% of it left \S+ · \S+\.$/)
    await switches.getByText('An upper bound').waitFor()
    const [stayed = 0, switched = 0] = (await switches.locator('.stayed .number').allTextContents()).map(
      parseFloat,
    )
    expect(stayed).toBeGreaterThan(switched)
    expect(await column('By cause', 1)).toEqual(['not known'])
    const { data } = await savedBy(() =>
      page.getByRole('button', { name: 'Save as CSV: By the key that was left' }).click(),
    )
    expect(data.length).toBe((await column('By the key that was left', 1)).length)
  })

  it('advises TTLs with a histogram, and shows the pauses of a user who is chosen', async () => {
    await open('/savings?period=31d')
    const advice = panel('How long pins should last')
    await advice.getByText('API key', { exact: true }).click()
    await expect.poll(() => page.url()).toContain('ttl=key')
    await advice.getByRole('img', { name: /^Pauses of .+: 0–5 min: \d+, .*over 60 min: \d+$/ }).waitFor()
    const pauses = panel('Pauses of a user')
    await pauses.getByRole('combobox').click()
    await page.getByRole('option', { name: 'zoë' }).click()
    await pauses.getByRole('img', { name: /^\d+ pauses, [\d.]+% of them of 5 minutes or less$/ }).waitFor()
    expect(page.url()).toMatch(/user=[\da-f-]{36}/)
  })

  it('is led to from the details of a pin, with the pauses of its user', async () => {
    await open('/affinities?q=priya')
    await pinRows(page).first().locator('.row-open').click()
    await page.getByRole('link', { name: 'Pauses of this user' }).click()
    await expect.poll(() => panel('Pauses of a user').getByRole('combobox').inputValue()).toBe('priya')
  })

  it('has nothing serious that axe finds, in both themes, and fits a phone', async () => {
    await open('/savings')
    await table('How long pins should last').waitFor()
    for (const { viewport, colorScheme } of [
      { viewport: DESK, colorScheme: 'light' },
      { viewport: PHONE, colorScheme: 'dark' },
    ] as const) {
      await page.setViewportSize(viewport)
      await page.emulateMedia({ colorScheme })
      await page.locator(`[data-mantine-color-scheme=${colorScheme}]`).waitFor()
      expect(await seriousFindings(page)).toEqual([])
    }
    expect(await tooWide(page)).toEqual([])
    await page.setViewportSize(DESK)
  })
})

const NO_REQUESTS = {
  requests: 0,
  requestsWithCacheRead: 0,
  uncachedInputTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
  requestHitRate: null,
  tokenHitRate: null,
  cacheReadCostUsd: null,
  cacheCreationCostUsd: null,
  savedUsd: null,
  creationPremiumUsd: null,
  netSavedUsd: null,
  actualNetSavedUsd: null,
  unpricedRequests: 0,
}
const withTotal = (total: object) => ({
  data: { cacheUsage: { total: { ...NO_REQUESTS, ...total }, groups: [] } },
})

describe('the page of savings says', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'that there are no requests',
      () => answering('SavedOverTime', withTotal({})),
      'No requests in this period',
    ],
    [
      'how many requests have no price',
      () => answering('SavedOverTime', withTotal({ requests: 1_000, unpricedRequests: 312 })),
      '312 requests have no price',
    ],
    [
      'that the database would read too much',
      () => refusing('SavedOverTime', 'USAGE_TOO_EXPENSIVE'),
      'The database would read too much',
    ],
    [
      'that what has been summed is kept',
      () => refusing('SavedOverTime', 'OPERATION_TIMEOUT'),
      'The days that it has summed are kept',
    ],
    [
      'that a shorter period would do, where nothing is kept',
      () => refusing('Switches', 'OPERATION_TIMEOUT'),
      'Choose a shorter period',
    ],
  ])('%s', async (_what, answer, words) => {
    await answer()
    await open('/savings')
    await page.getByText(words).waitFor()
  })

  it('that a large table is being read, where that takes long', async () => {
    await answering('SavedOverTime', 'never')
    await open('/savings')
    const words = page.getByText('The gateway’s largest table is being read.')
    await words.waitFor({ state: 'attached' })
    expect(await words.isVisible()).toBe(false)
    // As if the seconds had passed after which it is shown.
    await page.evaluate(() => {
      for (const animation of document.getAnimations()) animation.finish()
    })
    await words.waitFor()
  })

  it('what the gateway’s tables lack for one part, and shows the others', async () => {
    await refusing('Switches', 'NOT_AVAILABLE')
    await answering('MissingFields', {
      data: { gateway: { missing: [{ field: 'switchCosts', needs: 'usage.provider_api_key_id' }] } },
    })
    await open('/savings')
    await panel('Lost to switches').getByText('usage.provider_api_key_id').waitFor()
    await table('Hit rates').waitFor()
  })
})
