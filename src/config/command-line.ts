import { createReader, type Environment } from './reader.js'

/** Configuration of the command line as a client of a server. */
export interface CommandLineConfig {
  readonly url: string
  readonly token: string | undefined
  readonly deviceId: string | undefined
  readonly hasColours: boolean
  /** Undefined: the terminal's own width. */
  readonly columns: number | undefined
}

/** Reads the configuration of the command line. Each variable is a plain text, so that none can be invalid. */
export function loadCommandLine(environment: Environment): CommandLineConfig {
  const { isSet, read } = createReader(environment)
  return {
    url: read('AFFINITYQL_URL'),
    token: read('AFFINITYQL_TOKEN'),
    deviceId: read('AFFINITYQL_DEVICE_ID'),
    columns: wholeNumber(read('COLUMNS')),
    hasColours: !isSet('NO_COLOR') && read('TERM') !== 'dumb',
  }
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^[1-9]\d{0,4}$/.test(text) ? Number(text) : undefined
