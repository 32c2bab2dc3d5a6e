// Times Project.merge of @openfn/project, in process, on two projects in files.
// node merge.mjs TARGET SOURCE CHANGED RESULT SECONDS
//   CHANGED  a JSON list of the ids of the workflows that the source changed
//   RESULT   where those go, as merged, for the caller to compare
// Prints one line of JSON: the median milliseconds of a merge, and memory in MiB.
import { readFileSync, writeFileSync } from 'node:fs';
import Project from '@openfn/project';

const [targetFile, sourceFile, changedFile, resultFile, seconds] = process.argv.slice(2);
const load = (file) => Project.from('state', JSON.parse(readFileSync(file, 'utf8')), {}, {});
const status = (key) =>
  Number(readFileSync('/proc/self/status', 'utf8').match(new RegExp(`^${key}:\\s+(\\d+)`, 'm'))[1]) / 1024;

/** The median of runs that take so many seconds together, after a third as many that do not count. */
const time = (run) => {
  const until = (end, took) => {
    do {
      const begun = performance.now();
      run();
      took.push(performance.now() - begun);
    } while (performance.now() < end || took.length < 5);
    return took.sort((one, other) => one - other);
  };
  until(performance.now() + (seconds * 1000) / 3, []);
  const took = until(performance.now() + seconds * 1000, []);
  return { median: took[Math.floor(took.length / 2)], runs: took.length };
};

const target = await load(targetFile);
const source = await load(sourceFile);
globalThis.gc?.();
// From here on the peak is that of merging.
writeFileSync('/proc/self/clear_refs', '5');
const loaded = status('VmRSS');

let merged;
const all = time(() => {
  merged = Project.merge(source, target, { mode: 'sandbox' });
});

const changed = new Set(JSON.parse(readFileSync(changedFile, 'utf8')));
const edges = (workflow, step) =>
  Object.entries(step.next ?? {}).map(([to, edge]) => [
    edge.openfn.uuid,
    step.openfn.uuid,
    workflow.getStep(to).openfn.uuid,
    edge.condition,
  ]);
const result = merged.workflows
  .filter((workflow) => changed.has(workflow.openfn.uuid))
  .map((workflow) => ({
    id: workflow.openfn.uuid,
    name: workflow.name,
    steps: workflow.steps
      .filter((step) => !step.type)
      .map((step) => [step.openfn.uuid, step.name, step.adaptor, step.expression])
      .sort(),
    edges: workflow.steps.flatMap((step) => edges(workflow, step)).sort(),
  }));
writeFileSync(resultFile, JSON.stringify(result));

// What the source was forked from is known, so that only what it changed since need be merged.
source.cli.forked_from = Object.fromEntries(target.workflows.map((w) => [w.id, w.getVersionHash()]));
let updated;
const onlyUpdated = time(() => {
  // It is emptied by each merge.
  source.cli.forked_from = { ...(updated ??= { ...source.cli.forked_from }) };
  Project.merge(source, target, { mode: 'sandbox', onlyUpdated: true });
});

console.log(
  JSON.stringify({
    ms: all.median,
    runs: all.runs,
    only_updated_ms: onlyUpdated.median,
    loaded_mib: loaded,
    peak_mib: status('VmHWM'),
    workflows: merged.workflows.length,
  })
);
