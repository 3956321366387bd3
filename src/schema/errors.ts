import {
  ConfirmationRequiredError,
  type ErrorCode,
  InvalidCredentialsError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../errors.js'
import { builder } from './builder.js'

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'Why an operation did not do what it was asked to.',
  values: {
    NOT_FOUND: { description: 'What was named does not exist.' },
    INVALID_INPUT: { description: 'An argument cannot be meant as it stands.' },
    CONFIRMATION_REQUIRED: { description: 'Nothing was cleared: send `confirm: true` to go on.' },
    CACHE_UNAVAILABLE: { description: 'The cache did not answer; the operation stopped.' },
    DATABASE_UNAVAILABLE: { description: 'The database did not answer; the operation stopped.' },
    OUTCOME_UNKNOWN: {
      description:
        'A delete was sent and its reply never came: it may have happened. Clears can be repeated safely.',
    },
  } as const satisfies Record<ErrorCode, object>,
})

export const ErrorInterface = builder.interfaceRef<{ code: ErrorCode; message: string }>('Error').implement({
  description: 'A failure that is an answer: it tells what to do next.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'Stable; branch on this.' }),
    message: t.exposeString('message', { description: 'Plain English for a person.' }),
  }),
})

builder.objectType(NotFoundError, {
  name: 'NotFoundError',
  description: 'What was named does not exist.',
  interfaces: [ErrorInterface],
})

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'An argument cannot be meant as it stands. Nothing was done.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', { nullable: true, description: 'The argument at fault.' }),
  }),
})

builder.objectType(ConfirmationRequiredError, {
  name: 'ConfirmationRequiredError',
  description: 'This would clear everything. Nothing was done: send `confirm: true` to go on.',
  interfaces: [ErrorInterface],
})

builder.objectType(UnavailableError, {
  name: 'UnavailableError',
  description:
    'A store did not answer. After CACHE_UNAVAILABLE or DATABASE_UNAVAILABLE the operation stopped where it was; after OUTCOME_UNKNOWN its last step may have happened.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    clearedCount: t.exposeInt('clearedCount', {
      description: 'Records confirmed gone before the operation stopped.',
    }),
  }),
})

builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  description: 'The same for an unknown account, a wrong password and an account that may not sign in.',
  fields: (t) => ({ message: t.exposeString('message', { description: 'Plain English for a person.' }) }),
})
