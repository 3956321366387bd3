/**
 * Walks the way of an incident in a browser, as an operator does: sign-in, overview, provider, clear, and the proof that
 * everybody is elsewhere. It counts the clicks and the seconds. `tsx bench/incident.ts [directory]` also writes what each
 * step looks like to that directory, in both themes, at 390 and 1440 px, in English and Chinese.
 */
import { mkdirSync } from 'node:fs'
import { loadavg } from 'node:os'
import type { Browser, Page } from 'playwright-core'
import {
  DESK,
  openBrowser,
  PHONE,
  seriousFindings,
  tooWide,
  visit,
  whenStill,
} from '../tests/browser/support.js'
import { FIXTURE_ADMIN } from '../tests/support/fixtures.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { makeIncidentWorld, PINS } from './lib/incident-world.js'
import { printTable } from './lib/measure.js'
import { type SoakService, startSoakService } from './lib/soak-service.js'
import { whenRead } from './lib/when-read.js'

const SIZES = { desk: DESK, phone: PHONE } as const

/** What an operator sees and does; each has a word for each language. */
const WORDS = {
  'en-US': {
    password: 'Password',
    signIn: 'Sign in',
    clear: 'Clear…',
    confirm: /^Clear [\d,]+ records?$/,
    elsewhere: 'Pinned elsewhere',
    notSeen: 'Not seen since',
  },
  'zh-CN': {
    password: '密码',
    signIn: '登录',
    clear: '清除…',
    confirm: /^清除 [\d,]+ 条/,
    elsewhere: '已绑定到别处',
    notSeen: '此后未出现',
  },
} as const
type Language = keyof typeof WORDS

/** Looks at a step in each theme and size: what axe finds, and what runs past an edge. */
async function lookAt(page: Page, directory: string | undefined, name: string): Promise<void> {
  if (directory === undefined) return
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport)
      await page.locator(`[data-mantine-color-scheme=${theme}]`).waitFor()
      await whenStill(page)
      await page.waitForTimeout(150)
      await page.screenshot({ path: `${directory}/${name}-${size}-${theme}.png` })
      const problems = [...(await seriousFindings(page)), ...(await tooWide(page))]
      if (problems.length > 0) console.log(`${name}-${size}-${theme}:`, problems)
    }
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(DESK)
}

async function walk(
  browser: Browser,
  service: SoakService,
  { language, provider, directory }: { language: Language; provider: string; directory: string | undefined },
) {
  const words = WORDS[language]
  const { page, context } = await visit(browser, service.url, { token: null, language })
  const steps: (readonly [string, number, number])[] = []
  let [clicks, begun, away] = [0, performance.now(), 0]
  const step = async (name: string, isThere: () => Promise<unknown>) => {
    await isThere()
    steps.push([name, clicks, (performance.now() - begun - away) / 1_000])
    const looked = performance.now()
    await lookAt(page, directory, `${language.slice(0, 2)}-${steps.length}-${name.replaceAll(' ', '-')}`)
    away += performance.now() - looked
  }
  const click = async (target: ReturnType<Page['locator']>) => {
    clicks += 1
    await target.click()
  }
  const figure = (name: string) =>
    page.locator('.follow-up div', { hasText: name }).locator('.value').textContent()

  await step('sign-in', () => page.locator('input[name=email]').waitFor())
  await page.locator('input[name=email]').fill(FIXTURE_ADMIN.email)
  await page.getByRole('textbox', { name: words.password }).fill(FIXTURE_ADMIN.password)
  await click(page.getByRole('button', { name: words.signIn }))
  await step('overview', async () => {
    await page.locator('.bars').getByRole('link', { name: provider, exact: true }).first().waitFor()
    await page.locator('.chart canvas').first().waitFor()
  })
  await click(page.locator('.bars').getByRole('link', { name: provider, exact: true }).first())
  await step('provider', () => page.locator('.chart canvas').first().waitFor())
  await click(page.getByRole('button', { name: words.clear }))
  const confirm = page.getByRole('dialog').getByRole('button', { name: words.confirm })
  await step('review', () => confirm.waitFor())
  await click(confirm)
  await step('cleared', () => page.locator('.follow-up').waitFor())
  const asNumber = (text: string | null) => Number((text ?? '').replaceAll(/\D/g, ''))
  await step('proof', async () => {
    while (asNumber(await figure(words.elsewhere)) === 0 || asNumber(await figure(words.notSeen)) > 0)
      await page.waitForTimeout(100)
  })
  const told = await page.locator('.follow-up div').allTextContents()
  return { context, steps, told: told.join(', ') }
}

const directory = process.argv[2]
if (directory !== undefined) mkdirSync(directory, { recursive: true })
const [postgres, server] = await Promise.all([startPostgres(), startRedis()])
const databaseUrl = postgres.createDatabase('bench')
const world = await makeIncidentWorld(databaseUrl, server.client())
const service = await startSoakService({ databaseUrl, redisUrl: server.url }, 1)
const browser = await openBrowser()
const stop = new AbortController()
try {
  await whenRead(() => service.ask('{ affinities(first: 1) { totalCount } }'))
  const gateway = world.gateway(stop.signal)
  for (const language of Object.keys(WORDS) as Language[]) {
    const { context, steps, told } = await walk(browser, service, {
      language,
      // The other one has no pins left there.
      provider: language === 'en-US' ? world.broken.name : 'Anthropic',
      directory,
    })
    printTable(
      `${PINS.toLocaleString('en')} pins, ${language}, load ${loadavg()[0]?.toFixed(1)}: ${told}`,
      ['', 'clicks', 'seconds'],
      steps.map(([name, clicks, seconds]) => [name, String(clicks), seconds]),
    )
    await context.close()
    if (directory === undefined) break
  }
  stop.abort()
  await gateway
} finally {
  stop.abort()
  await browser.close()
  await service.stop()
  await Promise.all([postgres.stop(), server.stop()])
}
