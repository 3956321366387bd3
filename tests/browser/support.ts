import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type axe from 'axe-core'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { findBrowser } from '../../scripts/ensure-services.mjs'
import type { TestApp } from '../support/app.js'

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const DESK = { width: 1440, height: 900 } as const
export const PHONE = { width: 390, height: 844 } as const

export function openBrowser(): Promise<Browser> {
  const executablePath = findBrowser()
  if (executablePath === undefined)
    throw new Error('No Chromium is installed: node scripts/ensure-services.mjs --browser')
  return chromium.launch({ executablePath, args: FLAGS })
}

/** The service over HTTP, which can be lost and had back at the same address. */
export interface ConsoleServer {
  readonly url: string
  lose(): Promise<void>
  haveBack(): Promise<void>
}

export async function serve({ app }: Pick<TestApp, 'app'>): Promise<ConsoleServer> {
  const listen = async (port: number): Promise<Server> => {
    const server = createServer(app.handler)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    return server
  }
  let server = await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async lose() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
    async haveBack() {
      server = await listen(port)
    },
  }
}

export interface VisitOptions {
  readonly token: string | null
  readonly viewport?: { readonly width: number; readonly height: number }
  readonly language?: string
  readonly theme?: 'light' | 'dark'
  /** Runs before anything is fetched. */
  readonly watch?: (page: Page) => void
}

/** A browser of its own, signed in by `token`; what goes wrong in its pages is collected in `problems`. */
export async function visit(
  browser: Browser,
  url: string,
  { token, viewport = DESK, language = 'en-US', theme = 'light', watch }: VisitOptions,
): Promise<{ page: Page; context: BrowserContext; problems: string[] }> {
  const context = await browser.newContext({
    viewport,
    locale: language,
    colorScheme: theme,
    // Nobody watches how dialogues slide in.
    reducedMotion: 'reduce',
  })
  if (token !== null) {
    const session = JSON.stringify({ token, expiresAt: null })
    await context.addInitScript(
      `sessionStorage.getItem('affinityql.session') ?? sessionStorage.setItem('affinityql.session', ${JSON.stringify(session)})`,
    )
  }
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (/Content Security Policy|Warning:/.test(message.text())) problems.push(message.text())
  })
  watch?.(page)
  await page.goto(url)
  return { page, context, problems }
}

/** Half as long as `axe.source`; it takes as long to reach and be read by a page as the rules take. */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Nothing slides, fades or turns any more. */
export const whenStill = (page: Page) =>
  page.waitForFunction(() => document.getAnimations().every(({ playState }) => playState !== 'running'))

/**
 * What axe finds that keeps somebody from using the page. It runs in the page as it is: axe's adapter for Playwright
 * carries every result, passed ones too, into a window of its own, which takes longer than all of the rules.
 */
export async function seriousFindings(page: Page): Promise<string[]> {
  await whenStill(page)
  // It stays in the page, which is looked at more than once.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe }
    const { violations } = await inPage.run({ resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => {
        const examples = nodes.slice(0, 3).map(({ html }) => html.slice(0, 160))
        return `${id}: ${examples.join(' | ')}`
      })
  })
}

export const rows = (page: Page) => page.locator('tr[data-row]')

/** Parts of the page that want more room across than there is. */
export const tooWide = (page: Page) =>
  page.evaluate(() =>
    ['html', 'main', '.content'].filter((part) => {
      const element = document.querySelector(part)
      return element !== null && element.scrollWidth > element.clientWidth
    }),
  )

/** Names of the navigation that need more room than they have. */
export const crowded = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.nav > *')]
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => element.textContent),
  )
