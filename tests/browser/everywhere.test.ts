import { describe, expect, it } from 'vitest'
import { startConsole, whenLive } from './console.js'

/** What a store's client takes to notice, and the pauses before a stream is asked for again. */
const OUTAGE_TIMEOUT_MS = 60_000

const console = startConsole()
const { open } = console

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

  it('fetches a page that was opened while the server was lost, as soon as it is back', async () => {
    const page = await open('/affinities')
    await whenLive(page)
    await console.server.lose()
    await page.getByText('The server has not answered since').waitFor()
    const refused = page.waitForEvent('requestfailed', (request) => request.url().includes('AuditPage'))
    await page.getByRole('link', { name: 'Audit' }).click()
    await refused
    await console.server.haveBack()
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor()
  })

  it(
    'says that Redis does not answer, and follows it again when it does',
    async () => {
      const page = await open('/')
      await page.locator('.page-head [data-state=live]').waitFor()
      const notice = page.getByRole('alert').filter({ hasText: 'Redis does not answer' }).first()
      console.service.redis.pause()
      await notice.waitFor()
      console.service.redis.resume()
      await notice.waitFor({ state: 'hidden' })
      await page.locator('.page-head [data-state=live]').waitFor()
    },
    OUTAGE_TIMEOUT_MS,
  )

  it('says when the server is lost, and goes on by itself when it is back', async () => {
    const page = await open('/affinities')
    await whenLive(page)
    await console.server.lose()
    await page.getByText('The server has not answered since').waitFor()
    await console.server.haveBack()
    await page.getByText('The server has not answered since').waitFor({ state: 'hidden' })
    await whenLive(page)
  })
})
