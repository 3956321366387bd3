import { countFamilies, type KeyFamilyCount } from '../affinities/family-counts.js'
import type { Context } from '../context.js'

/** Counts the families of affinities with records, and the keys that look like affinities but are read by nobody. */
export const keyFamilyCounts = (context: Context): Promise<readonly KeyFamilyCount[]> =>
  countFamilies(context.affinityStore.families, context.affinities, context.foreignFamilies)
