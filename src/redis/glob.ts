const GLOB_CHARACTERS = /[*?[\]\\]/g

/** Returns a SCAN pattern for all keys with a prefix, whose glob characters are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`
