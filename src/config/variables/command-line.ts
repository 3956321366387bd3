import { text, type Variable } from '../kinds.js'

/** Variables of the command line as a client of a server. */
export const COMMAND_LINE = {
  AFFINITYQL_URL: {
    schema: text,
    secret: true,
    default: 'http://127.0.0.1:4000',
    description: 'The command line asks this server; `--url` overrides it.',
  },
  AFFINITYQL_TOKEN: {
    schema: text,
    secret: true,
    description:
      'The command line sends this token; `--token` overrides it. Other users of the machine can see arguments, so prefer the variable.',
  },
  AFFINITYQL_DEVICE_ID: {
    schema: text,
    secret: true,
    description:
      'The command line sends this as its device (`x-client-device-id`); `--device-id` overrides it. Only an access token of the gateway needs it, and only where the gateway keeps sessions: it is the device of the sign-in there.',
  },
  NO_COLOR: {
    schema: text,
    secret: false,
    description: 'Any value switches the colours on a terminal off.',
  },
  COLUMNS: {
    schema: text,
    secret: false,
    description:
      'Tables are at most so many characters wide; a terminal’s own width unless this is set. What is no whole number above 0 is not read.',
  },
  TERM: {
    schema: text,
    secret: false,
    description: 'The value `dumb` switches the colours off as well.',
  },
} as const satisfies Record<string, Variable>
