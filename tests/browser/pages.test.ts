import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { leaveAuditEvents, PAGES, startConsole } from './console.js'
import { DESK, PHONE, rows, seriousFindings } from './support.js'

/** Written where SCREENSHOTS is set: on a machine without a Chinese font they would show boxes. */
const SCREENSHOTS = process.env['SCREENSHOTS'] && new URL('../../docs/screenshots/', import.meta.url).pathname
/** Two themes at two sizes, each looked through by axe. */
const AXE_TIMEOUT_MS = 120_000
/** The narrowest that is asked for by WCAG (reflow). */
const SMALL_PHONE = { width: 320, height: 640 } as const

const console = startConsole()
const { open } = console
beforeAll(() => leaveAuditEvents(console.service))

describe('each page', () => {
  it.each(Object.entries(PAGES))(
    'has nothing serious that axe finds on %s, and is looked at',
    async (name, path) => {
      if (SCREENSHOTS) mkdirSync(SCREENSHOTS, { recursive: true })
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
          if (SCREENSHOTS) await page.screenshot({ path: `${SCREENSHOTS}${name}-${size}-${theme}.png` })
        }
      }
    },
    AXE_TIMEOUT_MS,
  )

  it.each(Object.entries(PAGES))('fits the width of a phone: %s', async (_name, path) => {
    const page = await open(path, { viewport: SMALL_PHONE })
    await page.locator('tbody tr, .figure .value:not(:empty)').first().waitFor()
    for (const part of ['html', 'main', '.content']) {
      const box = await page
        .locator(part)
        .first()
        .evaluate((element) => ({
          wanted: element.scrollWidth,
          there: element.clientWidth,
        }))
      expect([part, box.wanted]).toEqual([part, Math.min(box.wanted, box.there)])
    }
  })
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
