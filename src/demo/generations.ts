import { GENERATIONS, type Generation } from '../gateway/gateway.js'

/** The API formats of the demo as the oldest generation names them, and as the later ones do. */
const LATER_FORMATS: Readonly<Record<string, { readonly python: string; readonly rust: string }>> = {
  CLAUDE: { python: 'claude:chat', rust: 'claude:messages' },
  CLAUDE_CLI: { python: 'claude:cli', rust: 'claude:cli' },
  OPENAI: { python: 'openai:chat', rust: 'openai:chat' },
  OPENAI_CLI: { python: 'openai:cli', rust: 'openai:responses' },
}

/** Returns a format of the demo's rows as this generation names it. */
export function formatOf(generation: Generation, apiFormat: string): string {
  if (generation === 'ENDPOINT_KEYS') return apiFormat
  const names = LATER_FORMATS[apiFormat]
  return (generation === 'PROCESS_MEMORY' ? names?.rust : names?.python) ?? apiFormat
}

/** Returns the generation's name in DEMO_GATEWAY. */
export const wordFor = (generation: Generation): string => generation.toLowerCase().replace('_', '-')

/** What a reader of the start banner may call each generation. */
const TITLES: Readonly<Record<Generation, string>> = {
  ENDPOINT_KEYS: 'a Python gateway whose provider keys belong to endpoints',
  PROVIDER_KEYS: 'a Python gateway whose provider keys belong to providers',
  PROCESS_MEMORY: 'a Rust gateway, which routes by the memory of its process',
}

/** Says which gateway the demo plays, and how to see the others: two lines. */
export function demoLines(generation: Generation): readonly [string, string] {
  const others = GENERATIONS.filter((one) => one !== generation).map(wordFor)
  return [
    `The demo plays ${TITLES[generation]} (${wordFor(generation)}).`,
    `DEMO_GATEWAY=${others.join(' or ')} plays another.`,
  ]
}
