import { describe, expect, it } from 'vitest'
import { SCHEDULER_STATS_KEY } from '../../src/statistics/stats-store.js'
import { sql } from '../api/affinity-model.js'
import { leaveAuditEvents, startConsole, whenListed } from './console.js'
import { PHONE, rows } from './support.js'

const site = startConsole()
const { open } = site

/** A pinned provider key, and another of the same name. */
async function twoOfOneName(name: string): Promise<readonly [string, string]> {
  const { databaseUrl, query } = site.service
  const { nodes } = (await query('{ affinities(first: 500) { nodes { providerKey { id } } } }')).data
    .affinities
  const ids = new Set<string>(
    nodes.flatMap((node: { providerKey: { id: string } | null }) => node.providerKey?.id ?? []),
  )
  const [one = '', two = ''] = ids
  await sql(databaseUrl, 'UPDATE provider_api_keys SET name = $1 WHERE id IN ($2, $3)', [name, one, two])
  return [one, two]
}

describe('at first sight', () => {
  it('names a provider key in full, and in a filter so that it is told from another of its name', async () => {
    const name = 'openrouter-openai'
    const [one, two] = await twoOfOneName(name)
    const page = await open(`/affinities?provider-key=${one}`)
    await whenListed(page)
    const cell = rows(page).first().locator('.c-pkey')
    expect(await cell.textContent()).toBe(name)
    expect(await cell.getAttribute('title')).toBe(name)
    expect(await cell.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)

    const chip = page.locator('.chip')
    await expect.poll(() => chip.textContent()).toBe(`Provider key: ${name} · ${one.slice(0, 8)}…`)
    await page.goto(`${site.server.url}/affinities?provider-key=${two}`)
    await expect.poll(() => chip.textContent()).toBe(`Provider key: ${name} · ${two.slice(0, 8)}…`)
  })

  it('shows names of up to 13 letters whole at 1440 px, and nearly all of 18', async () => {
    const page = await open('/affinities?size=200')
    await whenListed(page)
    const cells = await rows(page)
      .locator('.c-user, .c-key, .c-model, .c-provider, .c-pkey')
      .evaluateAll((list) =>
        list.map(({ textContent, scrollWidth, clientWidth }) => ({
          name: textContent ?? '',
          isCut: scrollWidth > clientWidth,
        })),
      )
    const cut = (most: number) => cells.filter(({ name, isCut }) => isCut && name.length <= most).length
    expect(cells.length).toBeGreaterThan(100)
    expect(cut(13)).toBe(0)
    expect(cut(18) / cells.length).toBeLessThan(0.05)
  })

  it('keeps a filter’s chip within its bounds, however long the name is', async () => {
    const [one] = await twoOfOneName('x'.repeat(100))
    const page = await open(`/affinities?provider-key=${one}`)
    await whenListed(page)
    const chip = page.locator('.chip')
    expect(await chip.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
    await chip.getByRole('button').click()
    await chip.waitFor({ state: 'hidden' })
  })

  it('says that no gateway has reported only where none has', async () => {
    const redis = site.service.redis.client()
    await redis.del(SCHEDULER_STATS_KEY)
    const page = await open('/')
    await page.getByText('No gateway has reported yet').waitFor()
    // As gateways count that tell neither when nor what came last.
    await redis.hset(SCHEDULER_STATS_KEY, { total_batches: 10, cache_hits: 9, cache_misses: 1 })
    await page.getByText('9 hits, 1 misses').waitFor()
    await page.getByText('No gateway has reported yet').waitFor({ state: 'hidden' })
    expect(await page.getByText('0 requests, 0 candidates').count()).toBe(0)
  })

  it('spares a phone the lines that have no value', async () => {
    await leaveAuditEvents(site.service)
    const page = await open('/audit', { viewport: PHONE })
    const dryRun = page.locator('tbody tr', { hasText: 'dry run' })
    await dryRun.locator('[data-label=When]').waitFor()
    expect(await dryRun.locator('[data-label=Cleared]').isVisible()).toBe(false)
  })

  it('keeps what stands in a cell together on a phone', async () => {
    const page = await open('/mappings', { viewport: PHONE })
    const cells = page.locator('tbody td')
    await cells.first().waitFor()
    const parts = await cells.evaluateAll((list) => list.map(({ childNodes }) => childNodes.length))
    expect(Math.max(...parts)).toBe(1)
  })

  it('says formats whole', async () => {
    const page = await open('/affinities?format=CLAUDE_CLI')
    await whenListed(page)
    const cell = rows(page).first().locator('.c-format')
    expect(await cell.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBe(0)
  })

  it('counts nothing below a list that was never there', async () => {
    site.service.redis.pause()
    const page = await open('/affinities')
    await page.getByText('Redis does not answer').first().waitFor()
    expect(await page.locator('.affinity-pager .hint').textContent()).toBe('')
    site.service.redis.resume()
    await page.locator('.affinity-pager .hint', { hasText: '1–50 of' }).waitFor()
  })
})
