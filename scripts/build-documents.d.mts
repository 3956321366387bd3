/** Collects all registered documents by the SHA-256 of their texts, in hexadecimal. */
export declare function collectDocuments(): Readonly<Record<string, string>>
