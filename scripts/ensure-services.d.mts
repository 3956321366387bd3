/** The full path of a program in PATH, or undefined. */
export declare function findProgram(name: string): string | undefined
/** Redis's programs, or undefined where one is missing. */
export declare function findRedis(): { readonly server: string; readonly cli: string } | undefined
/** The one directory that holds initdb, postgres, pg_dump and psql of the same version, or undefined. */
export declare function findPostgresDirectory(): string | undefined
/** The path of a Chromium or Chrome, or undefined. */
export declare function findBrowser(): string | undefined
/** Debian packages that are missing. */
export declare function missingPackages(options?: { tests?: boolean }): string[]
