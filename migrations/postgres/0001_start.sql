-- Times are microseconds since 1970 UTC. Names and keys sort by byte, on every engine alike.
-- The same tables, columns and indexes as ../sqlite/0001_start.sql; the store suite compares the two.

-- Users and service accounts. kind: 1 user, 2 service account, 3 support.
CREATE TABLE principals (
    id            uuid   NOT NULL PRIMARY KEY,
    kind          bigint NOT NULL,
    name          text    COLLATE "C" NOT NULL,
    email         text    COLLATE "C" NOT NULL,
    administrator boolean NOT NULL,
    create_time   bigint NOT NULL
);
CREATE UNIQUE INDEX principals_email ON principals (email) WHERE email <> '';
CREATE INDEX principals_name ON principals (name, id);

-- Bearer tokens, by the SHA-256 of their text. The text itself is nowhere.
CREATE TABLE tokens (
    hash          bytea  NOT NULL PRIMARY KEY,
    id            uuid   NOT NULL,
    principal_id  uuid   NOT NULL REFERENCES principals (id),
    name          text   COLLATE "C" NOT NULL,
    project_id    uuid,
    max_role      bigint,
    create_time   bigint NOT NULL,
    expire_time   bigint,
    revoke_time   bigint,
    last_use_time bigint,
    -- Whether it counts as made with a second factor; fixed when it is made.
    mfa           boolean NOT NULL
);
CREATE UNIQUE INDEX tokens_id ON tokens (id);
CREATE INDEX tokens_principal ON tokens (principal_id, id);
CREATE INDEX tokens_project ON tokens (project_id, id) WHERE project_id IS NOT NULL;

-- One row a root: what its tree shares. The lock of everything that changes a tree's shape is the first UPDATE of it.
CREATE TABLE trees (
    root_id              uuid   NOT NULL PRIMARY KEY,
    version              bigint NOT NULL,
    max_active_sandboxes bigint,
    active_sandboxes     bigint NOT NULL,
    -- When something in it last became garbage; null: nothing to sweep.
    garbage_time         bigint,
    -- When it is next looked through for old versions and garbage.
    upkeep_time          bigint NOT NULL DEFAULT 0
);
CREATE INDEX trees_upkeep ON trees (upkeep_time);

-- A root (no parent) or a sandbox: one row each, whatever it holds. state: 0 active, 1 scheduled for deletion.
CREATE TABLE projects (
    id                      uuid   NOT NULL PRIMARY KEY,
    root_id                 uuid   NOT NULL REFERENCES trees (root_id),
    parent_id               uuid    REFERENCES projects (id),
    -- The parent's head_seq at the fork. What is read through; never moves.
    fork_seq                bigint,
    depth                   bigint NOT NULL,
    -- Bumped first in every write to its resources: the project's write lock.
    head_seq                bigint NOT NULL,
    version                 bigint NOT NULL,
    name                    text    COLLATE "C" NOT NULL,
    description             text    NOT NULL,
    color                   text    NOT NULL,
    environment             text    NOT NULL,
    concurrency             bigint,
    allow_support_access    boolean NOT NULL,
    requires_mfa            boolean NOT NULL,
    retention_policy        text    NOT NULL,
    history_retention_days  bigint,
    dataclip_retention_days bigint,
    workflow_count          bigint NOT NULL,
    collection_count        bigint NOT NULL,
    state                   bigint NOT NULL,
    delete_time             bigint,
    purge_time              bigint,
    expire_time             bigint,
    -- Bumped whenever a trigger is turned on or off, so that what was read of trigger_states can be kept until then.
    trigger_version         bigint NOT NULL DEFAULT 0,
    create_time             bigint NOT NULL,
    update_time             bigint NOT NULL,
    creator_id              uuid   NOT NULL
);
CREATE UNIQUE INDEX projects_sibling_name ON projects (parent_id, name) WHERE state = 0 AND parent_id IS NOT NULL;
CREATE INDEX projects_children ON projects (parent_id, fork_seq);
CREATE INDEX projects_tree ON projects (root_id, depth, id);
CREATE INDEX projects_name ON projects (name, id);
CREATE INDEX projects_purge ON projects (purge_time, depth) WHERE state = 1;
CREATE INDEX projects_expire ON projects (expire_time) WHERE state = 0 AND expire_time IS NOT NULL;

