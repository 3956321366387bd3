/** The greatest `Int` of GraphQL: 2^31 - 1. */
export const MAX_INT = 2 ** 31 - 1
