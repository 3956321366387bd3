import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { JsonBytes } from '../../src/util/json-bytes.js'
import { randomDocument } from '../attacks/random-documents.js'
import { startTestApp, type TestApp } from '../support/app.js'

const NOW = Date.now()
const DOCUMENTS = 60
const LISTS = 120
/** What this service has seen and counted by now is another number each time. */
const IS_STEADY = (document: string) => !/\b(cacheStats|viewer|observed)\b/.test(document)

let service: TestApp
beforeAll(async () => {
  service = await startTestApp({
    now: () => NOW,
    env: { RATE_LIMIT_VIEWER: '0', RATE_LIMIT_ADDRESS: '0' },
  })
})
afterAll(() => service.close())

/** Asks a document until it is compiled, and compares the answers. */
async function expectSame(document: string): Promise<boolean> {
  const { data, errors } = await service.query(document)
  await service.query(document)
  const compiled = await service.query(document)
  expect({ data: compiled.data, errors: compiled.errors }, document).toEqual({ data, errors })
  return errors.length === 0
}

it('any query has the same answer whether it is interpreted or compiled', async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const document = randomDocument(schema, 'query', g)
      fc.pre(IS_STEADY(document))
      if (await expectSame(document)) answered += 1
    }),
    { numRuns: DOCUMENTS, seed: 20_261_122 },
  )
  expect(answered).toBeGreaterThan(DOCUMENTS / 4)
}, 60_000)

it('any list of affinities has the same answer whether its records are written or resolved to values', async () => {
  const writes = vi.spyOn(JsonBytes.prototype, 'whole')
  onTestFinished(() => writes.mockRestore())
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const document = randomDocument(schema, 'query', g, 'affinities')
      fc.pre(IS_STEADY(document))
      await expectSame(document)
    }),
    { numRuns: LISTS, seed: 20_261_127 },
  )
  expect(writes.mock.calls.length).toBeGreaterThan(LISTS / 10)
}, 60_000)
