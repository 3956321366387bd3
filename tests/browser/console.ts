import { existsSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { ADMIN_TOKEN, startTestApp, type TestApp, type TestAppOptions, VIEWER_TOKEN } from '../support/app.js'
import { type ConsoleServer, openBrowser, rows, serve, type VisitOptions, visit } from './support.js'

/** A provider of the fixtures, which has most of the pins. */
export const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'

export const PAGES = {
  overview: '/',
  affinities: '/affinities',
  counts: '/counts/reason',
  provider: `/providers/${ANTHROPIC}`,
  savings: '/savings',
  mappings: '/mappings',
  configuration: '/configuration',
  audit: '/audit',
} as const

/** The built console, its service on the fixtures, and a browser, for the tests of one file. */
export interface TestConsole {
  readonly service: TestApp
  readonly server: ConsoleServer
  /**
   * A window of its own on some page of the console, or of another one (`at`). It closes with the test; tests that run at
   * once must say with which (`finished`).
   */
  open(
    path: string,
    options?: Partial<VisitOptions> & { readonly at?: string; readonly finished?: typeof onTestFinished },
  ): Promise<Page>
}

export function startConsole(options: TestAppOptions = {}): TestConsole {
  let service: TestApp
  let server: ConsoleServer
  let browser: Browser
  beforeAll(async () => {
    if (!existsSync(new URL('../../dist/web/index.html', import.meta.url))) {
      throw new Error('The console is not built: run `node scripts/build-web.mjs`.')
    }
    service = await startTestApp(options)
    server = await serve(service)
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.lose()
    await service?.close()
  })
  return {
    get service() {
      return service
    },
    get server() {
      return server
    },
    async open(path, { at = server.url, finished = onTestFinished, ...visitOptions } = {}) {
      const { page, context, problems } = await visit(browser, at + path, {
        token: ADMIN_TOKEN,
        ...visitOptions,
      })
      finished(async () => {
        await context.close()
        expect(problems).toEqual([])
      })
      return page
    },
  }
}

/** Some events for the audit page: a clear, a dry run and one that was refused. */
export async function leaveAuditEvents({ query }: TestApp): Promise<void> {
  const clear = (call: string, token?: string) =>
    query(`mutation { ${call} { __typename } }`, {}, token === undefined ? {} : { token })
  await clear('clearUserCache(identifier: "heidi", dryRun: true)')
  await clear('clearModelMappingCacheByName(modelName: "gpt-5")')
  await clear('clearAllCache(confirm: true)', VIEWER_TOKEN)
}

/** How many records the list says that it holds. */
export const count = (page: Page) => page.locator('.live-bar strong').textContent()
export const whenLive = (page: Page) => page.locator('.live-bar [data-state=live]').waitFor()
export const whenListed = (page: Page) => rows(page).first().waitFor()
