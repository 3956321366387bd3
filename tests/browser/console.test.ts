import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { ADMIN_TOKEN, startTestApp, type TestApp, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import {
  type ConsoleServer,
  DESK,
  openBrowser,
  PHONE,
  rows,
  seriousFindings,
  serve,
  type VisitOptions,
  visit,
} from './support.js'

const SCREENSHOTS = new URL('../../docs/screenshots/', import.meta.url).pathname
const PAGES = {
  overview: '/',
  affinities: '/affinities',
  mappings: '/mappings',
  configuration: '/configuration',
  audit: '/audit',
} as const

/** Two themes at two sizes, each looked through by axe. */
const AXE_TIMEOUT_MS = 120_000

let service: TestApp
let server: ConsoleServer
let browser: Browser

beforeAll(async () => {
  if (!existsSync(new URL('../../dist/web/index.html', import.meta.url))) {
    throw new Error('The console is not built: run `node scripts/build-web.mjs`.')
  }
  service = await startTestApp()
  server = await serve(service)
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await server?.lose()
  await service?.close()
})

/** A window of its own on some page of the console. */
async function open(path: string, options: Partial<VisitOptions> = {}) {
  const { page, context, problems } = await visit(browser, server.url + path, {
    token: ADMIN_TOKEN,
    ...options,
  })
  onTestFinished(async () => {
    await context.close()
    expect(problems).toEqual([])
  })
  return page
}

const count = (page: Page) => page.locator('.live-bar strong').textContent()
const whenLive = (page: Page) => page.locator('.live-bar [data-state=live]').waitFor()

describe('signing in', () => {
  it('takes an administrator’s email and password', async () => {
    const page = await open('/', { token: null })
    await page.getByLabel('Email').fill(FIXTURE_ADMIN.email)
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('password is wrong').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(FIXTURE_ADMIN.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  })

  it('takes a pasted token, and tells when it is none', async () => {
    const page = await open('/', { token: null })
    await page.getByText('Token', { exact: true }).click()
    const field = page.getByRole('textbox', { name: 'Token' })
    await field.fill('no such token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('does not know this token').waitFor()
    await field.fill(VIEWER_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  })

  it('asks again over the page when the session has ended, and keeps the page', async () => {
    const page = await open('/affinities?provider-key=x&q=alice')
    await page.getByText('No affinity matches').waitFor()
    await page.evaluate(
      `sessionStorage.setItem('affinityql.session', JSON.stringify({ token: 'ended', expiresAt: null }))`,
    )
    await page.reload()
    await page.getByText('Your session has ended').waitFor()
    await page.getByRole('dialog').getByText('Token', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Token' }).fill(ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('No affinity matches').waitFor()
    expect(page.url()).toContain('provider-key=x')
  })

  it('forgets the token with the tab’s sign-out', async () => {
    const page = await open('/')
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate(`sessionStorage.getItem('affinityql.session')`)).toBeNull()
  })
})

describe('looking', () => {
  it('finds a user by name as one types, and can be linked to', async () => {
    const page = await open('/affinities')
    await page.getByRole('searchbox').fill('张伟')
    await page.getByText('All records of user 张伟').waitFor()
    const names = await rows(page).locator('.c-user').allInnerTexts()
    expect(new Set(names)).toEqual(new Set(['张伟']))
    expect(new URL(page.url()).searchParams.get('q')).toBe('张伟')
    await page.reload()
    await page.getByText('All records of user 张伟').waitFor()
  })

  it('narrows to one provider by a chip that can be taken off', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    const everything = await count(page)
    const named = rows(page).locator('.c-provider:not(:has(.mono))')
    const provider = (await named.first().textContent()) ?? ''
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Provider', exact: true }).click()
    await page.getByRole('dialog').getByRole('option', { name: provider }).click()
    await page.locator('.chip', { hasText: provider }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => count(page)).not.toBe(everything)
    const providers = await rows(page).locator('.c-provider').allInnerTexts()
    expect(new Set(providers)).toEqual(new Set([provider]))
    await page.getByRole('button', { name: /Remove the filter/ }).click()
    await expect.poll(() => count(page)).toBe(everything)
  })

  it('leads through the pages and the columns by its address', async () => {
    const page = await open('/affinities?size=25&sort=requests&page=3')
    await page.getByText('51–75 of').waitFor()
    const requests = (await rows(page).locator('.c-requests').allInnerTexts()).map((text) =>
      Number(text.replace(/,/g, '')),
    )
    expect(requests).toEqual([...requests].sort((a, b) => a - b))
  })

  it('is walked by the keyboard', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    await page.keyboard.press('/')
    await expect.poll(() => page.evaluate('document.activeElement?.type')).toBe('search')
    await page.keyboard.press('Escape')
    await page.keyboard.press('j')
    await page.keyboard.press('j')
    await expect.poll(() => page.evaluate('document.activeElement?.dataset.row')).toBe('1')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('API key id').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  })

  it('leads from the stale pins’ number to their list', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'cannot be honoured' }).click()
    await page.locator('.chip', { hasText: 'stale only' }).waitFor()
    await rows(page).first().waitFor()
    const states = await rows(page).locator('.c-state').allInnerTexts()
    expect(states.filter((state) => state === 'usable')).toEqual([])
  })

  it('exports all that matches, not the page alone', async () => {
    const page = await open('/affinities?format=CLAUDE&size=25')
    await rows(page).first().waitFor()
    const total = Number.parseInt((await count(page)) ?? '', 10)
    const downloaded = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const [header = '', ...lines] = readFileSync(await (await downloaded).path(), 'utf8').split('\r\n')
    expect(header).toMatch(/^\ufeffusername,email,userId,/)
    expect(lines).toHaveLength(total)
    expect(total).toBeGreaterThan(25)
    for (const line of lines) expect(line).toContain(',CLAUDE,')
  })

  it('shows a viewer no way to clear', async () => {
    const page = await open('/affinities', { token: VIEWER_TOKEN })
    await rows(page).first().locator('.row-open').click()
    await page.getByRole('button', { name: 'All of this provider', exact: true }).waitFor()
    expect(await page.getByText(/Clear/).count()).toBe(0)
  })
})

