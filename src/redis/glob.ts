const GLOB_CHARACTERS = /[*?[\]\\]/g

/** A SCAN pattern that matches every key with exactly this prefix: glob characters in it are escaped. */
export const scanPattern = (prefix: string): string => `${prefix.replace(GLOB_CHARACTERS, '\\$&')}*`
