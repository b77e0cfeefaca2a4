// Tries docs/renovate.json by the extraction of Renovate's own code: every tag that stands with its repository is found,
// and every revision of a model. Not part of `make test`: Renovate brings some 700 packages.
//
//   npm install --prefix .tools/renovate --ignore-scripts --omit=optional renovate@39.264.1
//   node tests/infra/renovate.mjs .tools/renovate values DIR-OF-OTHER-VALUES
//
// 39.264.1 is the last release for Node 20. (It reads `fileMatch` where later ones read `managerFilePatterns`, which say
// where to look; the expressions are the same.) On 2026-11-28: 45 of 45 images and revisions.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [home, ...folders] = process.argv.slice(2);
const require = createRequire(resolve(home, 'package.json'));
const { extractPackageFile } = require('renovate/dist/modules/manager/custom/regex/index.js');
const managers = JSON.parse(readFileSync('docs/renovate.json', 'utf8')).customManagers;

const sample = `
      repository: 'registry.example:5000/a/b'
      # pinned
      tag: "v1@sha256:${'0'.repeat(64)}"
      modelURL: meta-llama/Llama-3.1-8B-Instruct
      modelRevision: ${'a'.repeat(40)}
`;
const texts = [['sample', sample]];
for (const folder of folders) {
  for (const name of readdirSync(folder).filter((each) => /\.ya?ml$/.test(each))) {
    texts.push([`${folder}/${name}`, readFileSync(`${folder}/${name}`, 'utf8')]);
  }
}

const wanted = [
  /^[ \t-]*repository:.*\n(?:[ \t]*#.*\n)*[ \t-]*tag:/gm,
  /^[ \t-]*modelURL:.*\n(?:[ \t]*#.*\n)*[ \t-]*modelRevision:/gm,
];
let all = 0;
let found = 0;
for (const [name, text] of texts) {
  managers.forEach((manager, number) => {
    const deps = extractPackageFile(text, name, manager)?.deps ?? [];
    const there = [...text.matchAll(wanted[number])].length;
    all += there;
    found += deps.length;
    if (deps.length !== there) console.log(`${name}: ${deps.length} of ${there} by "${manager.description}"`);
    if (name === 'sample') console.log(JSON.stringify(deps));
  });
}
console.log(`${found} of ${all}`);
process.exit(all > 0 && found === all ? 0 : 1);
