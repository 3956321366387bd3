/** Names of strangers that are HTML, wherever the console shows names. */
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { writePin } from '../support/pin.js'
import { ANTHROPIC, startConsole, whenListed } from './console.js'
import { rows, whenStill } from './support.js'

const IMAGE = '<img src=x onerror="window.wasRun = 1">'
const SCRIPT = '<script>window.wasRun = 1</script>'

const site = startConsole()
let token: string
beforeAll(async () => {
  const { databaseUrl, redis, query } = site.service
  const login = `mutation { login(email: "${FIXTURE_ADMIN.email}", password: "${FIXTURE_ADMIN.password}") { ... on Session { token } } }`
  token = (await query(login, {}, { token: null })).data.login.token
  for (const [table, columns] of Object.entries({
    users: ['username'],
    api_keys: ['name'],
    providers: ['name', 'display_name'],
    provider_api_keys: ['name'],
    global_models: ['name', 'display_name'],
    models: ['provider_model_name'],
  })) {
    // Some must stay different from each other.
    const changes = columns.map((column) => `${column} = $1 || right(id, 8)`).join(', ')
    await sql(databaseUrl, `UPDATE ${table} SET ${changes}`, [IMAGE + SCRIPT])
  }
  await sql(databaseUrl, 'UPDATE provider_endpoints SET base_url = $1', [`https://x/${IMAGE}${SCRIPT}`])
  const client = redis.client()
  await writePin(client, { affinityKey: SCRIPT, modelId: IMAGE, providerId: IMAGE })
  await client.set(`global_model:resolve:${IMAGE}`, 'NOT_FOUND', 'EX', 300)
  await client.hset('cache_stats:scheduler', { last_api_format: SCRIPT, last_model_name: IMAGE })
  // By an administrator of such a name, done and refused.
  const clear = (call: string) => query(`mutation { ${call} { __typename } }`, {}, { token })
  await clear(`clearModelMappingCacheByName(modelName: ${JSON.stringify(IMAGE)}, dryRun: true)`)
  await clear(`clearUserCache(identifier: ${JSON.stringify(SCRIPT)})`)
})

/** It is there to be read, and nothing has become of it. */
async function expectOnlyText(page: Page): Promise<void> {
  // Not the reader's own name alone, which is on every page.
  const shown = page.locator('main, [role=dialog]').getByText(/<img src=x onerror=|<script>window/)
  await shown.first().waitFor({ state: 'attached' })
  await whenStill(page)
  expect(await page.locator('img[src=x], script:not([src])').count()).toBe(0)
  expect(await page.evaluate('window.wasRun')).toBeUndefined()
}

const row = (page: Page) => rows(page).first().locator('.row-open').click()

describe('a name that is HTML is shown as the text that it is', () => {
  it.each<[string, string, (page: Page) => Promise<unknown>]>([
    ['on the overview', '/', (page) => page.locator('.chart canvas').first().waitFor()],
    [
      'on the page of a provider',
      `/providers/${ANTHROPIC}`,
      (page) => page.locator('.bars li').first().waitFor(),
    ],
    ['in the list', '/affinities', whenListed],
    ['in a search', `/affinities?q=${encodeURIComponent(IMAGE)}`, whenListed],
    [
      'in the details of a record',
      '/affinities',
      async (page) => {
        await row(page)
        await page.getByRole('dialog').getByText(IMAGE).first().waitFor()
      },
    ],
    [
      'in the choices of a filter',
      '/affinities',
      async (page) => {
        await page.getByRole('button', { name: 'Filter', exact: true }).click()
        await page.getByRole('combobox', { name: 'Provider', exact: true }).click()
        await page.getByRole('option', { name: IMAGE }).first().waitFor()
      },
    ],
    [
      'in the dry run of a clear',
      '/affinities',
      async (page) => {
        await page.getByRole('button', { name: 'Clear…' }).click()
        await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
        await page.getByRole('dialog').getByText(IMAGE).first().waitFor()
      },
    ],
    ['in the mappings', '/mappings', (page) => page.locator('tbody tr').first().waitFor()],
    [
      'in the providers’ mappings',
      '/mappings?tab=providers',
      (page) => page.locator('tbody tr').first().waitFor(),
    ],
    ['in the unmapped names', '/mappings?tab=unmapped', (page) => page.locator('tbody tr').first().waitFor()],
    ['in the audit', '/audit', (page) => page.locator('tbody tr').first().waitFor()],
    [
      'in the details of an event of the audit',
      '/audit',
      async (page) => {
        await page.locator('tbody tr').first().click()
        await page
          .getByRole('dialog')
          .getByText(/<script>window/)
          .first()
          .waitFor()
      },
    ],
  ])('%s', async (_, path, open) => {
    const page = await site.open(path, { token })
    await open(page)
    await expectOnlyText(page)
  })
})
