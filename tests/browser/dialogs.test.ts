import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { ANTHROPIC, startConsole, whenListed } from './console.js'
import { DESK, PHONE, rows, whenStill } from './support.js'

const site = startConsole()
const { open } = site

const focused = (page: Page) =>
  page.evaluate(() => {
    const element = document.activeElement
    return element?.getAttribute('aria-label') ?? element?.textContent ?? ''
  })
const dialogs = (page: Page) => page.locator('[role=dialog]:visible').count()

describe('Esc', () => {
  it('closes the topmost dialogue alone, and the focus returns each time', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    const row = rows(page).first()
    await row.locator('.row-open').focus()
    await page.keyboard.press('Enter')
    const clear = page.getByRole('button', { name: 'Clear this record' })
    await clear.focus()
    await page.keyboard.press('Enter')
    await page.getByText('1 record would be cleared').waitFor()
    expect(await dialogs(page)).toBe(2)
    await page.keyboard.press('Escape')
    await expect.poll(() => dialogs(page)).toBe(1)
    await expect.poll(() => focused(page)).toBe('Clear this record')
    await page.keyboard.press('Escape')
    await expect.poll(() => dialogs(page)).toBe(0)
    await expect.poll(() => focused(page)).toMatch(/^Details of the record of/)
  })

  it('leads back to the button of the menu that a clear was chosen from', async () => {
    const page = await open('/affinities?format=CLAUDE')
    await whenListed(page)
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
    await page.getByText(/records would be cleared/).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => dialogs(page)).toBe(0)
    await expect.poll(() => focused(page)).toBe('Clear…')
  })

  it('closes a list of choices before the filters that it is in', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Use of the pin' }).click()
    await page.getByRole('option', { name: 'conditional' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('option', { name: 'conditional' }).waitFor({ state: 'hidden' })
    expect(await dialogs(page)).toBe(1)
    await page.keyboard.press('Escape')
    await expect.poll(() => dialogs(page)).toBe(0)
    await expect.poll(() => focused(page)).toBe('Filter')
  })

  it('leaves the focus on the page where the row is gone', async () => {
    const page = await open('/affinities?format=GEMINI')
    await whenListed(page)
    const button = rows(page).first().locator('.c-menu button')
    await button.click()
    await page.getByRole('button', { name: 'Clear 1 record' }).click()
    await page.getByText('1 record cleared').waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => dialogs(page)).toBe(0)
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).not.toBe('BODY')
  })
})

/** What reaches past an edge of the window, or wants more room in a dialogue than there is. */
const overflows = (page: Page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll<HTMLElement>('main *, [role=dialog], [role=dialog] *')]
    const cut = (element: Element | null): boolean =>
      element !== null &&
      (['hidden', 'clip', 'auto', 'scroll'].includes(getComputedStyle(element).overflowX) ||
        cut(element.parentElement))
    const past = shown.filter((element) => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (right > innerWidth + 1 || left < -1) && !cut(element.parentElement)
    })
    const wide = [...document.querySelectorAll<HTMLElement>('html, main, .content, [role=dialog]')]
      .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
      .flatMap((box) => {
        const { right } = box.getBoundingClientRect()
        const within = [...box.querySelectorAll<HTMLElement>('*')]
        return [box, ...within.filter((element) => element.getBoundingClientRect().right > right + 1)]
      })
    return [...past, ...wide].map((element) => element.outerHTML.slice(0, 120))
  })

describe('names of 200 characters', () => {
  beforeAll(async () => {
    const { databaseUrl } = site.service
    for (const [table, column] of [
      ['users', 'username'],
      ['api_keys', 'name'],
      ['providers', 'display_name'],
      ['provider_api_keys', 'name'],
    ] as const) {
      await sql(databaseUrl, `ALTER TABLE ${table} ALTER COLUMN ${column} TYPE text`)
      await sql(
        databaseUrl,
        `UPDATE ${table} SET ${column} = left(repeat(${column} || 'x', 200), 200 - length(id)) || id`,
      )
    }
  })

  it.each([
    ['390 px', PHONE],
    ['1440 px', DESK],
  ])('run past no edge of the page or of a dialogue, at %s', async (_width, viewport) => {
    const page = await open('/affinities', { viewport })
    await whenListed(page)
    const check = async () => {
      await whenStill(page)
      expect(await overflows(page)).toEqual([])
    }
    await check()
    await rows(page).first().locator('.c-user').click()
    await page.getByRole('button', { name: 'All of this provider', exact: true }).waitFor()
    await check()
    await page.getByRole('button', { name: 'Clear all of this provider' }).click()
    await page.getByText(/would be cleared/).waitFor()
    await check()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'All of this provider', exact: true }).click()
    await page.locator('.chip').waitFor()
    await page.keyboard.press('Escape')
    await check()
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
    await page.locator('.clear-filter').waitFor()
    await check()
    await page.keyboard.press('Escape')
    await page.goto(`${site.server.url}/`)
    await page.locator('.bars li').first().waitFor()
    await check()
    await page.goto(`${site.server.url}/providers/${ANTHROPIC}`)
    await page.locator('.bars .rest').first().waitFor()
    await check()
    await page.goto(`${site.server.url}/affinities`)
    await rows(page).first().locator('.c-menu button').click()
    await page.getByRole('button', { name: 'Clear 1 record' }).click()
    await page.locator('.follow-up').waitFor()
    await check()
  })
})

describe('a name that turns letters around', () => {
  it('keeps to itself, and shows its controls', async () => {
    const { databaseUrl } = site.service
    await sql(
      databaseUrl,
      "UPDATE users SET username = E'evil\\u202E\\u0007' || id, email = id || '@example.com'",
    )
    const page = await open('/affinities')
    await whenListed(page)
    const names = await rows(page).locator('.c-user bdi').allInnerTexts()
    expect(names.length).toBeGreaterThan(5)
    for (const name of names) expect(name).toMatch(/^evil\ufffd\ufffd/)
    await rows(page).first().locator('.row-open').click()
    await page.getByRole('button', { name: 'Clear all of this user' }).click()
    await page.getByText(/would be cleared/).waitFor()
    const html = await page.content()
    for (const control of ['\u202e', '\u0007']) expect(html).not.toContain(control)
  })
})
