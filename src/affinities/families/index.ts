import { KeyFamilies } from '../key-families.js'
import { cacheAffinity } from './cache-affinity.js'

/** The key families that this service reads. A new family is one file, and one name here. */
export const FAMILIES = new KeyFamilies([cacheAffinity])