-- role: 1 viewer, 2 editor, 3 admin, 4 owner.
CREATE TABLE members (
    project_id   uuid   NOT NULL REFERENCES projects (id),
    principal_id uuid   NOT NULL REFERENCES principals (id),
    role         bigint NOT NULL,
    PRIMARY KEY (project_id, principal_id)
);
CREATE INDEX members_principal ON members (principal_id, project_id);
CREATE UNIQUE INDEX members_owner ON members (project_id) WHERE role = 4;

-- Documents (canonical bytes) and step bodies, by SHA-256; shared inside one tree, never across.
-- encoding: 0 as is, 1 LZ4 block.
CREATE TABLE contents (
    root_id    uuid   NOT NULL,
    hash       bytea  NOT NULL,
    encoding   bigint NOT NULL,
    size       bigint NOT NULL,
    data       bytea  NOT NULL,
    -- When a writer last relied on it; the sweep leaves fresh ones alone.
    touch_time bigint NOT NULL,
    PRIMARY KEY (root_id, hash)
);

-- Which bodies a document refers to.
CREATE TABLE content_parts (
    root_id       uuid  NOT NULL,
    document_hash bytea NOT NULL,
    part_hash     bytea NOT NULL,
    PRIMARY KEY (root_id, document_hash, part_hash)
);

-- The newest version of each resource that *this* project has touched. kind: 1 workflow, 2 collection, 3 credential link,
-- 4 config, 5 keychain.
-- An empty content_hash: deleted. base_hash (sandboxes): what it and the parent last agreed on; empty: absent there.
CREATE TABLE heads (
    project_id   uuid   NOT NULL,
    kind         bigint NOT NULL,
    id           uuid   NOT NULL,
    first_seq    bigint NOT NULL,
    seq          bigint NOT NULL,
    content_hash bytea  NOT NULL,
    base_hash    bytea,
    write_time   bigint NOT NULL,
    writer_id    uuid   NOT NULL,
    PRIMARY KEY (project_id, kind, id)
);
CREATE INDEX heads_changes ON heads (project_id, seq);
-- This index is the difference between a sandbox and its parent.
CREATE INDEX heads_unmerged ON heads (project_id, kind, id) WHERE content_hash <> base_hash;

-- Append-only history.
CREATE TABLE versions (
    project_id   uuid   NOT NULL,
    kind         bigint NOT NULL,
    id           uuid   NOT NULL,
    seq          bigint NOT NULL,
    name         text   COLLATE "C" NOT NULL,
    content_hash bytea  NOT NULL,
    prev_hash    bytea  NOT NULL,
    write_time   bigint NOT NULL,
    writer_id    uuid   NOT NULL,
    PRIMARY KEY (project_id, kind, id, seq)
);

