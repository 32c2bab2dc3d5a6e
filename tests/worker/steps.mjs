// Executes the steps of one run with @openfn/runtime, in a process of their own. Their code has `fetch`, and what it would
// print goes nowhere: it may be secret.
import execute from '@openfn/runtime';

const asked = new Map();

// The worker is asked, as it has the token of the run.
const resolveCredential = (job) =>
  new Promise((resolve, reject) => {
    asked.set(job, { resolve, reject });
    process.send({ job });
  });

const runs = async (plan, input) => {
  const results = [];
  let problem;
  const notify = (event, { jobId, state, error }) => {
    if (event === 'job-error') problem = String(error?.message ?? 'a step failed');
    if (event === 'job-complete' && state) results.push({ job_id: jobId, output: JSON.stringify(state) });
  };
  const quiet = Object.fromEntries(['log', 'info', 'warn', 'error', 'debug'].map((name) => [name, () => {}]));
  const options = { callbacks: { notify, resolveCredential }, globals: { fetch }, jobLogger: quiet, disableEsmHook: true };
  const step_results = results;
  try {
    const output = JSON.stringify((await execute(plan, input, options)) ?? {});
    const outcome = problem ? 'RUN_STATE_FAILED' : 'RUN_STATE_SUCCESS';
    return { outcome, ending: { message: problem?.slice(0, 1000) }, output, step_results };
  } catch (error) {
    const message = String(error?.message ?? error).slice(0, 1000);
    return { outcome: 'RUN_STATE_CRASHED', ending: { message }, step_results };
  }
};

process.on('disconnect', () => process.exit(1));
process.on('message', async (message) => {
  if (message.plan) return process.send({ ended: await runs(message.plan, message.input) });
  const { resolve, reject } = asked.get(message.job);
  return message.problem === undefined ? resolve(message.values) : reject(new Error(message.problem));
});
