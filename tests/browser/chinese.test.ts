import type { Page, Request } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { zhCN } from '../../web/src/i18n/zh-CN.js'
import { ANTHROPIC, leaveAuditEvents, startConsole, whenListed } from './console.js'
import { rows, whenStill } from './support.js'

const console = startConsole()
beforeAll(() => leaveAuditEvents(console.service))

/** Words as they are written: of two letters or more, so that units are none. */
const wordsOf = (text: string): string[] => text.match(/[A-Za-z][A-Za-z'’]+/g) ?? []

/** What a Chinese reader sees in Latin letters on purpose, beside data. */
const KNOWN = new Set([
  ...wordsOf(JSON.stringify(Object.values(zhCN).map((part) => JSON.stringify(part)))),
  // The other language's name, the reader's time zone, and the client's name for it.
  ...['English', 'UTC', 'GMT'],
  // Keys, and JSON.
  ...['Enter', 'Esc', 'Home', 'End', 'true', 'false', 'null'],
  // Typed by hand before everything goes, in any language.
  ...wordsOf('clear all affinities clear all mappings'),
])

/** Members that hold sentences of the server's. */
const SENTENCES = new Set(['description', 'message'])

/** All words of an answer that are data: names, ids, keys of recorded details. */
function dataWords(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') for (const word of wordsOf(value)) found.add(word)
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    if (SENTENCES.has(name)) continue
    if (!Array.isArray(value)) for (const word of wordsOf(name)) found.add(word)
    dataWords(inner, found)
  }
}

/** Everything on the page that is read or heard: text, names, hints. */
const shown = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const texts = [document.title]
    for (const element of document.querySelectorAll('body *')) {
      if (!element.checkVisibility({ visibilityProperty: true }) && element.tagName !== 'OPTION') continue
      if (['SCRIPT', 'STYLE'].includes(element.tagName)) continue
      for (const name of ['aria-label', 'title', 'placeholder', 'data-label', 'alt']) {
        texts.push(element.getAttribute(name) ?? '')
      }
      for (const node of element.childNodes) if (node.nodeType === 3) texts.push(node.textContent ?? '')
    }
    return [...new Set(texts)]
  })

