import { readFileSync } from 'node:fs'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { count, startConsole, whenListed } from './console.js'
import { rows } from './support.js'

const site = startConsole()
const { open } = site

describe('looking', () => {
  it('finds a user by name as one types, and can be linked to', async () => {
    const page = await open('/affinities')
    await page.getByRole('searchbox').fill('张伟')
    await page.getByText('All records of user 张伟').waitFor()
    await whenListed(page)
    const names = await rows(page).locator('.c-user').allInnerTexts()
    expect(new Set(names)).toEqual(new Set(['张伟']))
    expect(new URL(page.url()).searchParams.get('q')).toBe('张伟')
    await page.reload()
    await page.getByText('All records of user 张伟').waitFor()
  })

  it('narrows to one provider by a chip that can be taken off', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    const everything = await count(page)
    const named = rows(page).locator('.c-provider:not(:has(.mono))')
    const provider = (await named.first().textContent()) ?? ''
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('combobox', { name: 'Provider', exact: true }).click()
    await page.getByRole('dialog').getByRole('option', { name: provider }).click()
    await page.locator('.chip', { hasText: provider }).waitFor()
    await page.keyboard.press('Escape')
    await expect.poll(() => count(page)).not.toBe(everything)
    const providers = await rows(page).locator('.c-provider').allInnerTexts()
    expect(new Set(providers)).toEqual(new Set([provider]))
    await page.getByRole('button', { name: /Remove the filter/ }).click()
    await expect.poll(() => count(page)).toBe(everything)
  })

  it('shows a name that is HTML as the text that it is', async () => {
    const name = '<img src=x onerror="window.wasRun = 1"><script>window.wasRun = 1</script>'
    const { databaseUrl } = site.service
    await sql(databaseUrl, 'UPDATE users SET username = $1 WHERE username = $2', [name, 'bob'])
    const page = await open(`/affinities?q=${encodeURIComponent(name)}`)
    await page.getByText(`All records of user ${name}`).waitFor()
    await whenListed(page)
    expect(new Set(await rows(page).locator('.c-user').allInnerTexts())).toEqual(new Set([name]))
    await rows(page).first().click()
    await page.getByRole('dialog').getByText(name).first().waitFor()
    expect(await page.evaluate('window.wasRun')).toBeUndefined()
  })

  it('leads through the pages and the columns by its address', async () => {
    const page = await open('/affinities?size=25&sort=requests&page=3')
    await page.getByText('51–75 of').waitFor()
    const requests = (await rows(page).locator('.c-requests').allInnerTexts()).map((text) =>
      Number(text.replace(/,/g, '')),
    )
    expect(requests).toEqual([...requests].sort((a, b) => a - b))
  })

  it.each([
    ['User', 'user', 'USER'],
    ['API key', 'key', 'API_KEY'],
    ['Format', 'format', 'API_FORMAT'],
    ['Model', 'model', 'MODEL'],
    ['Provider', 'provider', 'PROVIDER'],
    ['Provider key', 'provider-key', 'PROVIDER_KEY'],
  ])('sorts by the names of the column %s, from the first at first', async (title, sort, field) => {
    const inOrder = async (direction: string) => {
      const { data } = await site.service.query(
        `{ affinities(first: 25, orderBy: { field: ${field}, direction: ${direction} }) { nodes { id } } }`,
      )
      return data.affinities.nodes.map(({ id }: { id: string }) => id)
    }
    const page = await open('/affinities?size=25')
    await whenListed(page)
    const column = page.getByRole('columnheader', { name: title, exact: true })
    for (const [param, direction, said] of [
      [sort, 'ASC', 'ascending'],
      [`-${sort}`, 'DESC', 'descending'],
    ] as const) {
      await column.getByRole('button').click()
      await expect
        .poll(() => rows(page).evaluateAll((list) => list.map((row) => row.dataset['id'])))
        .toEqual(await inOrder(direction))
      expect(await column.getAttribute('aria-sort')).toBe(said)
      expect(new URL(page.url()).searchParams.get('sort')).toBe(param)
    }
  })

  it('is walked by the keyboard', async () => {
    const page = await open('/affinities')
    await rows(page).first().waitFor()
    await page.keyboard.press('/')
    await expect.poll(() => page.evaluate('document.activeElement?.type')).toBe('search')
    await page.keyboard.press('Escape')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('j')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await expect.poll(() => page.evaluate('document.activeElement?.dataset.row')).toBe('1')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').getByText('API key id').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.keyboard.press('g')
    await page.keyboard.press('u')
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor()
    await expect.poll(() => page.evaluate('document.activeElement?.textContent')).toBe('Audit')
  })

  it('leads from the stale pins’ number to their list', async () => {
    const page = await open('/')
    await page.getByRole('link', { name: 'show them' }).click()
    await page.locator('.chip', { hasText: 'stale' }).waitFor()
    await rows(page).first().waitFor()
    const states = await rows(page).locator('.c-state').allInnerTexts()
    expect(states.filter((state) => state === 'usable')).toEqual([])
  })

  it('tells what its charts show, in words and under the pointer', async () => {
    const page = await open('/')
    await page.getByText('This page', { exact: true }).click()
    const chart = page.locator('.plot', {
      has: page.getByRole('img', { name: /^Changes per second: refreshed/ }),
    })
    await chart.locator('canvas').waitFor()
    await chart.locator('.u-over').hover()
    const shown = await chart.locator('.plot-values').textContent()
    for (const name of ['refreshed', 'created', 'expired', 'switched', 'removed'])
      expect(shown).toMatch(new RegExp(`${name}\\s*(\\d|—)`))
  })

  it('exports all that matches, not the page alone', async () => {
    const page = await open('/affinities?format=CLAUDE&size=25&sort=user')
    await rows(page).first().waitFor()
    const shown = await rows(page).locator('.c-user').allInnerTexts()
    const total = Number.parseInt((await count(page)) ?? '', 10)
    const downloaded = page.waitForEvent('download')
    await page.getByRole('button', { name: 'CSV' }).click()
    const csv = readFileSync(await (await downloaded).path(), 'utf8')
    const [header = '', ...lines] = csv.split('\r\n')
    expect(header).toMatch(/^\ufeffusername,email,userId,/)
    expect(lines).toHaveLength(total)
    expect(total).toBeGreaterThan(25)
    for (const line of lines) expect(line).toContain(',CLAUDE,')
    const names = Papa.parse<string[]>(csv)
      .data.slice(1)
      .map(([name]) => name)
    expect(names.slice(0, shown.length)).toEqual(shown)
  })
})
