/**
 * A CommonJS package that was loaded with `await import()`: in a bundle it is its default export alone, in Node it has
 * its names beside it.
 */
export const commonJs = <T extends object>(loaded: T): T => (loaded as { default?: T }).default ?? loaded;
