import type { AffinityRecord } from '../affinities/affinity-record.js'

/**
 * Encodes the value of an affinity, byte for byte as the gateway's Python (`json.dumps`) does: these eight fields in this
 * order, a space after `:` and `,`, floats with a decimal point, and ASCII characters only.
 */
export function encodeAffinityValue(record: Omit<AffinityRecord, 'key' | 'affinityKey'>): string {
  const fields = [
    ['provider_id', pythonString(record.providerId)],
    ['endpoint_id', pythonString(record.endpointId)],
    ['key_id', pythonString(record.providerKeyId)],
    ['api_format', pythonString(record.apiFormat)],
    ['model_name', pythonString(record.modelId)],
    ['created_at', pythonFloat(record.createdAt)],
    ['expire_at', pythonFloat(record.expiresAt)],
    ['request_count', String(record.requestCount)],
  ]
  return `{${fields.map(([name, value]) => `"${name}": ${value}`).join(', ')}}`
}

/** Matches each UTF-16 code unit from DEL on. Python, too, escapes a character beyond the BMP as two surrogates. */
const NOT_ASCII = /[\u007f-\uffff]/g

const pythonString = (text: string): string =>
  JSON.stringify(text).replace(NOT_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Encodes a Unix time. For numbers of this size neither Python nor JavaScript uses an exponent. */
const pythonFloat = (value: number): string => (Number.isInteger(value) ? `${value}.0` : String(value))
