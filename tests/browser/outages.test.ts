import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { pinsInUse } from '../support/pins-in-use.js'
import { ANTHROPIC, startConsole, whenListed, whenLive } from './console.js'
import { rows } from './support.js'

const site = startConsole()
const { open } = site

/** A server in a process of its own, which a signal can stop: its connections stay open, and nothing answers. */
async function startServerThatHangs(): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const { port } = new URL(site.server.url)
  const code = `
    const net = require('node:net')
    net.createServer((browser) => {
      const server = net.connect(${port}, '127.0.0.1')
      browser.pipe(server).pipe(browser)
      for (const socket of [browser, server]) socket.on('error', () => { browser.destroy(); server.destroy() })
    }).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`
  const child = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGCONT')
    child.kill('SIGKILL')
  })
  const [output] = await once(child.stdout as NodeJS.ReadableStream, 'data')
  return { url: `http://127.0.0.1:${String(output).trim()}`, child }
}

describe('a server that hangs', () => {
  it('is lost within 10 s, and had again when it goes on', async () => {
    const { url, child } = await startServerThatHangs()
    const page = await open('/affinities', { at: url })
    await whenLive(page)
    child.kill('SIGSTOP')
    const stopped = Date.now()
    await page.locator('.live-bar [data-state=offline]').waitFor({ timeout: 20_000 })
    await page.getByText('The server has not answered since').waitFor()
    // Some seconds for a machine that has much else to do.
    expect(Date.now() - stopped).toBeLessThan(14_000)
    child.kill('SIGCONT')
    await whenLive(page)
    await page.getByText('The server has not answered since').waitFor({ state: 'hidden' })
  })
})

describe('the stale pins’ number', () => {
  it('blames a lost server for what the server does not answer, and not PostgreSQL', async () => {
    const page = await open('/')
    const figure = page.locator('.figure', { hasText: 'Stale pins' })
    await figure.getByRole('link', { name: 'show them' }).waitFor()
    await site.server.lose()
    onTestFinished(() => site.server.haveBack())
    await figure.getByText('the server does not answer').waitFor({ timeout: 20_000 })
    expect(await page.getByText('PostgreSQL does not answer').count()).toBe(0)
  })
})

/** What the API answers to a question while PostgreSQL is away. */
const DATABASE_AWAY = {
  status: 503,
  contentType: 'application/graphql-response+json',
  body: JSON.stringify({
    errors: [{ message: 'PostgreSQL does not answer.', extensions: { code: 'DATABASE_UNAVAILABLE' } }],
    data: null,
  }),
}

describe('PostgreSQL away', () => {
  it('takes the clear controls away until it is back, and then they come by themselves', async () => {
    let isAway = true
    const page = await open('/affinities', {
      watch: (watched) =>
        void watched.route('**/graphql', (route) =>
          isAway && /Viewer/.test(route.request().postData() ?? '')
            ? route.fulfill(DATABASE_AWAY)
            : route.continue(),
        ),
    })
    await whenListed(page)
    expect(await page.getByRole('button', { name: 'Clear…' }).count()).toBe(0)
    isAway = false
    await page.getByRole('button', { name: 'Clear…' }).waitFor()
    expect(await page.getByRole('checkbox').count()).toBeGreaterThan(1)
  })

  it('promises no live affinities over an empty page', async () => {
    const page = await open('/audit', {
      watch: (watched) =>
        void watched.route('**/graphql', (route) =>
          /auditEvents/.test(route.request().postData() ?? '')
            ? route.fulfill(DATABASE_AWAY)
            : route.continue(),
        ),
    })
    await page.getByText('PostgreSQL does not answer, and this request needs it.', { exact: true }).waitFor()
    expect(await page.getByText(/still shown/).count()).toBe(0)
  })

  it('leaves the page of a provider what Redis tells: who is there by key and model, and the way to clear', async () => {
    const page = await open(`/providers/${ANTHROPIC}`, {
      watch: (watched) =>
        void watched.route('**/graphql', (route) =>
          /Provider(Row|People)/.test(route.request().postData() ?? '')
            ? route.fulfill(DATABASE_AWAY)
            : route.continue(),
        ),
    })
    await page.getByText('unknown PostgreSQL does not answer').waitFor()
    await page.locator('.thirds section', { hasText: 'By provider key' }).locator('li').first().waitFor()
    expect(await page.locator('.thirds section', { hasText: 'By user' }).locator('li').count()).toBe(0)
    expect(await page.getByText(/switched o|no such provider/).count()).toBe(0)
    await page.getByRole('button', { name: 'Clear…' }).waitFor()
  })
})

