import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'
import { openBrowser, serve } from './support.js'

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
