import {
  ConfirmationRequiredError,
  type ErrorCode,
  InvalidCredentialsError,
  InvalidInputError,
  NotFoundError,
  UnavailableError,
} from '../errors.js'
import { builder } from './builder.js'
import { NodeClear } from './node-clear.js'

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'The code says why an operation did not do what it was asked to.',
  values: {
    NOT_FOUND: { description: 'Nothing has the name or the id that was given.' },
    INVALID_INPUT: { description: 'An argument has a value that cannot be meant.' },
    INVALID_CREDENTIALS: { description: 'The account or the password is wrong.' },
    CONFIRMATION_REQUIRED: { description: 'Nothing was cleared: send `confirm: true` to go on.' },
    CACHE_UNAVAILABLE: { description: 'The cache did not answer; the operation stopped.' },
    DATABASE_UNAVAILABLE: { description: 'The database did not answer; the operation stopped.' },
    GATEWAY_UNAVAILABLE: {
      description:
        'Affinities of this gateway are cleared through its own API, and it is not configured, refused, or did not answer.',
    },
    OUTCOME_UNKNOWN: {
      description:
        'A delete was sent and its reply never came, so that it may have happened; or the service was stopped in the middle of a clear. Clears can be repeated safely.',
    },
  } as const satisfies Record<ErrorCode, object>,
})

export const ErrorInterface = builder.interfaceRef<{ code: ErrorCode; message: string }>('Error').implement({
  description: 'An error is an answer that tells what to do next.',
  fields: (t) => ({
    code: t.expose('code', {
      type: ErrorCodeEnum,
      description: 'The code is stable: programs branch on it.',
    }),
    message: t.exposeString('message', {
      description: 'This message tells a person in plain English what happened.',
    }),
  }),
})

builder.objectType(NotFoundError, {
  name: 'NotFoundError',
  description: 'Nothing has the name or the id that was given.',
  interfaces: [ErrorInterface],
})

builder.objectType(InvalidInputError, {
  name: 'InvalidInputError',
  description: 'An argument has a value that cannot be meant, and nothing was done.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    field: t.exposeString('field', {
      nullable: true,
      description: 'This argument is at fault; null if no single one is.',
    }),
  }),
})

builder.objectType(ConfirmationRequiredError, {
  name: 'ConfirmationRequiredError',
  description: 'The operation would clear everything, and did nothing yet: send `confirm: true` to go on.',
  interfaces: [ErrorInterface],
})

builder.objectType(UnavailableError, {
  name: 'UnavailableError',
  description:
    'A store did not answer. After CACHE_UNAVAILABLE or DATABASE_UNAVAILABLE the operation stopped where it was; after OUTCOME_UNKNOWN its last step may have happened, or the service was stopped in between.',
  interfaces: [ErrorInterface],
  fields: (t) => ({
    clearedCount: t.exposeInt('clearedCount', {
      description: 'So many records were confirmed gone before the operation stopped.',
    }),
    nodes: t.expose('nodes', {
      type: [NodeClear],
      description: 'These nodes of the gateway were called before the operation stopped; mostly none.',
    }),
  }),
})

builder.objectType(InvalidCredentialsError, {
  name: 'InvalidCredentialsError',
  description:
    'The account or the password is wrong. The answer is the same for an unknown account, a wrong password and an account that may not sign in.',
  interfaces: [ErrorInterface],
})
