import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { openBrowser, serve } from './support.js'

/** The page has some megabytes, which a machine with other work takes its time for. */
const PATIENCE_MS = 80_000

let service: TestApp
beforeAll(async () => {
  service = await startTestApp()
})
afterAll(() => service.close())

it('GraphiQL runs its first example with the session of the console, from its own files alone', async () => {
  const { url, lose } = await serve(service)
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    const elsewhere: string[] = []
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url))
        elsewhere.push(request.url())
    })
    await page.goto(`${url}/health/live`)
    const session = JSON.stringify({ token: ADMIN_TOKEN })
    await page.evaluate(`sessionStorage.setItem('affinityql.session', ${JSON.stringify(session)})`)
    await page.goto(`${url}/graphql`)
    await page.locator('button.graphiql-execute-button').click()
    await page.getByText('"totalCount": 506').waitFor()
    expect(elsewhere).toEqual([])
  } finally {
    await browser.close()
    await lose()
  }
})

it('GraphiQL is found again at the tab where it was left', async () => {
  const { url, lose } = await serve(service)
  const browser = await openBrowser()
  try {
    const context = await browser.newContext()
    const visit = async () => {
      const page = await context.newPage()
      page.setDefaultTimeout(PATIENCE_MS)
      await page.goto(`${url}/graphql`)
      await page.locator('.graphiql-tab-active').waitFor()
      return page
    }
    const first = await visit()
    await expect.poll(() => first.evaluate("localStorage.getItem('graphiql:tabState')")).not.toBeNull()
    await first.close()

    const second = await visit()
    const tabs = await second.locator('.graphiql-tab').allInnerTexts()
    expect(tabs).toEqual(['Affinities', 'StalePins', 'OneUser', 'WhoAmI'])
    expect(await second.locator('.graphiql-tab-active').textContent()).toContain('Affinities')
  } finally {
    await browser.close()
    await lose()
  }
})

it('GraphiQL opened directly says how to get a token, and shows the documentation once it has one', async () => {
  const { url, lose } = await serve(service)
  const browser = await openBrowser()
  try {
    const page = await browser.newPage()
    page.setDefaultTimeout(PATIENCE_MS)
    await page.goto(`${url}/graphiql`)
    expect(page.url()).toBe(`${url}/graphql`)
    const notice = page.getByRole('region', { name: 'Token' })
    await notice.getByText('GraphiQL needs a token.').waitFor()
    await notice.getByLabel('Token').fill(`Bearer ${ADMIN_TOKEN}`)
    await notice.getByRole('button', { name: 'Use it' }).click()
    await notice.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click()
    await page.getByText('query: Query').waitFor()
    expect(await page.evaluate('Object.values(localStorage).join()')).not.toContain(ADMIN_TOKEN)
  } finally {
    await browser.close()
    await lose()
  }
})