describe('a list whose names cannot be read', () => {
  it('stays as it is, and gets its names where its rows are once PostgreSQL is back', async () => {
    let isAway = true
    let asked = 0
    const page = await open('/affinities', {
      watch: (watched) =>
        void watched.route('**/graphql', async (route) => {
          if (!isAway || !/query AffinitiesPage/.test(route.request().postData() ?? ''))
            return route.continue()
          asked += 1
          const response = await route.fetch()
          const { data } = await response.json()
          for (const node of data.affinities.nodes) node.provider = null
          return route.fulfill({ json: { data, errors: JSON.parse(DATABASE_AWAY.body).errors } })
        }),
    })
    await whenListed(page)
    const shown = () =>
      rows(page).evaluateAll((all) => all.slice(0, 10).map((row) => row.getAttribute('data-id')))
    await rows(page).first().getByRole('checkbox').check()
    const before = await shown()
    // It would be the first of a list that is read anew.
    const pins = pinsInUse(site.service, site.service.redis.client())
    await pins.make(1)
    onTestFinished(() => pins.clear([0]))
    await page.getByText('1 new').waitFor()
    const askedBefore = asked
    await expect.poll(() => asked - askedBefore).toBeGreaterThan(0)
    expect(await shown()).toEqual(before)
    isAway = false
    await page.getByRole('alert').waitFor({ state: 'hidden' })
    expect(await shown()).toEqual(before)
    expect(await rows(page).first().getByRole('checkbox').isChecked()).toBe(true)
    await rows(page).getByText('Anthropic').first().waitFor()
  })
})

describe('the sign-in', () => {
  it('does not say that the server is away when it is back', async () => {
    const page = await open('/', { token: null })
    await page.getByLabel('Email').fill('somebody')
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await site.server.lose()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('The server does not answer').waitFor()
    await site.server.haveBack()
    await page.getByText('The server does not answer').waitFor({ state: 'hidden' })
  })
})

/** What the API answers to a question while Redis is away. */
const CACHE_AWAY = {
  status: 503,
  contentType: 'application/graphql-response+json',
  body: DATABASE_AWAY.body.replace('DATABASE_UNAVAILABLE', 'CACHE_UNAVAILABLE'),
}

describe('a store that is back', () => {
  // At once, since each waits for the page to ask again.
  it.concurrent.for([
    '/',
    '/affinities',
    '/savings',
    '/mappings',
    '/configuration',
    '/audit',
    `/providers/${ANTHROPIC}`,
  ])(
    'is asked again by the page %s, and nobody has to press a button',
    async (path, { expect, onTestFinished }) => {
      let isAway = true
      const refused: string[] = []
      const page = await open(path, {
        finished: onTestFinished,
        watch: (watched) =>
          void watched.route('**/graphql', (route) => {
            const question = route.request().postData() ?? ''
            if (!isAway || /query Viewer|query Gateway|subscription/.test(question)) return route.continue()
            refused.push(question)
            return route.fulfill(CACHE_AWAY)
          }),
      })
      const alert = page.getByRole('alert').filter({ hasText: 'Redis does not answer' }).first()
      await alert.waitFor()
      // It does not come and go with each question.
      const first = await alert.elementHandle()
      await expect.poll(() => refused.length - new Set(refused).size).toBeGreaterThan(1)
      expect(await first?.isVisible()).toBe(true)
      isAway = false
      await alert.waitFor({ state: 'hidden' })
    },
  )
})
