import { text, type Variable } from '../kinds.js'

/** Variables of the command line as a client of a server. */
export const COMMAND_LINE = {
  AFFINITYQL_URL: {
    schema: text,
    secret: true,
    default: 'http://127.0.0.1:4000',
    description: 'The server that is asked, as `--url`.',
  },
  AFFINITYQL_TOKEN: {
    schema: text,
    secret: true,
    description: 'The token that is sent to it, as `--token`. Others can see arguments: prefer the variable.',
  },
  NO_COLOR: {
    schema: text,
    secret: false,
    description: 'Set to anything: no colours on a terminal.',
  },
  TERM: {
    schema: text,
    secret: false,
    description: '`dumb`: no colours either.',
  },
} as const satisfies Record<string, Variable>