/** A window in Chinese, and what is left in English on it. */
async function openInChinese(path: string, token?: null) {
  // An address may name what no answer does.
  const data = new Set(wordsOf(path))
  /** Answers on their way: of parts of the console, and of data. */
  const awaited = new Set<Request>()
  const watch = (page: Page) => {
    const read = async (request: Request) => {
      const response = await request.response()
      if (response?.headers()['content-type']?.includes('json')) dataWords(await response.json(), data)
    }
    page.on('request', (request) => {
      // A stream of events never ends.
      if (!request.headers()['accept']?.includes('event-stream')) awaited.add(request)
    })
    page.on('requestfailed', (request) => awaited.delete(request))
    page.on('requestfinished', (request) => {
      // An answer that comes as the window closes cannot be read, and nobody waits for it.
      void read(request)
        .catch(() => {})
        .finally(() => awaited.delete(request))
    })
  }
  const page = await console.open(path, { language: 'zh-CN', watch, ...(token === null && { token }) })
  return {
    page,
    /** To be polled: data may be shown before the answer that it came in has been read here. */
    async leftInEnglish() {
      await expect.poll(() => awaited.size).toBe(0)
      await whenStill(page)
      return (await shown(page)).filter((text) =>
        wordsOf(text).some((word) => !KNOWN.has(word) && !data.has(word)),
      )
    },
  }
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

/** Each place of the console, and how to get there. */
const PLACES: readonly (readonly [string, string, (page: Page) => Promise<unknown>])[] = [
  ['the overview', '/', (page) => page.locator('.chart').first().waitFor()],
  ['the counts', '/counts/reason', (page) => page.locator('.counts .bars li').first().waitFor()],
  [
    'savings beside a gateway without usage rows',
    '/savings',
    (page) => page.getByText('该网关没有此类记录').waitFor(),
  ],
  ['the list', '/affinities', whenListed],
  [
    'an empty list',
    '/affinities?provider-key=none',
    (page) => page.getByText('没有匹配的亲和记录').waitFor(),
  ],
  ['a page past the last', '/affinities?page=99', (page) => page.getByText('没有第 99 页').waitFor()],
  [
    'an address that cannot be read',
    '/affinities?stale=true&stale=false',
    (page) => page.getByText('无法识别此地址').waitFor(),
  ],
  [
    'the details of a stale record',
    '/affinities?stale=true&reason=CIRCUIT_OPEN,MODEL_INACTIVE',
    async (page) => {
      await rows(page).first().locator('.row-open').click()
      await page.getByText('调度器不会使用此绑定：').waitFor()
    },
  ],
  [
    'the review of a clear by a filter',
    '/affinities?stale=true&reason=CIRCUIT_OPEN,MODEL_INACTIVE',
    async (page) => {
      await whenListed(page)
      await button(page, '清除…').click()
      await page.getByRole('menuitem', { name: '清除所有匹配的记录' }).click()
      await page.locator('.clear-filter').waitFor()
    },
  ],
  [
    'a filter by a very long id',
    `/affinities?user=somebody-${'x'.repeat(300)}`,
    (page) => page.getByText('没有匹配的亲和记录').waitFor(),
  ],
  [
    'the details of a record',
    '/affinities',
    async (page) => {
      await rows(page).first().locator('.row-open').click()
      await page.getByRole('dialog').waitFor()
    },
  ],
  [
    'the filters',
    '/affinities?stale=true',
    async (page) => {
      await button(page, '筛选').click()
      await page.getByRole('dialog').waitFor()
    },
  ],
  ['the clear menu', '/affinities?q=cla', (page) => button(page, '清除…').click()],
  [
    'the preferences',
    '/affinities',
    async (page) => {
      await button(page, '偏好设置').click()
      await page.getByRole('menu').waitFor()
    },
  ],
  [
    'the keyboard shortcuts',
    '/affinities',
    async (page) => {
      await whenListed(page)
      await page.keyboard.press('?')
      await page.getByRole('dialog').waitFor()
    },
  ],
  [
    'a dry run and its clear',
    '/affinities?format=GEMINI_CLI',
    async (page) => {
      await whenListed(page)
      await rows(page).first().locator('.c-menu button').click()
      await button(page, '清除 1 条记录').click()
      await page.getByText('已清除 1 条记录').waitFor()
      await page.getByText('此后未出现').waitFor()
    },
  ],
  [
    'the dry run of everything',
    '/affinities',
    async (page) => {
      await button(page, '清除…').click()
      await page.getByRole('menuitem', { name: '清除全部亲和记录' }).click()
      await page.getByText(/^将清除 \d+ 条记录$/).waitFor()
    },
  ],
  ['the mappings by name', '/mappings', (page) => page.locator('tbody tr').first().waitFor()],
  [
    'the mappings by provider',
    '/mappings?tab=providers',
    (page) => page.locator('tbody tr').first().waitFor(),
  ],
  ['names without a model', '/mappings?tab=unmapped', (page) => page.locator('tbody tr').first().waitFor()],
  [
    'the dry run of a mapping',
    '/mappings',
    async (page) => {
      await page
        .getByRole('button', { name: /^清除名称/ })
        .first()
        .click()
      await page.getByText(/^将清除 \d+ 个缓存键$/).waitFor()
    },
  ],
  ['the configuration', '/configuration', (page) => page.locator('tbody tr').first().waitFor()],
  ['the audit', '/audit', (page) => page.locator('tbody tr').first().waitFor()],
  [
    'an audit event',
    '/audit',
    async (page) => {
      await page.locator('tbody .row-open').first().click()
      await page.getByRole('dialog').waitFor()
    },
  ],
  ['an event that does not exist', '/audit?event=none', (page) => page.getByText('没有该事件').waitFor()],
  [
    'the page of a provider',
    `/providers/${ANTHROPIC}`,
    (page) => page.locator('.provider .bars .rest').first().waitFor(),
  ],
  ['a provider that is not there', '/providers/none', (page) => page.getByText('没有该提供商').waitFor()],
  [
    'what was pinned since a time',
    '/affinities?sort=provider-key&created-after=2020-01-01T00:00:00Z',
    whenListed,
  ],
  ['no page', '/nowhere', (page) => page.getByText('没有这个页面').waitFor()],
]

describe('in Chinese nothing but data is left in English', () => {
  it.each(PLACES)('on %s', async (_name, path, go) => {
    const { page, leftInEnglish } = await openInChinese(path)
    await go(page)
    await expect.poll(leftInEnglish).toEqual([])
  })

  it('on the sign-in', async () => {
    const { page, leftInEnglish } = await openInChinese('/', null)
    await page.getByRole('heading', { name: '登录' }).waitFor()
    await expect.poll(leftInEnglish).toEqual([])
    await page.getByText('令牌', { exact: true }).click()
    await page.getByRole('textbox', { name: '令牌' }).fill('wrong')
    await button(page, '登录').click()
    await page.getByText('服务器不认识这个令牌').waitFor()
    await expect.poll(leftInEnglish).toEqual([])
  })

  it('while the server is lost', async () => {
    const { page, leftInEnglish } = await openInChinese('/affinities')
    await whenListed(page)
    await console.server.lose()
    await page.getByText(/服务器自 .+ 起无响应/).waitFor()
    await expect.poll(leftInEnglish).toEqual([])
    await button(page, '刷新').click()
    await page.getByText('请检查它是否在运行').first().waitFor()
    await expect.poll(leftInEnglish).toEqual([])
    await console.server.haveBack()
  })
})
