import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { leaveAuditEvents, PAGES, startConsole } from './console.js'
import { crowded, DESK, PHONE, rows, seriousFindings, tooWide, whenStill } from './support.js'

/** Written where SCREENSHOTS is set: on a machine without a Chinese font they would show boxes. */
const SCREENSHOTS = process.env['SCREENSHOTS'] && new URL('../../docs/screenshots/', import.meta.url).pathname
/** Two themes at two sizes, each looked through by axe. */
const AXE_TIMEOUT_MS = 120_000
const SIZES = { desk: DESK, phone: PHONE } as const
type Size = keyof typeof SIZES
/** What a page without a table has when its data is there. */
const READY: Readonly<Record<string, string>> = {
  overview: '.chart canvas',
  counts: '.counts .bars li',
  provider: '.thirds .bars .rest',
  savings: '.savings .message',
}
/** The narrowest that is asked for by WCAG (reflow). */
const SMALL_PHONE = { width: 320, height: 640 } as const

const console = startConsole()
const { open } = console
beforeAll(() => leaveAuditEvents(console.service))

/** Runs in both themes and both sizes, in the same window: what differs is drawn anew as it would be for a reader. */
async function inEachLook(page: Page, sizes: readonly Size[], look: (name: string) => Promise<void>) {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme })
    for (const size of sizes) {
      await page.setViewportSize(SIZES[size])
      await page.locator(`[data-mantine-color-scheme=${theme}]`).waitFor()
      await look(`${size}-${theme}`)
    }
  }
}

describe('each page', () => {
  it.each(Object.entries(PAGES))(
    'has nothing serious that axe finds on %s, fits a phone, and is looked at',
    async (name, path) => {
      if (SCREENSHOTS) mkdirSync(SCREENSHOTS, { recursive: true })
      const page = await open(path)
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page
        .locator(READY[name] ?? 'tbody tr')
        .first()
        .waitFor()
      await inEachLook(page, ['desk', 'phone'], async (look) => {
        expect(await seriousFindings(page)).toEqual([])
        expect(await crowded(page)).toEqual([])
        if (SCREENSHOTS && name !== 'savings')
          await page.screenshot({ path: `${SCREENSHOTS}${name}-${look}.png` })
      })
      await page.setViewportSize(SMALL_PHONE)
      await whenStill(page)
      expect(await tooWide(page)).toEqual([])
      expect(await crowded(page)).toEqual([])
    },
    AXE_TIMEOUT_MS,
  )
})

describe('each dialogue', () => {
  const DIALOGUES: Readonly<Record<string, (page: Page) => Promise<void>>> = {
    'the details of a record': (page) => rows(page).first().locator('.row-open').click(),
    'the filters': (page) => page.getByRole('button', { name: 'Filter', exact: true }).click(),
    'the pages that a phone has no room for': async (page) => {
      await page.setViewportSize(PHONE)
      await page.getByRole('button', { name: 'More' }).click()
      await page.getByRole('menuitem', { name: 'Configuration' }).waitFor()
    },
    'the preferences': (page) => page.getByRole('button', { name: 'Preferences' }).click(),
    'the details of a stale record': async (page) => {
      await page.goto(`${new URL(page.url()).origin}/affinities?stale=true`)
      await rows(page).first().locator('.row-open').click()
    },
    // Its red button can be pressed, so that its colours count.
    'the dry run of one record': async (page) => {
      await rows(page).first().locator('.c-menu button').click()
      await page.getByText('1 record would be cleared').waitFor()
    },
    'the follow-up of a clear': async (page) => {
      await rows(page).first().locator('.c-menu button').click()
      await page.getByRole('button', { name: 'Clear 1 record' }).click()
      await page.locator('.follow-up').waitFor()
    },
    'the dry run of a filter by verdict': async (page) => {
      await page.goto(`${new URL(page.url()).origin}/affinities?stale=true&reason=CIRCUIT_OPEN`)
      await rows(page).first().waitFor()
      await page.getByRole('button', { name: 'Clear…' }).click()
      await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
      await page.locator('.clear-filter').waitFor()
    },
    'the dry run of clearing everything': async (page) => {
      await page.getByRole('button', { name: 'Clear…' }).click()
      await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
      await page.getByText(/records would be cleared/).waitFor()
    },
  }
  it.each(Object.entries(DIALOGUES))(
    'has nothing serious that axe finds in %s',
    async (name, openDialogue) => {
      const page = await open('/affinities')
      await rows(page).first().waitFor()
      await openDialogue(page)
      await page.locator('[role=dialog], [role=menu]').first().waitFor()
      await inEachLook(page, [name.includes('phone') ? 'phone' : 'desk'], async () =>
        expect(await seriousFindings(page)).toEqual([]),
      )
    },
    AXE_TIMEOUT_MS,
  )
})
