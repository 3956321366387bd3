import type { Generation } from '../../gateway.js'
import { ENDPOINT_KEYS } from './rules/endpoint-keys.js'
import { PROCESS_MEMORY } from './rules/process-memory.js'
import { PROVIDER_KEYS } from './rules/provider-keys.js'
import type { Rules } from './rules/rule.js'

/*
 * When Aether's scheduler does not use a pin, a row a reason, a table and a file for each generation. `npm run schema` prints
 * these tables as docs/stale.md.
 */

export const RULES: Readonly<Record<Generation, Rules>> = { ENDPOINT_KEYS, PROVIDER_KEYS, PROCESS_MEMORY }
