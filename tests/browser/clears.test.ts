import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { VIEWER_TOKEN } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { count, startConsole, whenListed, whenLive } from './console.js'
import { rows } from './support.js'

const console = startConsole()
const { open } = console

/** What the API counts, asked beside the browser. */
async function counted(filter: object | null = null): Promise<number> {
  const { data, errors } = await console.service.query(
    'query ($filter: AffinityFilter) { affinities(first: 1, filter: $filter) { totalCount } }',
    { filter },
  )
  expect(errors).toEqual([])
  return data.affinities.totalCount
}

const openClearMenu = (page: Page) => page.getByRole('button', { name: 'Clear…' }).click()
const words = (records: number) => `${records} ${records === 1 ? 'record' : 'records'}`

/** Reads the dry run, sees that it cleared nothing, does it, and reads the result. */
async function clearAfterDryRun(page: Page, records: number): Promise<void> {
  const before = await counted()
  await page.getByText(`${words(records)} would be cleared`, { exact: true }).waitFor()
  expect(await counted()).toBe(before)
  await page.getByRole('button', { name: `Clear ${words(records)}`, exact: true }).click()
  await page.getByText(`${words(records)} cleared`, { exact: true }).waitFor()
  expect(await counted()).toBe(before - records)
}

describe('clearing', () => {
  it('clears one record, which leaves another open window by itself', async () => {
    const here = await open('/affinities?q=张伟')
    const there = await open('/affinities?q=张伟')
    await Promise.all([whenLive(here), whenLive(there), whenListed(here), whenListed(there)])
    const id = await rows(here).first().getAttribute('data-id')
    await rows(here).first().locator('.c-menu button').click()
    await here.getByText('1 record would be cleared').waitFor()
    const gone = there.locator(`tr[data-id="${id}"].gone`)
    await here.getByRole('button', { name: 'Clear 1 record' }).click()
    await gone.waitFor()
    expect(await there.locator('.live-changes').textContent()).toContain('1 gone')
  })

  it('shows whom clearing everything would hit, and does nothing when it is cancelled', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    const before = await count(page)
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
    await page.getByText(/records would be cleared/).waitFor()
    expect(await page.getByRole('button', { name: /^Clear \d+ records$/ }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.reload()
    await whenListed(page)
    expect(await count(page)).toBe(before)
  })
})

describe('clearing more than one', () => {
  it('clears the rows that are ticked, and no other', async () => {
    const page = await open('/affinities?size=25')
    await whenListed(page)
    const ids = await rows(page).evaluateAll((list) => list.slice(2, 5).map((row) => row.dataset['id']))
    for (const id of ids) await page.locator(`tr[data-id="${id}"] input`).check()
    await openClearMenu(page)
    await page.getByRole('menuitem', { name: 'Clear the selected records (3)' }).click()
    await clearAfterDryRun(page, 3)
    await page.getByRole('link', { name: 'Audit event', exact: true }).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    await expect.poll(() => page.locator(`tr[data-id="${ids[0]}"]`).count()).toBe(0)
  })

  it('clears all that match a filter', async () => {
    const matching = await counted({ apiFormat: 'GEMINI' })
    const page = await open('/affinities?format=GEMINI&size=25')
    await whenListed(page)
    await openClearMenu(page)
    await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
    await clearAfterDryRun(page, matching)
    expect(matching).toBeGreaterThan(25)
    expect(await counted({ apiFormat: 'GEMINI' })).toBe(0)
  })

  it('clears all of a user whom a search was taken for', async () => {
    const page = await open('/affinities?q=dave')
    await page.getByText('All records of user dave').waitFor()
    const matching = Number.parseInt((await count(page)) ?? '', 10)
    await openClearMenu(page)
    await page.getByRole('menuitem', { name: 'Clear all matching records' }).click()
    await clearAfterDryRun(page, matching)
  })

  it.each([
    ['user', '/affinities?q=张伟', (names: string[]) => names[0]],
    ['provider', '/affinities?format=CLAUDE', (names: string[]) => names[1]],
  ])('clears all of a %s from the details of a record', async (whose, path, nameOf) => {
    const page = await open(path)
    await whenListed(page)
    const row = rows(page)
      .filter({ hasNot: page.locator('.c-provider .mono') })
      .first()
    const name = nameOf([
      (await row.locator('.c-user').textContent()) ?? '',
      (await row.locator('.c-provider').textContent()) ?? '',
    ])
    const id = await row.getAttribute('data-id')
    const { data } = await console.service.query(
      '{ affinities(first: 1000) { nodes { id providerId user { id } } } }',
    )
    const record = data.affinities.nodes.find((node: { id: string }) => node.id === id)
    const filter = whose === 'user' ? { userId: record.user.id } : { providerId: record.providerId }
    await row.locator('.row-open').click()
    await page.getByRole('button', { name: `Clear all of this ${whose}` }).click()
    await page.getByRole('heading', { name: `Clear all affinities of ${name}` }).waitFor()
    await clearAfterDryRun(page, await counted(filter))
    expect(await counted(filter)).toBe(0)
  })

  it.each([
    ['en-US', 'Clear…', 'Clear all matching records', 'Free text cannot select what to clear'],
    ['zh-CN', '清除…', '清除所有匹配的记录', '不能按自由文本清除'],
  ])('says why a free text cannot be cleared by, in %s', async (language, menu, entry, reason) => {
    const page = await open('/affinities?q=cla', { language })
    await whenListed(page)
    await page.getByRole('button', { name: menu }).click()
    const item = page.getByRole('menuitem', { name: entry })
    expect(await item.textContent()).toContain(reason)
    expect(await item.isDisabled()).toBe(true)
  })

  it('shows a viewer no way to clear', async () => {
    const page = await open('/affinities', { token: VIEWER_TOKEN })
    await whenListed(page)
    await rows(page).first().locator('.row-open').click()
    await page.getByRole('button', { name: 'All of this provider', exact: true }).waitFor()
    expect(await page.getByText(/Clear/).count()).toBe(0)
    expect(await page.getByRole('button', { name: /Clear/ }).count()).toBe(0)
    expect(await page.getByRole('checkbox').count()).toBe(0)
  })
})

describe('clearing everything', () => {
  it('clears everything once the words are typed, and leads to the audit event', async () => {
    const page = await open('/affinities')
    await whenListed(page)
    await page.getByRole('button', { name: 'Clear…' }).click()
    await page.getByRole('menuitem', { name: 'Clear all affinities' }).click()
    await page.getByRole('textbox', { name: 'To continue' }).fill('clear all affinities')
    await page.getByRole('button', { name: /^Clear \d+ records$/ }).click()
    await page.getByText(/^\d+ records cleared$/).waitFor()
    await page.getByRole('link', { name: 'Audit event' }).click()
    const event = page.getByRole('dialog', { name: 'Clear of all affinities' })
    await event.getByText('cache_clear_all', { exact: true }).waitFor()
    await page.goto(`${console.server.url}/affinities`)
    await page.getByText('There is no live affinity').waitFor()
  })
})

describe('a provider that is broken', () => {
  const ids = async () => {
    const { data } = await console.service.query('{ providers(isActive: true) { nodes { id displayName } } }')
    const idOf = (name: string): string =>
      data.providers.nodes.find(({ displayName }: { displayName: string }) => displayName === name).id
    return { broken: idOf('Anthropic'), spare: idOf('OpenAI') }
  }
  const pin = (affinityKey: string, providerId: string) =>
    writePin(console.service.redis.client(), { affinityKey, providerId })
  const figure = (page: Page, name: string) =>
    page.locator('.follow-up div', { hasText: name }).locator('.value').textContent()

  it('is left by a clear from its page, which tells live who is elsewhere, and who went back', async () => {
    const { broken, spare } = await ids()
    for (const key of ['key-0', 'key-1', 'key-2']) await pin(key, broken)
    const page = await open(`/providers/${broken}`)
    await page.getByRole('link', { name: '3 records' }).waitFor()
    await openClearMenu(page)
    const dialog = page.getByRole('dialog', { name: 'Clear all affinities of Anthropic' })
    await dialog.getByText('What was cleared is still switched on').waitFor()
    expect(await dialog.locator('.clear-sample li').first().textContent()).toMatch(
      /^key-\dmodelCLAUDEkAPI key deleted, /,
    )
    await clearAfterDryRun(page, 3)
    await expect.poll(() => figure(page, 'Not seen since')).toBe('3')

    await pin('key-0', spare)
    await expect.poll(() => figure(page, 'Pinned elsewhere')).toBe('1')
    await pin('key-1', broken)
    await expect.poll(() => figure(page, 'At the same provider again')).toBe('1')
    expect(await figure(page, 'Not seen since')).toBe('1')
    expect(await dialog.locator('.bars li').allInnerTexts()).toEqual(['Anthropic\n1', 'OpenAI\n1'])

    await dialog.getByRole('link', { name: 'Audit event' }).click()
    const event = page.getByRole('dialog', { name: 'Clear of a provider' })
    await expect.poll(() => figure(page, 'Pinned elsewhere')).toBe('1')
    await event.getByRole('link', { name: 'Show who is there' }).click()
    await page.locator('.chip', { hasText: 'created after' }).waitFor()
    await whenListed(page)
    expect(await count(page)).toBe('1 record')
    const [chip] = await page.locator('.chip').allInnerTexts()
    expect(chip).toBe('Provider: Anthropic')

    // The page tells the clear as one of the changes of the last hour.
    await page.goto(`${console.server.url}/providers/${broken}`)
    await page.locator('.provider-changes').getByText('1 record cleared').first().waitFor()
  })

  it('offers no clear to a viewer', async () => {
    const { broken } = await ids()
    const page = await open(`/providers/${broken}`, { token: VIEWER_TOKEN })
    await page.getByText('switched on', { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: /Clear/ }).count()).toBe(0)
  })
})
