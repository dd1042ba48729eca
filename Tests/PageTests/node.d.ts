// The part of node that the scripts and tests use: Debian's TypeScript comes without node's types.

declare module "node:fs" {
  export function readFileSync(file: string | number | URL, encoding: "utf8"): string;
}

declare const process: { readonly argv: string[]; readonly stdout: { write(text: string): void } };

declare const Buffer: { from(text: string): { toString(encoding: "base64"): string } };
