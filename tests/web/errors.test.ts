import { CombinedGraphQLErrors } from '@apollo/client/errors'
import { expect, it } from 'vitest'
import { PUBLIC_CODES } from '../../src/server/mask-error.js'
import { failureKind, isPassing, passesByItself } from '../../web/src/api/errors.js'
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

it.each([
  ['an unanswered question of a server that lives', new DOMException('', 'TimeoutError'), true],
  ['a store that is away', answered('CACHE_UNAVAILABLE'), true],
  ['too much to do', answered('OVERLOADED'), true],
  // The server is asked whether it lives, and all is read anew once it does.
  ['a server that is lost', new TypeError(), false],
  ['a fault', answered('INTERNAL_SERVER_ERROR'), false],
  ['another input', answered('BAD_USER_INPUT'), false],
])('whether %s passes without the operator: %s', (_name, error, passes) => {
  expect(passesByItself(error)).toBe(passes)
})

it.each([
  ['OPERATION_TIMEOUT', true],
  ['CACHE_UNAVAILABLE', true],
  ['FORBIDDEN', false],
])('a stream that %s ended may be opened again: %s', (code, passes) => {
  expect(isPassing(answered(code))).toBe(passes)
})
