import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { type DemoApp, startDemoApp } from '../support/demo.js'
import { startConsole } from './console.js'
import { type ConsoleServer, seriousFindings, serve } from './support.js'

const site = startConsole()

const banner = (page: Page) => page.locator('.gateway')
const pagesOf = (page: Page) => page.locator('.nav').textContent()

describe('beside the Rust gateway', () => {
  let rust: DemoApp
  let server: ConsoleServer
  beforeAll(async () => {
    rust = await startDemoApp({ DEMO_GATEWAY: 'process-memory' })
    server = await serve(rust)
  })
  afterAll(async () => {
    await server?.lose()
    await rust?.close()
  })

  const open = (path: string, options: Parameters<typeof site.open>[1] = {}) =>
    site.open(path, { ...options, at: server.url })

  it('says what a clear does there, and shows what it has and nothing else', async () => {
    const page = await open('/')
    await expect
      .poll(() => banner(page).locator('p').first().textContent())
      .toBe('Rust gateway, 1 node, clears go through its API; sessions may stay up to 5 minutes')
    await expect.poll(() => pagesOf(page)).not.toContain('Model mappings')
    expect(await pagesOf(page)).toContain('Pool sessions')
    const clients = page.locator('.breakdowns section', { hasText: 'By client' })
    await clients.getByRole('link', { name: 'claude_code' }).waitFor()
    await page.getByText('Scheduling mode').waitFor()
    for (const absent of ['Dynamic reservation', 'Last batch', 'Invalidations']) {
      expect(await page.getByText(absent).count(), absent).toBe(0)
    }
    expect(await seriousFindings(page)).toEqual([])
  })

  it('lists its pool sessions', async () => {
    const page = await open('/pool-sessions')
    await expect.poll(() => page.locator('tbody tr').count()).toBe(12)
  })

  it('says it in Chinese, too', async () => {
    const page = await open('/', { language: 'zh-CN' })
    await expect
      .poll(() => banner(page).locator('p').first().textContent())
      .toBe('Rust 网关，1 个节点，清除通过网关的 API 进行；会话最多可能保持 5 分钟')
  })

  it('names the other gateways that the demo plays, before anybody signs in', async () => {
    const page = await open('/', { token: null })
    await page.getByText('DEMO_GATEWAY=endpoint-keys or DEMO_GATEWAY=provider-keys').waitFor()
  })
})

describe('beside the oldest Python gateway', () => {
  it('says that clears reach Redis alone, and what to set', async () => {
    const page = await site.open('/')
    await expect
      .poll(() => banner(page).locator('p').first().textContent())
      .toBe('Python gateway with keys of endpoints, clears remove records from Redis alone')
    expect(await banner(page).getByRole('note').textContent()).toContain('GATEWAY_URLS')
    expect(await pagesOf(page)).toContain('Model mappings')
    expect(await pagesOf(page)).not.toContain('Pool sessions')
    expect(await page.getByText('DEMO_GATEWAY').count()).toBe(0)
  })

  it('says so where the gateway ignores all pins', async () => {
    await sql(
      site.service.databaseUrl,
      `UPDATE system_configs SET value = '"fixed_order"' WHERE key = 'scheduling_mode'`,
    )
    const page = await site.open('/')
    await page.getByText('This gateway runs in fixed_order: it ignores all pins.').waitFor()
  })
})