-- What is unique in a project and who holds it, from one revision until before another (9223372036854775807: still).
-- space: a kind (the key is the resource's name), 101 custom path, 102 trigger id, 103 a guard of a trigger.
CREATE TABLE claims (
    project_id uuid   NOT NULL,
    space      bigint NOT NULL,
    key        text   COLLATE "C" NOT NULL,
    id         uuid   NOT NULL,
    since_seq  bigint NOT NULL,
    until_seq  bigint NOT NULL,
    PRIMARY KEY (project_id, space, key, id, since_seq)
);
CREATE UNIQUE INDEX claims_live ON claims (project_id, space, key) WHERE until_seq = 9223372036854775807;
CREATE INDEX claims_holder ON claims (project_id, id) WHERE until_seq = 9223372036854775807;
-- Where a credential is linked: a link's key is the credential's id.
CREATE INDEX claims_link ON claims (key) WHERE space = 3;

-- The project's log. what: write, import, merge, sync, revert, restore.
CREATE TABLE changes (
    project_id   uuid   NOT NULL,
    seq          bigint NOT NULL,
    first_seq    bigint NOT NULL,
    what         text   NOT NULL,
    source_id    uuid,
    merge_id     uuid,
    change_time  bigint NOT NULL,
    principal_id uuid   NOT NULL,
    PRIMARY KEY (project_id, seq)
);

-- What two projects that are not sandbox and own parent last agreed on. project_id < other_id.
CREATE TABLE merge_bases (
    project_id uuid   NOT NULL,
    other_id   uuid   NOT NULL,
    kind       bigint NOT NULL,
    id         uuid   NOT NULL,
    base_hash  bytea  NOT NULL,
    PRIMARY KEY (project_id, other_id, kind, id)
);
CREATE INDEX merge_bases_other ON merge_bases (other_id);

-- what: merge, sync, revert.
CREATE TABLE merges (
    id              uuid   NOT NULL PRIMARY KEY,
    root_id         uuid   NOT NULL,
    source_id       uuid   NOT NULL,
    target_id       uuid   NOT NULL,
    what            text    NOT NULL,
    merge_time      bigint NOT NULL,
    principal_id    uuid   NOT NULL,
    target_seq      bigint NOT NULL,
    retired_source  boolean NOT NULL,
    unreviewed      boolean NOT NULL,
    reverts_id      uuid,
    reverted_by_id  uuid,
    resource_count  bigint NOT NULL,
    choices         text    NOT NULL
);
CREATE INDEX merges_source ON merges (source_id, id);
CREATE INDEX merges_target ON merges (target_id, id);
CREATE INDEX merges_root ON merges (root_id, id);

-- What a merge did, key by key. Empty hashes: absent.
CREATE TABLE merge_resources (
    merge_id         uuid   NOT NULL REFERENCES merges (id),
    kind             bigint NOT NULL,
    id               uuid   NOT NULL,
    source_id        uuid   NOT NULL,
    label            text   NOT NULL,
    decision         text   NOT NULL,
    before_hash      bytea  NOT NULL,
    after_hash       bytea  NOT NULL,
    before_name      text   NOT NULL,
    after_name       text   NOT NULL,
    seq              bigint NOT NULL,
    -- What source and target agreed on before and after, so that an undo can put it back.
    base_before_hash bytea  NOT NULL,
    base_after_hash  bytea  NOT NULL,
    PRIMARY KEY (merge_id, kind, id)
);

-- Only triggers that were ever turned on in this project. suspended: was on when the project was scheduled for deletion.
CREATE TABLE trigger_states (
    project_id uuid   NOT NULL,
    trigger_id uuid   NOT NULL,
    -- The last part of its URL without a custom path, whatever its kind: see path_id in the model.
    path       uuid    NOT NULL,
    enabled    boolean NOT NULL,
    suspended  boolean NOT NULL,
    PRIMARY KEY (project_id, trigger_id)
);

-- The states of workflows that clients of OpenFn were shown, each by the digest that such a client makes of it. Shown oldest
-- first, after those that the project's ancestors had up to the fork.
CREATE TABLE workflow_versions (
    project_id  uuid   NOT NULL,
    workflow_id uuid   NOT NULL,
    -- Counts them, and orders those of one revision. Two servers that show a project at once may give one number to two.
    number      bigint NOT NULL,
    digest      text   COLLATE "C" NOT NULL,
    -- The revision that the project had of the workflow; 0: what it saw of its ancestors.
    seq         bigint NOT NULL,
    PRIMARY KEY (project_id, workflow_id, number, digest)
);

-- The answers given to mutations, for a day, so that a repeat has one effect.
CREATE TABLE idempotency (
    principal_id uuid   NOT NULL,
    request_id   text   COLLATE "C" NOT NULL,
    fingerprint  bytea  NOT NULL,
    answer       text   NOT NULL,
    create_time  bigint NOT NULL,
    PRIMARY KEY (principal_id, request_id)
);
CREATE INDEX idempotency_time ON idempotency (create_time);

-- Who did what: for each tree, and for what belongs to none (chain_id all zeros), a chain in which each event holds the hash
-- of the one before. Outlives the project and the tree.
CREATE TABLE audit_events (
    -- The root.
    chain_id     uuid   NOT NULL,
    -- 1, 2, 3, …
    position     bigint NOT NULL,
    id           uuid   NOT NULL,
    project_id   uuid,
    event_time   bigint NOT NULL,
    principal_id uuid   NOT NULL,
    token_id     uuid   NOT NULL,
    address      text   NOT NULL,
    request_id   text   NOT NULL,
    action       text   NOT NULL,
    -- What was done to, where that is neither the project nor many things: such as `workflow`, `token`. Empty: not so.
    subject_kind text   NOT NULL,
    subject_id   uuid,
    detail       text   NOT NULL,
    prev_hash    bytea  NOT NULL,
    hash         bytea  NOT NULL,
    PRIMARY KEY (chain_id, position)
);
CREATE INDEX audit_events_project ON audit_events (project_id, position) WHERE project_id IS NOT NULL;

-- Where each chain ends. The lock of everything that adds to it, and the last one that a transaction takes.
CREATE TABLE audit_chains (
    chain_id uuid   NOT NULL PRIMARY KEY,
    position bigint NOT NULL,
    hash     bytea  NOT NULL
);

-- A user's credentials. The values are in value_sets, encrypted with a data key that is here, encrypted with the master key
-- that master_key names.
CREATE TABLE credentials (
    id          uuid   NOT NULL PRIMARY KEY,
    owner_id    uuid   NOT NULL REFERENCES principals (id),
    name        text   COLLATE "C" NOT NULL,
    schema_name text   COLLATE "C" NOT NULL,
    external_id text   COLLATE "C" NOT NULL,
    -- Bumped first in every write to it or its values: its lock and its etag.
    version     bigint NOT NULL,
    master_key  text   COLLATE "C" NOT NULL,
    data_key    bytea  NOT NULL,
    create_time bigint NOT NULL,
    update_time bigint NOT NULL
);
CREATE UNIQUE INDEX credentials_name ON credentials (owner_id, name);
CREATE INDEX credentials_list ON credentials (name, id);
CREATE INDEX credentials_master_key ON credentials (master_key, id);

-- What a credential is in one environment. sealed: the values, encrypted; key_names: JSON, no secret.
CREATE TABLE value_sets (
    credential_id uuid   NOT NULL REFERENCES credentials (id),
    environment   text   COLLATE "C" NOT NULL,
    -- The credential's version that wrote it.
    version       bigint NOT NULL,
    key_names     text   COLLATE "C" NOT NULL,
    sealed        bytea  NOT NULL,
    update_time   bigint NOT NULL,
    PRIMARY KEY (credential_id, environment)
);

-- The master keys that were ever used here. proof: something known, encrypted with the key, so that another key under the
-- same id is noticed when a server starts.
CREATE TABLE master_keys (
    name        text   COLLATE "C" NOT NULL PRIMARY KEY,
    proof       bytea  NOT NULL,
    create_time bigint NOT NULL
);

-- Who works on what, until when.
CREATE TABLE leases (
    name       text   COLLATE "C" NOT NULL PRIMARY KEY,
    holder     text   NOT NULL,
    until_time bigint NOT NULL
);

-- For watching: what was written to a project, in the order of its revisions.
CREATE INDEX versions_log ON versions (project_id, seq);

-- Where a project keeps the items of one of its collections: one row from the first item on. A collection that goes leaves its
-- store behind with a detach_time; the purge worker then removes the items, batch by batch.
CREATE TABLE collection_stores (
    id            uuid   NOT NULL PRIMARY KEY,
    project_id    uuid   NOT NULL,
    collection_id uuid   NOT NULL,
    -- Of its items, exactly, while it is live. Bumped first in every write to them: their lock.
    item_count    bigint NOT NULL,
    byte_count    bigint NOT NULL,
    detach_time   bigint
);
CREATE UNIQUE INDEX collection_stores_live ON collection_stores (project_id, collection_id) WHERE detach_time IS NULL;
CREATE INDEX collection_stores_project ON collection_stores (project_id, id);
CREATE INDEX collection_stores_detached ON collection_stores (detach_time, id) WHERE detach_time IS NOT NULL;

-- size: of key and value, in bytes.
CREATE TABLE collection_items (
    store_id    uuid   NOT NULL REFERENCES collection_stores (id),
    key         text   COLLATE "C" NOT NULL,
    size        bigint NOT NULL,
    create_time bigint NOT NULL,
    update_time bigint NOT NULL,
    value       text   NOT NULL,
    PRIMARY KEY (store_id, key)
);

-- Runs of workflows. A run keeps which content it runs (content_hash), so that later edits don't reach it.
-- cause: 1 manual, 2 webhook, 3 cron. state: 1 queued, 2 running, 3 success, 4 failed, 5 crashed, 6 exception, 7 cancelled,
-- 8 killed, 9 lost.
CREATE TABLE runs (
    -- A UUID of version 7: runs are listed in the order of their ids.
    id              uuid   NOT NULL PRIMARY KEY,
    root_id         uuid   NOT NULL,
    project_id      uuid   NOT NULL REFERENCES projects (id),
    workflow_id     uuid   NOT NULL,
    workflow_name   text   COLLATE "C" NOT NULL,
    revision        bigint NOT NULL,
    content_hash    bytea  NOT NULL,
    cause           bigint NOT NULL,
    trigger_id      uuid,
    -- The step to begin with; null: as the trigger or the workflow says.
    job_id          uuid,
    dataclip_id     uuid   NOT NULL,
    -- Of the workflow, as it was then.
    concurrency     bigint,
    state           bigint NOT NULL,
    -- How often it was given to a worker.
    attempt         bigint NOT NULL,
    creator_id      uuid   NOT NULL,
    create_time     bigint NOT NULL,
    -- Who has it, and with which API token it was claimed.
    worker_id       uuid,
    worker_token_id uuid,
    claim_time      bigint,
    -- Until when the worker has it; and the latest that this can be.
    lease_time      bigint,
    deadline        bigint,
    -- When it was asked to stop.
    cancel_time     bigint,
    finish_time     bigint,
    message         text   COLLATE "C" NOT NULL,
    log_summary     text   COLLATE "C" NOT NULL,
    step_count      bigint NOT NULL,
    duration        bigint NOT NULL,
    ai_tokens       bigint NOT NULL,
    output_id       uuid
);
CREATE INDEX runs_project ON runs (project_id, id);
CREATE INDEX runs_workflow ON runs (project_id, workflow_id, id);
CREATE INDEX runs_queue ON runs (project_id, id) WHERE state = 1;
CREATE INDEX runs_running ON runs (project_id, workflow_id) WHERE state = 2;
CREATE INDEX runs_lease ON runs (lease_time, id) WHERE state = 2;
CREATE INDEX runs_finished ON runs (project_id, state, finish_time) WHERE finish_time IS NOT NULL;
CREATE INDEX runs_dataclip ON runs (dataclip_id);

-- The tokens that were given out with runs, by their SHA-256; only the newest of a run that goes on is worth anything.
CREATE TABLE run_tokens (
    hash        bytea  NOT NULL PRIMARY KEY,
    project_id  uuid   NOT NULL,
    run_id      uuid   NOT NULL,
    attempt     bigint NOT NULL,
    create_time bigint NOT NULL
);
CREATE INDEX run_tokens_project ON run_tokens (project_id, hash);
CREATE INDEX run_tokens_run ON run_tokens (run_id);

-- Projects that have or had runs. The lock of everything that puts a run into a project's queue or takes one out.
CREATE TABLE run_queues (
    project_id uuid   NOT NULL PRIMARY KEY REFERENCES projects (id),
    root_id    uuid   NOT NULL,
    queued     bigint NOT NULL,
    -- When a worker was last served from it: the one that waited longest is next.
    serve_time bigint NOT NULL
);
CREATE INDEX run_queues_next ON run_queues (serve_time, project_id) WHERE queued > 0;

-- What runs begin with and end with: JSON. kind: 1 global, 2 saved input, 3 http request, 4 step result, 5 run result.
CREATE TABLE dataclips (
    id          uuid   NOT NULL PRIMARY KEY,
    project_id  uuid   NOT NULL REFERENCES projects (id),
    kind        bigint NOT NULL,
    -- Empty: it has none, and goes when retention says so.
    name        text   COLLATE "C" NOT NULL,
    -- Empty once it was erased.
    body        text   COLLATE "C" NOT NULL,
    size        bigint NOT NULL,
    -- The run, and of a step's result the step, that made it.
    run_id      uuid,
    job_id      uuid,
    create_time bigint NOT NULL,
    creator_id  uuid   NOT NULL,
    -- When a run was last started with it, or it was made.
    touch_time  bigint NOT NULL,
    erase_time  bigint
);
CREATE INDEX dataclips_project ON dataclips (project_id, id);
CREATE INDEX dataclips_run ON dataclips (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX dataclips_old ON dataclips (project_id, touch_time) WHERE name = '';

-- What a tree may use in a period, beside sandboxes (trees); no row, or null: no limit.
CREATE TABLE allowances (
    root_id       uuid   NOT NULL PRIMARY KEY REFERENCES trees (root_id),
    max_runs      bigint,
    max_ai_tokens bigint
);

-- What a tree used in a period. One row, so that the limit on it is exact.
CREATE TABLE usage_totals (
    root_id     uuid   NOT NULL REFERENCES trees (root_id),
    -- When the period began.
    period_time bigint NOT NULL,
    runs        bigint NOT NULL,
    ai_tokens   bigint NOT NULL,
    PRIMARY KEY (root_id, period_time)
);

-- The part of each project in it, as long as there is the project.
CREATE TABLE usage_parts (
    project_id  uuid   NOT NULL REFERENCES projects (id),
    period_time bigint NOT NULL,
    root_id     uuid   NOT NULL,
    runs        bigint NOT NULL,
    ai_tokens   bigint NOT NULL,
    PRIMARY KEY (project_id, period_time)
);
CREATE INDEX usage_parts_root ON usage_parts (root_id, period_time);

-- Who users are to the issuer that they sign in at. Their row in tokens has the hash of issuer and subject.
CREATE TABLE identities (
    token_id     uuid NOT NULL PRIMARY KEY,
    principal_id uuid NOT NULL REFERENCES principals (id),
    issuer       text COLLATE "C" NOT NULL,
    subject      text COLLATE "C" NOT NULL,
    create_time  bigint NOT NULL
);
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);

-- Webhook auth methods: what a tree's webhook triggers ask of who calls them. They belong to the root, and every project of
-- the tree names them by id. kind: 1 basic, 2 api key. sealed: user name and password, or the key, encrypted with a data key
-- that is here, encrypted with the master key that master_key names.
CREATE TABLE webhook_auth_methods (
    root_id     uuid   NOT NULL REFERENCES trees (root_id),
    id          uuid   NOT NULL,
    name        text   COLLATE "C" NOT NULL,
    kind        bigint NOT NULL,
    -- Bumped when it is renamed: its etag. Its row is its lock.
    version     bigint NOT NULL,
    master_key  text   COLLATE "C" NOT NULL,
    data_key    bytea  NOT NULL,
    sealed      bytea  NOT NULL,
    create_time bigint NOT NULL,
    update_time bigint NOT NULL,
    PRIMARY KEY (root_id, id)
);
CREATE UNIQUE INDEX webhook_auth_methods_name ON webhook_auth_methods (root_id, name);
CREATE INDEX webhook_auth_methods_master_key ON webhook_auth_methods (master_key);
-- Which triggers a method guards, anywhere: a claim's key is the method's id and the trigger's.
CREATE INDEX claims_guard ON claims (key) WHERE space = 103;
-- Only a trigger that is on can be called, so that nothing need be kept of the paths of all the others.
CREATE INDEX trigger_states_path ON trigger_states (path) WHERE enabled;
