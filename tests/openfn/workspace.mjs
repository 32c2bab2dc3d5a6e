// A workspace as the command line of OpenFn keeps it, with the library that it is made with: what `openfn project fetch`,
// `checkout`, `merge` and `deploy` do to files and which requests they make.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

import Project, { Workspace, versionsEqual } from '@openfn/project';

/** What a server says no with. */
export class Refused extends Error {
  constructor(status, body) {
    super(`${status} ${body}`);
    this.status = status;
    this.body = body;
  }
}

/** A folder, a server and somebody's token. */
export class Folder {
  constructor(root, endpoint, token) {
    Object.assign(this, { root, endpoint, token });
  }

  async call(way, place, body) {
    const answer = await fetch(new URL(place, this.endpoint), {
      method: way,
      headers: { authorization: `Bearer ${this.token}`, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, text);
    return JSON.parse(text);
  }

  /** The project as it is on the server. */
  async state(uuid) {
    return (await this.call('GET', `/api/provision/${uuid}?`)).data;
  }

  /** `project fetch` */
  async fetch(uuid, alias = 'main') {
    const project = await Project.from('state', await this.state(uuid), { endpoint: this.endpoint, alias });
    forked(project);
    await this.keep(project, alias);
    return project;
  }

  /** `project checkout`; `project pull` is fetch and checkout. */
  async checkout(alias) {
    const project = this.tracked(alias);
    forked(project);
    await rm(this.at('workflows'), { recursive: true, force: true });
    for (const [name, text] of Object.entries(project.serialize('fs'))) {
      if (text) await this.write(name, text);
    }
    return project;
  }

  async pull(uuid, alias = 'main') {
    await this.fetch(uuid, alias);
    return this.checkout(alias);
  }

  /** `project merge`: into what is checked out. The command line keeps what comes of it as a state, which has no history. */
  async merge(source, target, options = {}) {
    const merged = Project.merge(this.tracked(source), this.tracked(target), { force: false, ...options });
    await this.write(file(target), merged.serialize('state', { format: 'yaml' }));
    await this.checkout(target);
  }

  /** `project deploy`: sends what was edited, unless somebody else has edited it too. */
  async deploy(alias = 'main') {
    const local = await Project.from('fs', { root: this.root, alias });
    local.credentials = local.buildCredentialMap();
    const uuid = this.tracked(alias).openfn.uuid;
    const remote = await Project.from('state', await this.state(uuid), { endpoint: this.endpoint });
    const refs = local.cli.forked_from ?? {};
    const edited = local.workflows.filter((workflow) => !same(refs[workflow.id], workflow.getVersionHash()));
    const removed = Object.keys(refs).filter((id) => !local.getWorkflow(id));
    const names = [...edited.map((workflow) => workflow.id), ...removed];
    if (!names.length) return { deployed: [] };
    const diverged = names.filter((id) => {
      const head = remote.getWorkflow(id)?.history.at(-1);
      return refs[id] && head && !versionsEqual(refs[id], head);
    });
    if (diverged.length) throw new Error(`diverged: ${diverged}`);
    const mode = local.uuid === remote.uuid ? 'replace' : 'sandbox';
    const merged = Project.merge(local, remote, { mode, force: true, onlyUpdated: true });
    await this.post(merged.serialize('state', { format: 'json' }));
    const now = await this.fetch(uuid, alias);
    await this.write('openfn.yaml', now.generateConfig().content);
    return { deployed: names };
  }

  /** `project deploy --new` */
  async deployNew(name) {
    const local = await Project.from('fs', { root: this.root, name });
    local.openfn = { endpoint: this.endpoint };
    local.credentials = local.buildCredentialMap();
    const state = local.serialize('state', { format: 'json' });
    await this.post(state);
    return state.id;
  }

  async post(state) {
    return (await this.call('POST', '/api/provision/?', state)).data;
  }

  tracked(alias) {
    const project = new Workspace(this.root, undefined, false).get(alias);
    if (!project) throw new Error(`${alias} is not in this workspace`);
    return project;
  }

  async keep(project, alias) {
    await this.write(file(alias), project.serialize('project', { format: 'yaml' }));
  }

  at(file) {
    return path.join(this.root, file);
  }

  async read(file) {
    return readFile(this.at(file), 'utf8');
  }

  async write(file, text) {
    await mkdir(path.dirname(this.at(file)), { recursive: true });
    await writeFile(this.at(file), text);
  }

  /** Replaces a text in a file that must have it. */
  async edit(file, from, to) {
    const text = await this.read(file);
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}:\n${text}`);
    await this.write(file, text.replace(from, to));
  }
}

const file = (alias) => `.projects/${alias}@127.0.0.1.yaml`;
const same = (one, other) => one !== undefined && versionsEqual(one, other);

/** Notes which state of each workflow it was that was fetched. */
function forked(project) {
  const heads = project.workflows.filter((workflow) => workflow.history.length);
  project.cli.forked_from = Object.fromEntries(heads.map((workflow) => [workflow.id, workflow.history.at(-1)]));
}
