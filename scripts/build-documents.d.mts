/** Every registered document, by the SHA-256 of its text. */
export declare function collectDocuments(): Readonly<Record<string, string>>
