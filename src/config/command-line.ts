import { createReader, type Environment } from './reader.js'

/** What the environment says to the command line, besides how a server is set up. */
export interface CommandLineConfig {
  readonly url: string
  readonly token: string | undefined
  readonly hasColours: boolean
}

/** All of these are texts, so none is ever refused here. */
export function loadCommandLine(environment: Environment): CommandLineConfig {
  const { isSet, read } = createReader(environment)
  return {
    url: read('AFFINITYQL_URL'),
    token: read('AFFINITYQL_TOKEN'),
    hasColours: !isSet('NO_COLOR') && read('TERM') !== 'dumb',
  }
}
