import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { startConsole, whenListed } from './console.js'
import { rows } from './support.js'

const site = startConsole()
const { open } = site

/** The record that expires first, which the first page of the list does not have. */
async function lastRecord(): Promise<{ readonly id: string; readonly affinityKey: string }> {
  const { data } = await site.service.query(
    '{ affinities(first: 1, orderBy: { field: EXPIRES_AT, direction: ASC }) { nodes { id affinityKey } } }',
  )
  return data.affinities.nodes[0]
}

describe('a link to a record', () => {
  it('shows it wherever it is in the list, and outside of its filter', async () => {
    const { id, affinityKey } = await lastRecord()
    const page = await open(`/affinities?size=25&client=nobody&open=${encodeURIComponent(id)}`)
    const details = page.getByRole('dialog')
    await details.getByText('This record is not on the page of the list.').waitFor()
    await details.getByText(affinityKey).waitFor()
    await page.goto(`${site.server.url}/affinities?open=${encodeURIComponent(id)}`)
    await details.getByText(affinityKey).waitFor()
    await details.getByRole('button', { name: 'Clear this record' }).click()
    await page.getByRole('button', { name: 'Clear 1 record' }).click()
    await page.getByText('1 record cleared').waitFor()
    await page.keyboard.press('Escape')
    await details.getByText('There is no such record any more').waitFor()
  })

  it('says what an id that can be none is', async () => {
    const page = await open('/affinities?open=no-such-id')
    await whenListed(page)
    await page.getByRole('dialog').getByText('The server refused the request.').waitFor()
  })
})

describe('the counts', () => {
  it('are of all records, each bar leads to its own, and the others to theirs', async () => {
    const page = await open('/')
    const byModel = page.locator('.breakdowns section', { hasText: 'By model' })
    await byModel.getByRole('link', { name: /\d+ others?/ }).click()
    await page.getByRole('heading', { level: 1, name: 'Pins by model' }).waitFor()
    const { data } = await site.service.query(
      '{ affinityCounts(by: MODEL, first: 1000) { groups { key count } } }',
    )
    const { groups } = data.affinityCounts
    await expect
      .poll(() => page.locator('.counts .bars .number').allInnerTexts())
      .toEqual(groups.map(({ count }: { count: number }) => String(count)))
    await page.locator('.counts .bars a').last().click()
    await page
      .getByText(`${groups.at(-1).count} record`)
      .first()
      .waitFor()
    expect(new URL(page.url()).searchParams.get('model')).toBe(groups.at(-1).key)
    await whenListed(page)
    expect(await rows(page).count()).toBe(groups.at(-1).count)
  })

  it('say who is pinned to one provider, and refuse an address that they cannot read', async () => {
    const { data } = await site.service.query('{ affinityCounts(by: PROVIDER, first: 1) { groups { key } } }')
    const [{ key }] = data.affinityCounts.groups
    const page = await open(`/counts/user?provider=${key}`)
    const who = await site.service.query(
      `{ affinityCounts(by: USER, first: 1000, filter: { providerId: "${key}" }) { groups { label } ungrouped } }`,
    )
    const { groups, ungrouped } = who.data.affinityCounts
    const names = [...groups.map(({ label }: { label: string }) => label)]
    if (ungrouped > 0) names.push('API key deleted')
    await expect.poll(() => page.locator('.counts .bars li .truncate').allInnerTexts()).toEqual(names)
    await page.goto(`${site.server.url}/counts/user?stale=TRUE`)
    await page.getByText('This address cannot be read').waitFor()
    await page.goto(`${site.server.url}/counts/weather`)
    await page.getByRole('heading', { name: 'This page does not exist' }).waitFor()
  })
})

describe('a provider', () => {
  const counts = async (by: string, id: string) => {
    const { data } = await site.service.query(
      `{ affinityCounts(by: ${by}, first: 6, filter: { providerId: "${id}" }) { total groups { key count } } }`,
    )
    return data.affinityCounts
  }

  it('has a page that its bar leads to, which says its state and who is on it, each bar a link to its pins', async () => {
    const page = await open('/')
    const byProvider = page.locator('.breakdowns section', { hasText: 'By provider' })
    await byProvider.getByRole('link', { name: 'Anthropic' }).click()
    await page.getByRole('heading', { level: 1, name: 'Provider: Anthropic' }).waitFor()
    await page.getByText('switched on', { exact: true }).waitFor()
    const id = new URL(page.url()).pathname.replace('/providers/', '')
    for (const [title, by] of [
      ['By provider key', 'PROVIDER_KEY'],
      ['By user', 'USER'],
      ['By model', 'MODEL'],
      ['Stale, by reason', 'STALE_REASON'],
    ] as const) {
      const section = page.locator('.thirds section', { has: page.getByRole('heading', { name: title }) })
      const { groups } = await counts(by, id)
      await expect
        .poll(() => section.locator('li:not(.rest) .number').allInnerTexts())
        .toEqual(groups.map(({ count }: { count: number }) => String(count)))
    }
    const { total, groups } = await counts('PROVIDER_KEY', id)
    await page.getByRole('link', { name: `${total} records` }).waitFor()
    await page.locator('.thirds section').first().getByRole('link').first().click()
    await page.getByText(`${groups[0].count} records`, { exact: true }).waitFor()
    const { searchParams } = new URL(page.url())
    expect([searchParams.get('provider'), searchParams.get('provider-key')]).toEqual([id, groups[0].key])
  })

  it('that the gateway has switched off, or never had, says so', async () => {
    const { databaseUrl } = site.service
    const [row] = await sql(databaseUrl, 'SELECT id FROM providers WHERE NOT is_active LIMIT 1')
    const page = await open(`/providers/${row?.id}`)
    await page.getByText('switched off', { exact: true }).waitFor()
    await page.goto(`${site.server.url}/providers/nobody`)
    await page.getByText('The gateway’s database has no such provider.').waitFor()
    await page.getByText('Nobody is pinned to this provider').waitFor()
  })
})
