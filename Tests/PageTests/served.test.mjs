import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test from "node:test";

const root = new URL("../../Sources/LiveView/", import.meta.url);
const read = (name) => readFileSync(new URL(name, root), "utf8");
const files = readdirSync(new URL("Page/", root));

test("the receiver serves every file of the page, and no types", () => {
  const table = /static let page = \[([^\]]*)\]/.exec(read("ViewAssets.swift"))[1];
  const served = [...table.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
  assert.deepEqual(served.sort(), files.filter((name) => !name.endsWith(".d.ts")).sort());
});

test("every module that another one imports is there", () => {
  for (const name of files.filter((file) => file.endsWith(".js"))) {
    for (const [, imported] of read(`Page/${name}`).matchAll(/^import .* from "\/(.+)";$/gm)) {
      assert.ok(imported === "niivue.js" || files.includes(imported), `${name} imports ${imported}`);
    }
  }
});

test("every element that the modules look for is in the page, once, and of the kind they take it for", () => {
  const kinds = {
    HTMLCanvasElement: "canvas", HTMLButtonElement: "button", HTMLOutputElement: "output", SVGSVGElement: "svg", HTMLUListElement: "ul", HTMLAnchorElement: "a",
    HTMLDetailsElement: "details",
  };
  const page = read("Page/index.html");
  const listed = [.../interface PageElements \{([^}]*)\}/.exec(read("Page/types.d.ts"))[1].matchAll(/"([\w-]+)": (\w+);/g)];
  assert.ok(listed.length > 40);
  for (const [, id, type] of listed) {
    const found = [...page.matchAll(new RegExp(`<(\\w+)[^>]* id="${id}"`, "g"))].map((match) => match[1]);
    assert.equal(found.length, 1, id);
    if (kinds[type]) assert.equal(found[0], kinds[type], id);
  }
});

test("every module is checked for its types", () => {
  for (const name of files.filter((file) => file.endsWith(".js"))) assert.match(read(`Page/${name}`), /^\/\/ @ts-check\n/, name);
});
