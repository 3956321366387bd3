import { createHash } from 'node:crypto'
import { getIntrospectionQuery } from 'graphql'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load-config.js'
import { ConfigurationError } from '../../src/errors.js'
import { PRODUCTION, startTestApp, type TestApp } from '../support/app.js'
import { errorsOf, expectRefusal, post, type Reply, send } from './support.js'

const openPage = (service: TestApp, path = '/graphql'): Promise<Reply> =>
  send(service.app, { method: 'GET', path, headers: { accept: 'text/html' }, token: null })

describe('in production', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp({ env: PRODUCTION })
  })
  afterAll(() => service.close())

  it.each(['/graphql', '/graphql/', '/graphql?query={viewer{name}}', '/graphiql', '/', '/?x=/graphql'])(
    'there is no GraphiQL at %s',
    async (path) => {
      const reply = await openPage(service, path)
      // If the console is built, its page answers; it is small, and loads no GraphiQL.
      expect(reply.text.length).toBeLessThan(5_000)
      expect(reply.text.toLowerCase()).not.toContain('graphiql')
      if (path.startsWith('/graphql')) expect(reply.status).toBeGreaterThanOrEqual(400)
    },
  )

  it.each([
    ['in full', getIntrospectionQuery()],
    ['of one type', '{ __type(name: "User") { name } }'],
    ['by an alias', '{ viewer: __schema { queryType { name } } }'],
    ['through a fragment', '{ ...f } fragment f on Query { __schema { queryType { name } } }'],
  ])('nobody may introspect, %s, not even an admin', async (_, query) => {
    expectRefusal(await post(service.app, query), 'GRAPHQL_VALIDATION_FAILED')
    expectRefusal(await post(service.app, query, undefined, { token: null }), 'GRAPHQL_VALIDATION_FAILED')
  })

  it.each<[string, string, object?]>([
    ['a field', '{ viewer { nam } }'],
    ['a root field', '{ affinitie { totalCount } }'],
    ['a field of an interface’s members', '{ userAffinities(identifier: "x") { user { id } } }'],
    ['an argument', '{ affinities(firs: 1) { totalCount } }'],
    ['a type', '{ ... on Quer { viewer { name } } }'],
    ['a directive', '{ viewer @skp(if: true) { name } }'],
    ['an enum value', '{ affinities(orderBy: { direction: DES }) { totalCount } }'],
    ['an input field', '{ affinities(filter: { providrId: "x" }) { totalCount } }'],
    ['a variable’s type', 'query($f: AffinityFiltr) { affinities(filter: $f) { totalCount } }'],
    [
      'a variable’s input field',
      'query($f: AffinityFilter) { affinities(filter: $f) { totalCount } }',
      { f: { providrId: 'x' } },
    ],
    [
      'a variable’s enum value',
      'query($o: AffinityOrder) { affinities(orderBy: $o) { totalCount } }',
      { o: { direction: 'DES' } },
    ],
  ])('no name is suggested for %s', async (_, query, variables) => {
    const reply = await post(service.app, query, variables)
    expect(errorsOf(reply).length).toBeGreaterThan(0)
    expect(reply.text).not.toMatch(/did you mean|suggest/i)
    for (const { message } of errorsOf(reply)) expect(message).not.toMatch(/\s$/)
  })

  it('the embedded demo, whose password everybody knows, does not start', () => {
    expect(() => loadConfig({ NODE_ENV: 'production' })).toThrow(ConfigurationError)
  })

  it('queries still work', async () => {
    expect((await post(service.app, '{ viewer { name } }')).text).toBe('{"data":{"viewer":{"name":"tests"}}}')
  })
})

describe('outside production', () => {
  let service: TestApp
  beforeAll(async () => {
    service = await startTestApp()
  })
  afterAll(() => service.close())

  it('a name that nearly exists is suggested', async () => {
    expect((await post(service.app, '{ viewer { nam } }')).text).toContain('Did you mean')
  })

  describe('GraphiQL', () => {
    let page: Reply
    beforeAll(async () => {
      page = await openPage(service)
    })

    it('is one page that loads nothing from other servers', () => {
      expect(page.status).toBe(200)
      expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
      const outsideScripts = page.text.replace(/<script>[\s\S]*<\/script>/, '')
      expect(outsideScripts).toContain('<div id="root">')
      expect(
        outsideScripts.match(/(src|href)="(?!data:)[^"]*"|url\((?!data:)[^)]{0,80}|@import/g) ?? [],
      ).toEqual([])
      expect(page.text.match(/<script\b[^>]*\bsrc=|<link\b[^>]*\bhref="(?!data:)/g) ?? []).toEqual([])
    })

    it('may run only its own scripts, and connect only to this service', async () => {
      const policy = page.headers.get('content-security-policy') ?? ''
      // The first script is the short one that takes over the console's session; the second is GraphiQL, up to the end.
      const [, first = '', ...rest] = page.text.split('<script>')
      const second = rest.join('<script>')
      const hashes = [first, second].map((text) => {
        const script = text.slice(0, text.lastIndexOf('</script>'))
        return `'sha256-${createHash('sha256').update(script).digest('base64')}'`
      })
      expect(policy).toContain(`script-src ${hashes.join(' ')};`)
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("connect-src 'self'")
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval|script-src[^;]*unsafe-inline/)
    })

    it('must not be framed or cached', () => {
      expect(page.headers.get('x-frame-options')).toBe('DENY')
      expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(page.headers.get('cache-control')).toBe('no-store')
    })

    it('does not contain the address that it was opened with', async () => {
      const again = await openPage(
        service,
        '/graphql?query=<script>alert(document.domain)</script>&x=marker-of-mine',
      )
      expect(again.text === page.text).toBe(true)
    })

    it('is served to browsers only', async () => {
      for (const headers of [{ accept: '*/*' }, { accept: 'application/json' }, {}]) {
        const reply = await send(service.app, { method: 'GET', headers, token: null })
        expect(reply.headers.get('content-type')).toContain('json')
      }
    })
  })
})
