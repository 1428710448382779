/** Exit codes of the still helper. */
export const EXIT = { taken: 0, failed: 1, arguments: 2, noCamera: 3 } as const;
