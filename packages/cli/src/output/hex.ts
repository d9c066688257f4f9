const BYTES_PER_LINE = 16;
const HALF_LINE = 8;

/** Offset, bytes in two groups of eight, and what of them is ASCII: 77 columns. */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const row = [...bytes.subarray(at, at + BYTES_PER_LINE)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = [hex.slice(0, HALF_LINE), hex.slice(HALF_LINE)].map((half) =>
      half.join(" ").padEnd(HALF_LINE * 3 - 1),
    );
    const ascii = row.map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".",
    );
    lines.push(`${at.toString(16).padStart(8, "0")}  ${halves.join("  ")}  ${ascii.join("")}`);
  }
  return lines;
}
