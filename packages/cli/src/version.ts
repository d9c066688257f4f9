/** The same as in package.json, which is not read at start-up; a test compares them. */
export const VERSION = "0.1.0";
