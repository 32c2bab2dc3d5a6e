// What a user does, told by its end: exit code 0 if all was as it should be. `node flows.mjs FLOW`, with the server and what
// is on it in the environment.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { parse, stringify } from 'yaml';

import { Folder, Refused } from './workspace.mjs';

const { ENDPOINT, TOKEN, PROJECT, SANDBOX } = process.env;
const folder = async () => new Folder(await mkdtemp(path.join(tmpdir(), 'sandbar-openfn-')), ENDPOINT, TOKEN);
const workflow = (state, name) => state.workflows.find((one) => one.name === name);
const heads = (state) => Object.fromEntries(state.workflows.map((one) => [one.name, one.version_history.at(-1)]));
const CALLS = 'workflows/calls/calls.yaml';

const flows = {
  /** What the library reads of the server's answer, it knows by the digest that the server says. */
  async digests() {
    const here = await folder();
    for (const id of [PROJECT, SANDBOX]) {
      const project = await here.fetch(id, id);
      assert.ok(project.workflows.length > 1);
      for (const one of project.workflows) {
        assert.equal(one.getVersionHash(), one.history.at(-1), one.name);
      }
    }
  },

  /** Fetched, checked out and unedited: there is nothing to deploy. Posted all the same, it changes nothing. */
  async unchanged() {
    const here = await folder();
    await here.pull(PROJECT);
    assert.deepEqual((await here.deploy()).deployed, []);
    const before = await here.state(PROJECT);
    const state = here.tracked('main').serialize('state', { format: 'json' });
    await here.post(state);
    assert.deepEqual(await here.state(PROJECT), before);
  },

  async steps() {
    const here = await folder();
    await here.pull(PROJECT);
    const before = workflow(await here.state(PROJECT), 'Calls');
    // A body, byte for byte, without a newline at its end.
    await here.write('workflows/calls/fetch-calls.js', "get('/calls');\r\n  // änd");
    assert.deepEqual((await here.deploy()).deployed, ['calls']);
    const edited = workflow(await here.state(PROJECT), 'Calls');
    assert.equal(edited.jobs.find((job) => job.name === 'Fetch calls').body, "get('/calls');\r\n  // änd");
    assert.equal(edited.lock_version > before.lock_version, true);
    assert.deepEqual(edited.version_history.slice(0, -1), before.version_history);
    assert.deepEqual(edited.positions, before.positions);
    assert.deepEqual(edited.triggers, before.triggers);
    // One renamed: it keeps its id, since its body and its place say who it is.
    await here.edit(CALLS, 'id: transform', 'id: reshape');
    await here.edit(CALLS, 'name: Transform', 'name: Reshape');
    await here.edit(CALLS, 'transform:', 'reshape:');
    await here.edit(CALLS, './transform.js', './reshape.js');
    await here.write('workflows/calls/reshape.js', await here.read('workflows/calls/transform.js'));
    await here.deploy();
    const job = (state, name) => state.jobs.find((one) => one.name === name);
    const renamed = workflow(await here.state(PROJECT), 'Calls');
    assert.equal(job(renamed, 'Reshape').id, job(before, 'Transform').id);
    assert.equal(job(renamed, 'Transform'), undefined);
    // One added.
    const document = parse(await here.read(CALLS));
    document.steps.push({ id: 'tell', name: 'Tell', adaptor: '@openfn/language-common@3.0.2', expression: './tell.js' });
    document.steps.find((step) => step.id === 'reshape').next = { tell: { condition: 'on_job_success' } };
    await here.write(CALLS, stringify(document));
    await here.write('workflows/calls/tell.js', 'fn(s => s)');
    await here.deploy();
    const added = workflow(await here.state(PROJECT), 'Calls');
    assert.equal(job(added, 'Tell').body, 'fn(s => s)');
    assert.ok(added.edges.some((edge) => edge.target_job_id === job(added, 'Tell').id));
    // And taken out again, with the edge that leads there.
    document.steps = document.steps.filter((step) => step.id !== 'tell');
    document.steps.find((step) => step.id === 'reshape').next = {};
    await here.write(CALLS, stringify(document));
    await here.deploy();
    const without = workflow(await here.state(PROJECT), 'Calls');
    assert.equal(job(without, 'Tell'), undefined);
    assert.equal(without.edges.length, renamed.edges.length);
  },

  async workflows() {
    const here = await folder();
    await here.pull(PROJECT);
    const steps = [
      { id: 'webhook', type: 'webhook', enabled: true, next: { one: { condition: 'always' } } },
      { id: 'one', name: 'One', adaptor: '@openfn/language-common@3.0.2', expression: './one.js' },
    ];
    await here.write('workflows/added/added.yaml', stringify({ id: 'added', name: 'Added', start: 'webhook', steps }));
    await here.write('workflows/added/one.js', 'fn(s => s)\n');
    assert.deepEqual((await here.deploy()).deployed, ['added']);
    const state = await here.state(PROJECT);
    assert.equal(workflow(state, 'Added').jobs[0].body, 'fn(s => s)\n');
    assert.equal(workflow(state, 'Added').triggers[0].enabled, true);
    // Removed with its folder: sent as `delete`, with other keys beside it.
    await here.checkout('main');
    await rm(here.at('workflows/added'), { recursive: true });
    assert.deepEqual((await here.deploy()).deployed, ['added']);
    assert.equal(workflow(await here.state(PROJECT), 'Added'), undefined);
  },

  /** Two people edit one workflow: the second is told, and nothing is lost. What only one edited goes through. */
  async divergence() {
    const [one, other] = [await folder(), await folder()];
    await one.pull(PROJECT);
    await other.pull(PROJECT);
    await one.write('workflows/calls/fetch-calls.js', '// one\n');
    await one.deploy();
    await other.write('workflows/calls/fetch-calls.js', '// other\n');
    await assert.rejects(other.deploy(), /diverged: calls/);
    await other.checkout('main');
    await other.write('workflows/reports/report.js', '// other\n');
    await other.deploy();
    const state = await one.state(PROJECT);
    assert.equal(workflow(state, 'Calls').jobs.find((job) => job.name === 'Fetch calls').body, '// one\n');
    assert.equal(workflow(state, 'Reports').jobs[0].body, '// other\n');
  },

  /** Who sends what they made of an older state is told so in words that every client shows. */
  async stale() {
    const here = await folder();
    const old = await here.state(PROJECT);
    workflow(old, 'Calls').jobs[0].body = '// stale\n';
    await here.pull(PROJECT);
    await here.write('workflows/calls/fetch-calls.js', '// newer\n');
    await here.deploy();
    await assert.rejects(here.post(old), (error) => {
      assert.ok(error instanceof Refused);
      assert.equal(error.status, 422);
      const said = JSON.parse(error.body);
      assert.equal(said.reason, 'ETAG_MISMATCH');
      assert.match(said.errors.workflows.Calls.lock_version[0], /pull again/);
      return true;
    });
    // What is not in conflict may come from an old state.
    const same = await here.state(PROJECT);
    workflow(old, 'Calls').jobs = workflow(same, 'Calls').jobs;
    await here.post(old);
    assert.deepEqual(await here.state(PROJECT), same);
  },

  /** A sandbox is edited, merged into its parent on the user's machine without force, and deployed. */
  async sandbox() {
    const here = await folder();
    await here.pull(PROJECT);
    await here.pull(SANDBOX, 'fix');
    const [above, below] = [await here.state(PROJECT), await here.state(SANDBOX)];
    assert.equal(below.parent_id, PROJECT);
    assert.equal(below.env, 'dev');
    // What the parent has now, the sandbox knows to have grown out of.
    for (const one of below.workflows) {
      assert.ok(one.version_history.includes(heads(above)[one.name]), one.name);
    }
    await here.write('workflows/calls/transform.js', '// in the sandbox\n');
    assert.deepEqual((await here.deploy('fix')).deployed, ['calls']);
    assert.equal(heads(await here.state(PROJECT)).Calls, heads(above).Calls);
    await here.checkout('main');
    await here.merge('fix', 'main');
    await here.deploy();
    const merged = workflow(await here.state(PROJECT), 'Calls');
    assert.equal(merged.jobs.find((job) => job.name === 'Transform').body, '// in the sandbox\n');
    const before = workflow(above, 'Calls');
    assert.deepEqual(merged.jobs.map((job) => job.id).sort(), before.jobs.map((job) => job.id).sort());
    assert.equal(merged.triggers[0].enabled, before.triggers[0].enabled);
  },

  /** The file for people has every body as it is, and the keys that old clients make of the names in a state. */
  async spec() {
    const here = await folder();
    const key = (name) => name.replace(/ /g, '-');
    for (const id of [PROJECT, SANDBOX]) {
      const answer = await fetch(new URL(`/api/provision/yaml?id=${id}`, ENDPOINT), {
        headers: { authorization: `Bearer ${TOKEN}` },
      });
      assert.equal(answer.status, 200);
      const [spec, state] = [parse(await answer.text()), await here.state(id)];
      assert.deepEqual(Object.keys(spec.workflows), state.workflows.map((one) => key(one.name)));
      for (const one of state.workflows) {
        const { jobs, triggers, edges } = spec.workflows[key(one.name)];
        for (const job of one.jobs) assert.equal(jobs[key(job.name)].body, job.body, job.name);
        assert.deepEqual(Object.keys(triggers).sort(), one.triggers.map((trigger) => trigger.type).sort());
        assert.equal(Object.keys(edges).length, one.edges.length);
      }
      const used = state.workflows.flatMap((one) => one.jobs).find((job) => job.project_credential_id);
      const link = state.project_credentials.find((one) => one.id === used.project_credential_id);
      assert.equal(spec.workflows.Calls.jobs[key(used.name)].credential, key(`${link.owner}-${link.name}`));
    }
  },

  async project() {
    const here = await folder();
    await here.pull(PROJECT);
    const id = await here.deployNew('Health Copy');
    const made = await here.state(id);
    assert.equal(made.name, 'health-copy');
    assert.deepEqual(made.workflows.map((one) => one.name).sort(), ['Calls', 'Reports']);
    const bodies = (state) => workflow(state, 'Calls').jobs.map((job) => [job.name, job.body]).sort();
    const original = await here.state(PROJECT);
    assert.deepEqual(bodies(made), bodies(original));
    // A copy has ids of its own, and no run of it begins where one of the other ended.
    const ids = (state) => workflow(state, 'Calls').jobs.map((job) => job.id);
    assert.ok(!ids(made).some((one) => ids(original).includes(one)));
    const cron = workflow(made, 'Reports').triggers.find((trigger) => trigger.type === 'cron');
    assert.equal(cron.cron_cursor_job_id, undefined);
  },
};

const [name] = process.argv.slice(2);
assert.ok(flows[name], `there is no flow ${name}; there are ${Object.keys(flows)}`);
await flows[name]();
console.log(`${name}: as it should be`);
