/** Version of what runs. */
export const VERSION = "0.1.0";
