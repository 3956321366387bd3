const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Replaces control characters: names come from strangers and could move the cursor or colour the terminal. */
export const printable = (text: string): string => text.replace(CONTROL, '�')
