const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Names come from strangers: what could move a terminal's cursor or colour it is not shown. */
export const printable = (text: string): string => text.replace(CONTROL, '�')
