import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { VIEWER_TOKEN } from '../support/app.js'
import { startConsole } from './console.js'

const console = startConsole()
const { open } = console

const TABS = ['names', 'providers', 'unmapped'] as const

async function keys(): Promise<number> {
  const { data } = await console.service.query('{ modelMappingStats { totalKeys } }')
  return data.modelMappingStats.totalKeys
}

/** Reads the dry run, sees that it cleared nothing, does it, and reads the result. */
async function clearAfterDryRun(page: Page, ready: () => Promise<void> = async () => {}): Promise<void> {
  const before = await keys()
  const found = await page.getByText(/^\d+ cache keys? would be cleared$/).textContent()
  const wanted = Number.parseInt(found ?? '', 10)
  expect(wanted).toBeGreaterThan(0)
  expect(await keys()).toBe(before)
  await ready()
  await page.getByRole('button', { name: /^Clear \d+ keys?$/ }).click()
  await page.getByText(new RegExp(`^${wanted} cache keys? cleared$`)).waitFor()
  const left = await keys()
  expect(left).toBeLessThan(before)
  expect(left).toBeGreaterThanOrEqual(before - wanted)
}

describe('clearing model mappings', () => {
  it('clears one name, and leads to its audit event', async () => {
    const page = await open('/mappings?q=gpt-5')
    await page.getByRole('button', { name: 'Clear the name GPT-5', exact: true }).click()
    await page.getByRole('heading', { name: 'Clear the cached resolution of GPT-5' }).waitFor()
    await clearAfterDryRun(page)
    await page.getByRole('link', { name: 'Audit event' }).click()
    await page
      .getByRole('dialog', { name: 'Audit event' })
      .or(page.getByRole('dialog', { name: 'Clear of a name' }))
      .getByText('model_mapping_cache_clear_by_name', { exact: true })
      .waitFor()
  })

  it('clears a model at one provider', async () => {
    const page = await open('/mappings?tab=providers')
    const button = page.getByRole('button', { name: /^Clear the mapping / }).first()
    const name = (await button.getAttribute('aria-label'))?.replace('Clear the mapping ', '') ?? ''
    await button.click()
    await page.getByRole('heading', { name: `Clear the cached mapping of ${name}` }).waitFor()
    await clearAfterDryRun(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await expect.poll(() => page.getByRole('button', { name: `Clear the mapping ${name}` }).count()).toBe(0)
  })

  it.each(TABS)('shows a viewer no way to clear: %s', async (tab) => {
    const page = await open(`/mappings?tab=${tab}`, { token: VIEWER_TOKEN })
    await page.locator('tbody tr').first().waitFor()
    expect(await page.getByRole('button', { name: /Clear/ }).count()).toBe(0)
  })

  it('clears all once the words are typed', async () => {
    const page = await open('/mappings')
    await page.getByRole('button', { name: 'Clear all mapping caches…' }).click()
    await clearAfterDryRun(page, async () => {
      const clear = page.getByRole('button', { name: /^Clear \d+ keys?$/ })
      expect(await clear.isDisabled()).toBe(true)
      await page.getByRole('textbox', { name: 'To continue' }).fill('clear all affinities')
      expect(await clear.isDisabled()).toBe(true)
      await page.getByRole('textbox', { name: 'To continue' }).fill('clear all mappings')
    })
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await page.getByText('Nothing is cached').waitFor()
  })
})
