// A worker for Sandbar: claims runs, executes them with OpenFn's runtime, and says how they ended. It is an example of a
// client and what the tests run; README.md says what a real one adds.
//
// SANDBAR_SERVER (http://127.0.0.1:7316), SANDBAR_TOKEN (of a service account that is editor in the root).
// Standard output has one JSON object per line for each run that is claimed, finished or lost.
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { plan } from './plan.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const proto = process.env.SANDBAR_PROTO ?? here('../../proto');
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
const contract = loadSync('sandbar/v1/run.proto', { ...options, includeDirs: [proto] });
const { RunsService } = grpc.loadPackageDefinition(contract).sandbar.v1;
const server = new URL(process.env.SANDBAR_SERVER ?? 'http://127.0.0.1:7316');
const secure = server.protocol === 'https:';
const limits = { 'grpc.max_receive_message_length': 16 * 1024 * 1024 };
const runs = new RunsService(
  server.host,
  secure ? grpc.credentials.createSsl() : grpc.credentials.createInsecure(),
  limits,
);

// Calls with a token: the worker's own, or that of one run.
const caller = (token) => (method, request) =>
  new Promise((resolve, reject) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    const deadline = Date.now() + 10_000;
    runs[method](request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });

const say = (event, run, more) => console.log(JSON.stringify({ event, run: run.id, attempt: run.attempt, ...more }));
const passes = (error) => [grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.ABORTED].includes(error.code);

// The same end as often as need be: the server takes it once.
const finish = async (call, request) => {
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      return await call('FinishRun', request);
    } catch (error) {
      if (!passes(error)) throw error;
      await sleep(pause);
    }
  }
};

// What a step signs in with. A keychain may pick none: then it does without.
const credential = async (call, job) => {
  try {
    return JSON.parse((await call('ResolveCredential', { job_id: job })).values);
  } catch (error) {
    if (error.code === grpc.status.NOT_FOUND) return {};
    throw error;
  }
};

// Runs the steps in a process of their own, which has no token and no environment variable of this one, and which can be
// ended at any time. Resolves to what FinishRun is told; to nothing when the worker lost the run.
const execute = (call, work) =>
  new Promise((resolve) => {
    const execArgv = ['--experimental-vm-modules', '--no-warnings'];
    const steps = fork(here('./steps.mjs'), { env: {}, execArgv, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const lease = Number(work.lease_time.seconds) * 1000 + work.lease_time.nanos / 1e6 - Date.now();
    const end = (result) => {
      clearInterval(beat);
      steps.kill('SIGKILL');
      resolve(result);
    };
    const beat = setInterval(async () => {
      try {
        if ((await call('HeartbeatRun', {})).cancel) end({ outcome: 'RUN_STATE_CANCELLED' });
      } catch (error) {
        if (!passes(error)) end(undefined);
      }
    }, Math.max(lease / 3, 100));
    steps.on('message', async ({ job, ended }) => {
      if (ended) return end(ended);
      const values = await credential(call, job).then((values) => ({ values }), (error) => ({ problem: error.details }));
      if (steps.connected) steps.send({ job, ...values });
    });
    steps.on('exit', () => end({ outcome: 'RUN_STATE_EXCEPTION', ending: { message: 'the process of its steps ended' } }));
    steps.send({ plan: plan(work), input: { data: JSON.parse(work.dataclip) } });
  });

const work = async (given) => {
  const [call, began] = [caller(given.run_token), Date.now()];
  say('claimed', given.run);
  try {
    const result = await execute(call, given);
    if (!result) return say('lost', given.run);
    const millis = Date.now() - began;
    const duration = { seconds: Math.floor(millis / 1000), nanos: (millis % 1000) * 1e6 };
    const ending = { ...result.ending, usage: { steps: result.step_results?.length ?? 0, duration } };
    const { run } = await finish(call, { ...result, ending });
    say('finished', run, { state: run.state });
  } catch (error) {
    say('lost', given.run, { code: grpc.status[error.code], why: error.details });
  }
};

const claim = caller(process.env.SANDBAR_TOKEN);
for (let request_id = randomUUID(); ; ) {
  try {
    const given = (await claim('ClaimRuns', { limit: 1, request_id })).work;
    request_id = randomUUID();
    for (const one of given) await work(one);
    if (given.length === 0) await sleep(200);
  } catch (error) {
    // What passes is asked for again by the same id: what was given is not lost.
    if (!passes(error)) throw error;
    await sleep(500);
  }
}
