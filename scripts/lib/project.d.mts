export const LOCK_NOTE: string
export function lockHash(): string
