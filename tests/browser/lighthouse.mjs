// Lighthouse for every page, as it judges a phone with its processor slowed four times:
//
//   node tests/serve.mjs tests/browser/lighthouse.mjs
//
// It is fetched by npx when it is first used, because its 200 packages are nothing that a checkout
// should carry. Ends with 1 when a page is below SCORE_MIN in anything that is judged.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIGHTHOUSE = "lighthouse@12.8.2";
const SCORE_MIN = 0.95;
const BASE = process.env.LASTMETER_URL ?? "http://127.0.0.1:8080";
const PAGES = [
  "/", "/intake", "/labels", "/route", "/track?community=willow-court", "/board?community=willow-court",
  "/building?community=willow-court&building=1", "/desk",
];

const folder = mkdtempSync(join(tmpdir(), "lastmeter-lighthouse-"));
const file = join(folder, "report.json");
let poor = 0;
try {
  for (const page of PAGES) {
    execFileSync("npx", [
      "--yes", LIGHTHOUSE, BASE + page, "--quiet", "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
      "--only-categories=performance,accessibility,best-practices", "--output=json", `--output-path=${file}`,
    ], { env: { CHROME_PATH: "/usr/bin/chromium", ...process.env }, stdio: ["ignore", "ignore", "inherit"] });
    const { categories, audits } = JSON.parse(readFileSync(file, "utf8"));
    const scores = Object.values(categories).map(({ id, score }) => [id, score]);
    console.log(page.padEnd(44), scores.map(([id, score]) => `${id} ${score.toFixed(2)}`).join("  "));
    if (scores.every(([, score]) => score >= SCORE_MIN)) continue;
    poor += 1;
    for (const { id, score, displayValue } of Object.values(audits)) {
      if (score !== null && score < 0.9) console.log(`    ${id} ${score} ${displayValue ?? ""}`);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = poor ? 1 : 0;
