import { InvalidInputError } from '../../errors.js'
import type { AffinityIdentity } from '../affinity-record.js'

/**
 * The API formats of all generations of gateways. They serve to take keys apart and for nothing else: which of them a
 * scheduler takes is another question.
 */
const KNOWN_FORMATS: ReadonlySet<string> = new Set([
  ...['chat', 'cli', 'compact', 'responses', 'responses:compact', 'search', 'realtime'].map(of('openai')),
  ...['image', 'video', 'embedding', 'rerank'].map(of('openai')),
  'codex:live',
  ...['chat', 'cli', 'messages'].map(of('claude')),
  ...['chat', 'cli', 'generate_content', 'interactions', 'video', 'files', 'embedding'].map(of('gemini')),
  ...['embedding', 'rerank'].map(of('jina')),
  'doubao:embedding',
  'aliyun:multimodal_embedding',
  ...['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI'],
])

function of(company: string): (kind: string) => string {
  return (kind) => `${company}:${kind}`
}

/** The most colons that a known format has. */
const MOST_COLONS = Math.max(...[...KNOWN_FORMATS].map((format) => format.split(':').length - 1))

/** The fields of an identity that every key holds. */
type KeyParts = Pick<AffinityIdentity, 'affinityKey' | 'apiFormat' | 'modelId'>

/**
 * Takes `{apiKeyId}:{apiFormat}:{model}` apart. A model may hold anything, a format may hold colons: the longest known format
 * is taken that a colon and a model follow; otherwise the first two colons are the separators.
 * @param start where the API key id begins
 * @param end where the model ends
 */
export function takeApart(key: string, start: number, end = key.length): KeyParts | undefined {
  const first = key.indexOf(':', start)
  const second = first < 0 ? -1 : key.indexOf(':', first + 1)
  if (second < 0 || second >= end) return undefined
  const colon = endOfKnownFormat(key, first + 1, second, end) ?? second
  return {
    affinityKey: key.slice(start, first),
    apiFormat: key.slice(first + 1, colon),
    modelId: key.slice(colon + 1, end),
  }
}

/** Returns the place of the colon behind the longest known format; undefined if there is none. */
function endOfKnownFormat(key: string, start: number, firstColon: number, end: number): number | undefined {
  let found: number | undefined
  let colon = firstColon
  for (let passed = 0; passed <= MOST_COLONS && colon >= 0 && colon + 1 < end; passed += 1) {
    if (KNOWN_FORMATS.has(key.slice(start, colon))) found = colon
    colon = key.indexOf(':', colon + 1)
  }
  return found
}

/** @throws InvalidInputError if the API key id holds a colon, so that the key would name another record */
export function joinParts({ affinityKey, apiFormat, modelId }: KeyParts): string {
  if (affinityKey.includes(':'))
    throw new InvalidInputError('affinityKey cannot contain a colon.', 'affinityKey')
  return `${affinityKey}:${apiFormat}:${modelId}`
}
