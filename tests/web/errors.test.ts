import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { expect, it } from 'vitest'
import { PUBLIC_CODES } from '../../src/server/mask-error.js'
import { failureKind } from '../../web/src/api/errors.js'
import { en } from '../../web/src/i18n/en.js'
import { zhCN } from '../../web/src/i18n/zh-CN.js'

const answered = (code: string) =>
  new CombinedGraphQLErrors({ errors: [{ message: '', extensions: { code } }] })

/** Only a fault of the console's own, or of the server's, can cause these. */
const FAULTS = ['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'INTERNAL_SERVER_ERROR']

it.each(PUBLIC_CODES)('%s has its own sentence in both languages', (code) => {
  const kind = failureKind(answered(code))
  expect(kind === 'internal').toBe(FAULTS.includes(code))
  for (const { errors, clears } of [en, zhCN]) {
    expect(errors[kind]).toMatch(/./)
    expect(clears.reasons[kind]).toMatch(/./)
  }
})
