import { describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, VIEWER_TOKEN } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { startConsole } from './console.js'

const testConsole = startConsole()
const { open } = testConsole

describe('signing in', () => {
  it('takes an administrator’s email and password', async () => {
    const page = await open('/', { token: null })
    await page.getByLabel('Email').waitFor()
    expect(await page.evaluate('document.activeElement?.name')).toBe('email')
    await page.keyboard.type(FIXTURE_ADMIN.email)
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('password is wrong').waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(FIXTURE_ADMIN.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    await expect.poll(() => page.evaluate('document.activeElement?.textContent')).toBe('Overview')
  })

  it('takes a pasted token, and tells when it is none', async () => {
    const page = await open('/', { token: null })
    await page.getByText('Token', { exact: true }).click()
    const field = page.getByRole('textbox', { name: 'Token' })
    await field.fill('no such token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('does not know this token').waitFor()
    await field.fill(VIEWER_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
  })

  it('asks again over the page when the session has ended, and keeps the page', async () => {
    const page = await open('/affinities?provider-key=x&q=alice')
    await page.getByText('No affinity matches').waitFor()
    await page.evaluate(
      `sessionStorage.setItem('affinityql.session', JSON.stringify({ token: 'ended', expiresAt: null }))`,
    )
    await page.reload()
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor()
    await page.getByRole('dialog').getByText('Token', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Token' }).fill(ADMIN_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('No affinity matches').waitFor()
    expect(page.url()).toContain('provider-key=x')
  })

  it('takes a password over the page too, though the ended token is still there', async () => {
    const page = await open('/audit', { token: 'ended' })
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Email').fill(FIXTURE_ADMIN.email)
    await dialog.getByRole('textbox', { name: 'Password' }).fill(FIXTURE_ADMIN.password)
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await page.getByRole('button', { name: 'Details of Sign-in' }).first().waitFor()
  })

  it('gives whoever signs in over the page their own rights, not those of the one before', async () => {
    const page = await open('/affinities')
    await page.getByRole('button', { name: 'Clear…' }).waitFor()
    await page.evaluate(`sessionStorage.setItem('affinityql.session', '{"token":"ended"}')`)
    await page.reload()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Token', { exact: true }).click()
    await dialog.getByRole('textbox', { name: 'Token' }).fill(VIEWER_TOKEN)
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('tr[data-row]').first().waitFor()
    expect(await page.getByRole('button', { name: 'Clear…' }).count()).toBe(0)
  })

  it('ends a session at the server, whose token is good no more', async () => {
    const page = await open('/', { token: null })
    await page.getByLabel('Email or username').fill('root')
    await page.getByRole('textbox', { name: 'Password' }).fill(FIXTURE_ADMIN.password)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    const stored = await page.evaluate<string>(`sessionStorage.getItem('affinityql.session')`)
    const { token } = JSON.parse(stored)
    const asked = async () => (await testConsole.service.query('{ viewer { name } }', {}, { token })).status
    expect(await asked()).toBe(200)
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await expect.poll(asked).toBe(401)
  })

  it('is not needed again in a new tab, and a sign-out ends the session in both', async () => {
    const page = await open('/', { token: null })
    await page.getByText('Token', { exact: true }).click()
    await page.getByRole('textbox', { name: 'Token' }).fill(VIEWER_TOKEN)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor()
    const linked = await page.context().newPage()
    await linked.goto(`${testConsole.server.url}/audit`)
    await linked.getByRole('heading', { name: 'Audit', level: 1 }).waitFor()
    await linked.getByRole('button', { name: 'Preferences' }).click()
    await linked.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.evaluate(`sessionStorage.getItem('affinityql.session')`)).toBeNull()
  })

  it('tells when the server did not take the sign-out', async () => {
    const page = await open('/')
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.route('**/graphql', (route) =>
      route.fulfill({ json: { errors: [{ message: 'away', extensions: { code: 'CACHE_UNAVAILABLE' } }] } }),
    )
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByText('did not take the sign-out').waitFor()
  })

  it('forgets the token with the tab’s sign-out', async () => {
    const page = await open('/')
    await page.getByRole('button', { name: 'Preferences' }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.getByRole('heading', { name: 'Sign in' }).waitFor()
    expect(await page.title()).toBe('Sign in · affinityql')
    expect(await page.evaluate(`sessionStorage.getItem('affinityql.session')`)).toBeNull()
  })
})
