// A run of Sandbar's as a plan of @openfn/runtime.

const CONDITIONS = {
  EDGE_CONDITION_ALWAYS: 'always',
  EDGE_CONDITION_ON_JOB_SUCCESS: 'on_job_success',
  EDGE_CONDITION_ON_JOB_FAILURE: 'on_job_failure',
};

const condition = (edge) => CONDITIONS[edge.condition] ?? edge.expression;

// Where edges of a job or a trigger lead.
const next = (edges, field, id) => {
  const own = edges.filter((edge) => edge[field] === id && edge.enabled !== false);
  return Object.fromEntries(own.map((edge) => [edge.target_job_id, { condition: condition(edge) }]));
};

export const plan = ({ run, workflow }) => {
  const { jobs, edges } = workflow;
  const steps = jobs.map((job) => ({
    id: job.id,
    name: job.name,
    expression: job.body,
    // Asked for by the step's id when its turn comes, and not before.
    ...(job.uses ? { configuration: job.id } : {}),
    next: next(edges, 'source_job_id', job.id),
  }));
  const begin = { id: 'begin', next: {} };
  if (run.trigger_id) begin.next = next(edges, 'source_trigger_id', run.trigger_id);
  else if (run.job_id) begin.next[run.job_id] = true;
  else {
    const reached = new Set(edges.filter((edge) => edge.source_job_id).map((edge) => edge.target_job_id));
    for (const job of jobs) if (!reached.has(job.id)) begin.next[job.id] = true;
  }
  return { workflow: { name: workflow.name, steps: [begin, ...steps] }, options: { start: begin.id } };
};
