// Reads or writes a workspace's files with OpenFn's own library, of a state document as a server answers it.
//
//   node files.mjs read WORKSPACE STATE    prints, by workflow, its version hash in the state and in the files
//   node files.mjs write WORKSPACE STATE   checks the state out, with one step edited

import fs from 'node:fs';
import path from 'node:path';
import Project, { Workspace } from '@openfn/project';

const [what, folder, file] = process.argv.slice(2);
const state = JSON.parse(fs.readFileSync(file, 'utf8'));
// An export has them by key, OpenFn's servers answer lists.
for (const section of ['project_credentials', 'collections']) {
  state[section] = Object.values(state[section]);
}
const project = await Project.from('state', state, { endpoint: process.env.SANDBAR_SERVER }, {});

function hashes(project) {
  return Object.fromEntries(project.workflows.map((workflow) => [workflow.id, workflow.getVersionHash()]));
}

async function read() {
  const workspace = new Workspace(folder);
  const [kept] = workspace.list();
  const checkedOut = await workspace.getCheckedOutProject();
  const back = kept.serialize('state', { format: 'json' });
  const read = {
    name: kept.qname,
    tracked: workspace.getTrackedProject().uuid,
    state: hashes(project),
    kept: hashes(kept),
    checkedOut: hashes(checkedOut),
    ids: Object.values(back.workflows).flatMap(ids),
    idsOfState: Object.values(state.workflows).flatMap(ids),
  };
  console.log(JSON.stringify(read));
}

/** Every id in a workflow, sorted. */
function ids(workflow) {
  const parts = ['jobs', 'triggers', 'edges'].flatMap((part) => Object.values(workflow[part]));
  return [workflow.id, ...parts.map((part) => part.id)].sort();
}

function write() {
  const put = (name, text) => {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  put(`.projects/${project.qname}.yaml`, project.serialize('project', { format: 'yaml' }));
  const step = project.getWorkflow('wf2-omrs-dhis2').getStep('get-teis');
  step.expression = '// edited there\n';
  step.adaptor = '@openfn/language-common@3.0.2';
  for (const [name, text] of Object.entries(project.serialize('fs'))) {
    put(name, text);
  }
}

await { read, write }[what]();