describe('each page', () => {
  it.each(Object.entries(PAGES))(
    'has nothing serious that axe finds on %s, and is looked at',
    async (name, path) => {
      mkdirSync(SCREENSHOTS, { recursive: true })
      for (const theme of ['light', 'dark'] as const) {
        for (const [size, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
          const page = await open(path, { theme, viewport })
          await page.getByRole('heading', { level: 1 }).waitFor()
          await page
            .locator(name === 'overview' ? '.chart svg' : 'tbody tr')
            .first()
            .waitFor()
          await page.waitForTimeout(400)
          expect(await seriousFindings(page)).toEqual([])
          await page.screenshot({ path: `${SCREENSHOTS}${name}-${size}-${theme}.png` })
        }
      }
    },
    AXE_TIMEOUT_MS,
  )
})

describe('each dialogue', () => {
  const DIALOGUES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
    'the details of a record': (page) => rows(page).first().locator('.row-open').click(),
    'the filters': (page) => page.getByRole('button', { name: 'Filter', exact: true }).click(),
    'the preferences': (page) => page.getByRole('button', { name: 'Preferences' }).click(),
    'the dry run of clearing everything': async (page) => {
      await page.getByRole('button', { name: 'Clear…' }).click()
      await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
      await page.getByText(/records would be cleared/).waitFor()
    },
  }
  it.each(Object.entries(DIALOGUES))(
    'has nothing serious that axe finds in %s',
    async (_name, openDialogue) => {
      for (const theme of ['light', 'dark'] as const) {
        const page = await open('/affinities', { theme })
        await rows(page).first().waitFor()
        await openDialogue(page)
        await page.locator('[role=dialog], [role=menu]').first().waitFor()
        await page.waitForTimeout(500)
        expect(await seriousFindings(page)).toEqual([])
      }
    },
    AXE_TIMEOUT_MS,
  )
})

describe('clearing', () => {
  it('clears one record, which leaves another open window within a second', async () => {
    const here = await open('/affinities?q=张伟')
    const there = await open('/affinities?q=张伟')
    await Promise.all([
      whenLive(here),
      whenLive(there),
      rows(here).first().waitFor(),
      rows(there).first().waitFor(),
    ])
    const id = await rows(here).first().getAttribute('data-id')
    await rows(here).first().locator('.c-menu button').click()
    await here.getByText('1 record would be cleared').waitFor()
    const gone = there.locator(`tr[data-id="${id}"].gone`)
    const started = Date.now()
    await here.getByRole('button', { name: 'Clear 1 record' }).click()
    await gone.waitFor({ timeout: 3_000 })
    expect(Date.now() - started).toBeLessThan(1_000)
    expect(await there.locator('.live-changes').textContent()).toContain('1 gone')
  })

  it('shows whom clearing everything would hit, and does nothing when it is cancelled', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    const before = await count(page)
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
    await page.getByText(/records would be cleared/).waitFor()
    expect(await page.getByRole('button', { name: /^Clear \d+ records$/ }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.reload()
    await rows(page).first().waitFor()
    expect(await count(page)).toBe(before)
  })

  it('clears everything once the words are typed, and leads to the audit event', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
    await page.getByRole('textbox', { name: 'To go on' }).fill('clear all affinities')
    await page.getByRole('button', { name: /^Clear \d+ records$/ }).click()
    await page.getByText(/^\d+ records cleared$/).waitFor()
    await page.getByRole('link', { name: 'Audit event' }).click()
    const event = page.getByRole('dialog', { name: 'Clear of all affinities' })
    await event.getByText('cache_clear_all', { exact: true }).waitFor()
    await page.goto(`${server.url}/affinities`)
    await page.getByText('There is no live affinity').waitFor()
  })
})

describe('everywhere', () => {
  it('speaks the browser’s language, and another when told', async () => {
    const page = await open('/', { language: 'zh-CN' })
    await page.getByRole('heading', { name: '概览' }).waitFor()
    await page.getByRole('button', { name: '偏好设置' }).click()
    await page.getByRole('menuitem', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    expect(await page.evaluate('document.documentElement.lang')).toBe('en')
    await page.reload()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
  })

  it('is dark or light as the system is, or as told', async () => {
    const page = await open('/', { theme: 'dark' })
    const scheme = () => page.evaluate('document.documentElement.dataset.mantineColorScheme')
    await expect.poll(scheme).toBe('dark')
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.getByRole('menuitem', { name: 'Light' }).click()
    await expect.poll(scheme).toBe('light')
  })

  it('says when the server is lost, and goes on by itself when it is back', async () => {
    const page = await open('/affinities')
    await whenLive(page)
    await server.lose()
    await page.getByText('The server has not answered since').waitFor()
    await server.haveBack()
    await page.getByText('The server has not answered since').waitFor({ state: 'hidden' })
    await whenLive(page)
  })
})
