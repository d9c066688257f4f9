/** From `start` to before `end`. */
export type ByteRange = { readonly start: number; readonly end: number };
