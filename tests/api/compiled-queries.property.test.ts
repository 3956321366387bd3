import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { randomDocument } from '../attacks/random-documents.js'
import { startTestApp, type TestApp } from '../support/app.js'

const NOW = Date.now()
const DOCUMENTS = 60
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

it('any query has the same answer whether it is interpreted or compiled', async () => {
  let answered = 0
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (g) => {
      const document = randomDocument(schema, 'query', g)
      fc.pre(IS_STEADY(document))
      const { data, errors } = await service.query(document)
      if (errors.length === 0) answered += 1
      await service.query(document)
      const compiled = await service.query(document)
      expect({ data: compiled.data, errors: compiled.errors }, document).toEqual({ data, errors })
    }),
    { numRuns: DOCUMENTS, seed: 20_261_122 },
  )
  expect(answered).toBeGreaterThan(DOCUMENTS / 4)
}, 60_000)
