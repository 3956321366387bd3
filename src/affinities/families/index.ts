import { KeyFamilies } from '../key-families.js'
import { createCacheAffinity } from './cache-affinity.js'
import { createSchedulerAffinity } from './scheduler-affinity.js'
import { createSchedulerAffinityV2 } from './scheduler-affinity-v2.js'

/**
 * Makes the key families that this service reads. A new family is one file, and one name here.
 * @param keyPrefix what stands before every key of the gateway: nothing, or a name and a colon
 */
export const createFamilies = (keyPrefix = ''): KeyFamilies =>
  new KeyFamilies([
    createCacheAffinity(keyPrefix),
    createSchedulerAffinity(keyPrefix),
    createSchedulerAffinityV2(keyPrefix),
  ])

/** The key families of a gateway that puts nothing before its keys. */
export const FAMILIES = createFamilies()
