import { expect, it, onTestFinished } from 'vitest'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { startConsole, whenListed, whenLive } from './console.js'
import { rows } from './support.js'

const { open } = startConsole({ env: { TRUSTED_DOCUMENTS_ONLY: 'true' } })

it('the console asks for nothing but registered documents, on any page', async () => {
  const page = await open('/', { token: null })
  const refused: string[] = []
  let asked = 0
  page.on('response', async (response) => {
    if (!response.url().endsWith('/graphql')) return
    asked += 1
    if (response.status() >= 400) refused.push(`${response.status()} ${response.request().postData()}`)
  })
  onTestFinished(() => expect(refused).toEqual([]))
  const go = (name: string) => page.getByRole('link', { name, exact: true }).click()

  await page.getByLabel('Email').fill(FIXTURE_ADMIN.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(FIXTURE_ADMIN.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('link', { name: 'show them' }).waitFor()
  await page.getByText('By API format').waitFor()

  await go('Affinities')
  await whenListed(page)
  await whenLive(page)
  const downloaded = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).click()
  await downloaded
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  await page.getByRole('combobox', { name: 'Provider', exact: true }).click()
  await page.getByRole('dialog').getByRole('option').nth(1).waitFor()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Clear…' }).click()
  await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
  await page.getByText(/records would be cleared/).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await rows(page).first().locator('.c-menu button').click()
  await page.getByRole('button', { name: 'Clear 1 record' }).click()
  await page.locator('.follow-up').waitFor()
  await page.getByRole('link', { name: 'Audit event' }).click()
  await page.getByText('cache_clear_single', { exact: true }).first().waitFor()
  await page.locator('.follow-up').waitFor()
  await page.keyboard.press('Escape')

  await go('Model mappings')
  for (const tab of ['By provider', 'Unmapped', 'Names']) {
    await page.getByRole('tab', { name: tab }).click()
    await page.locator('tbody tr').first().waitFor()
  }
  await page
    .getByRole('button', { name: /^Clear the name/ })
    .first()
    .click()
  await page.getByText(/cache keys? would be cleared/).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()

  await go('Savings')
  await page.getByText('This gateway has no such rows').waitFor()

  await go('Overview')
  await go('Anthropic')
  await page.locator('.thirds .rest').first().waitFor()
  await page.locator('.provider-changes').waitFor()

  await go('Configuration')
  await page.getByText('cacheTtlSeconds').waitFor()
  expect(asked).toBeGreaterThan(15)
})
