import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { startConsole } from './console.js'

const console = startConsole()
const { open } = console

/** More than a page of audit events. */
const EVENTS = 60
beforeAll(async () => {
  for (let count = 0; count < EVENTS; count++) {
    await console.service.query(
      'mutation { clearModelMappingCacheByName(modelName: "gpt-5", dryRun: true) { __typename } }',
    )
  }
})

/** The operations that a page sends from now on; those that `held` names get no answer. */
async function watchOperations(page: Page, held: readonly string[] = []): Promise<string[]> {
  const sent: string[] = []
  await page.route('**/graphql', async (route) => {
    const { operationName } = route.request().postDataJSON()
    sent.push(operationName)
    if (!held.includes(operationName)) await route.continue()
  })
  return sent
}

const firstRow = (page: Page) => page.locator('tbody tr').first()

describe('the cache', () => {
  it('shows the page before at once, while it is read anew', async () => {
    const page = await open('/audit')
    const pager = page.locator('.pager .hint')
    await pager.filter({ hasText: '1–50 of' }).waitFor()
    const asOf = await page.locator('.as-of .hint').textContent()
    await page.getByRole('button', { name: 'Next page' }).click()
    await pager.filter({ hasText: '51–' }).waitFor()
    const sent = await watchOperations(page, ['AuditEvents'])
    await page.getByRole('button', { name: 'Previous page' }).click()
    await pager.filter({ hasText: '1–50 of' }).waitFor()
    expect(await page.locator('tbody tr').count()).toBe(50)
    expect(await page.locator('.as-of .hint').textContent()).toBe(asOf)
    expect(sent).toEqual(['AuditEvents'])
  })

  it('opens the details of a listed event without a request', async () => {
    const page = await open('/audit')
    await firstRow(page).waitFor()
    const sent = await watchOperations(page)
    await firstRow(page).click()
    await page.getByRole('dialog').getByText('model_mapping_cache_clear_by_name', { exact: true }).waitFor()
    expect(sent).toEqual([])
  })

  it('shows a page that one comes back to at once, and never what a clear has taken', async () => {
    const page = await open('/mappings?tab=providers')
    await firstRow(page).waitFor()
    await page.getByRole('tab', { name: 'Names' }).click()
    const name = page.getByRole('button', { name: 'Clear the name GPT-5', exact: true })
    await name.waitFor()
    const tables = ['ModelMappings', 'ProviderModelMappings']
    await watchOperations(page, tables)
    await page.getByRole('tab', { name: 'By provider' }).click()
    await firstRow(page).waitFor()
    await page.getByRole('tab', { name: 'Names' }).click()
    await name.click()
    await page.getByRole('button', { name: /^Clear \d+ keys?$/ }).click()
    await page.getByText(/cache keys? cleared$/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await page.getByRole('tab', { name: 'By provider' }).click()
    await page.locator('.rows-expected').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(0)
    await page.getByRole('tab', { name: 'Names' }).click()
    await page.locator('.rows-expected').waitFor()
    expect(await name.count()).toBe(0)
  })
})
