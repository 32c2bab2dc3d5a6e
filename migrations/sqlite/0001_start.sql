-- Times are microseconds since 1970 UTC. Names and keys sort by byte, on every engine alike.
-- The same tables, columns and indexes as ../postgres/0001_start.sql; the store suite compares the two.

-- Users and service accounts. kind: 1 user, 2 service account, 3 support.
CREATE TABLE principals (
    id            BLOB    NOT NULL PRIMARY KEY,
    kind          INTEGER  NOT NULL,
    name          TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    administrator INTEGER NOT NULL,
    create_time   INTEGER  NOT NULL
) STRICT;
CREATE UNIQUE INDEX principals_email ON principals (email) WHERE email <> '';
CREATE INDEX principals_name ON principals (name, id);

-- Bearer tokens, by the SHA-256 of their TEXT. The TEXT itself is nowhere.
CREATE TABLE tokens (
    hash          BLOB  NOT NULL PRIMARY KEY,
    id            BLOB   NOT NULL,
    principal_id  BLOB   NOT NULL REFERENCES principals (id),
    name          TEXT   NOT NULL,
    project_id    BLOB,
    max_role      INTEGER,
    create_time   INTEGER NOT NULL,
    expire_time   INTEGER,
    revoke_time   INTEGER,
    last_use_time INTEGER,
    -- Whether it counts as made with a second factor; fixed when it is made.
    mfa           INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_id ON tokens (id);
CREATE INDEX tokens_principal ON tokens (principal_id, id);
CREATE INDEX tokens_project ON tokens (project_id, id) WHERE project_id IS NOT NULL;

-- One row a root: what its tree shares. The lock of everything that changes a tree's shape is the first UPDATE of it.
CREATE TABLE trees (
    root_id              BLOB   NOT NULL PRIMARY KEY,
    version              INTEGER NOT NULL,
    max_active_sandboxes INTEGER,
    active_sandboxes     INTEGER NOT NULL,
    -- When something in it last became garbage; null: nothing to sweep.
    garbage_time         INTEGER,
    -- When it is next looked through for old versions and garbage.
    upkeep_time          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX trees_upkeep ON trees (upkeep_time);

-- A root (no parent) or a sandbox: one row each, whatever it holds. state: 0 active, 1 scheduled for deletion.
CREATE TABLE projects (
    id                      BLOB    NOT NULL PRIMARY KEY,
    root_id                 BLOB    NOT NULL REFERENCES trees (root_id),
    parent_id               BLOB    REFERENCES projects (id),
    -- The parent's head_seq at the fork. What is read through; never moves.
    fork_seq                INTEGER,
    depth                   INTEGER  NOT NULL,
    -- Bumped first in every write to its resources: the project's write lock.
    head_seq                INTEGER  NOT NULL,
    version                 INTEGER  NOT NULL,
    name                    TEXT    NOT NULL,
    description             TEXT    NOT NULL,
    color                   TEXT    NOT NULL,
    environment             TEXT    NOT NULL,
    concurrency             INTEGER,
    allow_support_access    INTEGER NOT NULL,
    requires_mfa            INTEGER NOT NULL,
    retention_policy        TEXT    NOT NULL,
    history_retention_days  INTEGER,
    dataclip_retention_days INTEGER,
    workflow_count          INTEGER  NOT NULL,
    collection_count        INTEGER  NOT NULL,
    state                   INTEGER  NOT NULL,
    delete_time             INTEGER,
    purge_time              INTEGER,
    expire_time             INTEGER,
    -- Bumped whenever a trigger is turned on or off, so that what was read of trigger_states can be kept until then.
    trigger_version         INTEGER  NOT NULL DEFAULT 0,
    create_time             INTEGER  NOT NULL,
    update_time             INTEGER  NOT NULL,
    creator_id              BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX projects_sibling_name ON projects (parent_id, name) WHERE state = 0 AND parent_id IS NOT NULL;
CREATE INDEX projects_children ON projects (parent_id, fork_seq);
CREATE INDEX projects_tree ON projects (root_id, depth, id);
CREATE INDEX projects_name ON projects (name, id);
CREATE INDEX projects_purge ON projects (purge_time, depth) WHERE state = 1;
CREATE INDEX projects_expire ON projects (expire_time) WHERE state = 0 AND expire_time IS NOT NULL;

-- role: 1 viewer, 2 editor, 3 admin, 4 owner.
CREATE TABLE members (
    project_id   BLOB   NOT NULL REFERENCES projects (id),
    principal_id BLOB   NOT NULL REFERENCES principals (id),
    role         INTEGER NOT NULL,
    PRIMARY KEY (project_id, principal_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_principal ON members (principal_id, project_id);
CREATE UNIQUE INDEX members_owner ON members (project_id) WHERE role = 4;

-- Documents (canonical bytes) and step bodies, by SHA-256; shared inside one tree, never across.
-- encoding: 0 as is, 1 LZ4 block.
CREATE TABLE contents (
    root_id    BLOB   NOT NULL,
    hash       BLOB  NOT NULL,
    encoding   INTEGER NOT NULL,
    size       INTEGER NOT NULL,
    data       BLOB  NOT NULL,
    -- When a writer last relied on it; the sweep leaves fresh ones alone.
    touch_time INTEGER NOT NULL,
    PRIMARY KEY (root_id, hash)
) STRICT;

-- Which bodies a document refers to.
CREATE TABLE content_parts (
    root_id       BLOB  NOT NULL,
    document_hash BLOB NOT NULL,
    part_hash     BLOB NOT NULL,
    PRIMARY KEY (root_id, document_hash, part_hash)
) STRICT, WITHOUT ROWID;

-- The newest version of each resource that *this* project has touched. kind: 1 workflow, 2 collection, 3 credential link,
-- 4 config, 5 keychain.
-- An empty content_hash: deleted. base_hash (sandboxes): what it and the parent last agreed on; empty: absent there.
CREATE TABLE heads (
    project_id   BLOB   NOT NULL,
    kind         INTEGER NOT NULL,
    id           BLOB   NOT NULL,
    first_seq    INTEGER NOT NULL,
    seq          INTEGER NOT NULL,
    content_hash BLOB  NOT NULL,
    base_hash    BLOB,
    write_time   INTEGER NOT NULL,
    writer_id    BLOB   NOT NULL,
    PRIMARY KEY (project_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX heads_changes ON heads (project_id, seq);
-- This index is the difference between a sandbox and its parent.
CREATE INDEX heads_unmerged ON heads (project_id, kind, id) WHERE content_hash <> base_hash;

-- Append-only history.
CREATE TABLE versions (
    project_id   BLOB   NOT NULL,
    kind         INTEGER NOT NULL,
    id           BLOB   NOT NULL,
    seq          INTEGER NOT NULL,
    name         TEXT   NOT NULL,
    content_hash BLOB  NOT NULL,
    prev_hash    BLOB  NOT NULL,
    write_time   INTEGER NOT NULL,
    writer_id    BLOB   NOT NULL,
    PRIMARY KEY (project_id, kind, id, seq)
) STRICT, WITHOUT ROWID;

-- What is unique in a project and who holds it, from one revision until before another (9223372036854775807: still).
-- space: a kind (the key is the resource's name), 101 custom path, 102 trigger id, 103 a guard of a trigger.
CREATE TABLE claims (
    project_id BLOB   NOT NULL,
    space      INTEGER NOT NULL,
    key        TEXT   NOT NULL,
    id         BLOB   NOT NULL,
    since_seq  INTEGER NOT NULL,
    until_seq  INTEGER NOT NULL,
    PRIMARY KEY (project_id, space, key, id, since_seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX claims_live ON claims (project_id, space, key) WHERE until_seq = 9223372036854775807;
CREATE INDEX claims_holder ON claims (project_id, id) WHERE until_seq = 9223372036854775807;
-- Where a credential is linked: a link's key is the credential's id.
CREATE INDEX claims_link ON claims (key) WHERE space = 3;

-- The project's log. what: write, import, merge, sync, revert, restore.
CREATE TABLE changes (
    project_id   BLOB   NOT NULL,
    seq          INTEGER NOT NULL,
    first_seq    INTEGER NOT NULL,
    what         TEXT   NOT NULL,
    source_id    BLOB,
    merge_id     BLOB,
    change_time  INTEGER NOT NULL,
    principal_id BLOB   NOT NULL,
    PRIMARY KEY (project_id, seq)
) STRICT, WITHOUT ROWID;

-- What two projects that are not sandbox and own parent last agreed on. project_id < other_id.
CREATE TABLE merge_bases (
    project_id BLOB   NOT NULL,
    other_id   BLOB   NOT NULL,
    kind       INTEGER NOT NULL,
    id         BLOB   NOT NULL,
    base_hash  BLOB  NOT NULL,
    PRIMARY KEY (project_id, other_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX merge_bases_other ON merge_bases (other_id);

-- what: merge, sync, revert.
CREATE TABLE merges (
    id              BLOB    NOT NULL PRIMARY KEY,
    root_id         BLOB    NOT NULL,
    source_id       BLOB    NOT NULL,
    target_id       BLOB    NOT NULL,
    what            TEXT    NOT NULL,
    merge_time      INTEGER  NOT NULL,
    principal_id    BLOB    NOT NULL,
    target_seq      INTEGER  NOT NULL,
    retired_source  INTEGER NOT NULL,
    unreviewed      INTEGER NOT NULL,
    reverts_id      BLOB,
    reverted_by_id  BLOB,
    resource_count  INTEGER  NOT NULL,
    choices         TEXT    NOT NULL
) STRICT;
CREATE INDEX merges_source ON merges (source_id, id);
CREATE INDEX merges_target ON merges (target_id, id);
CREATE INDEX merges_root ON merges (root_id, id);

-- What a merge did, key by key. Empty hashes: absent.
CREATE TABLE merge_resources (
    merge_id         BLOB   NOT NULL REFERENCES merges (id),
    kind             INTEGER NOT NULL,
    id               BLOB   NOT NULL,
    source_id        BLOB   NOT NULL,
    label            TEXT   NOT NULL,
    decision         TEXT   NOT NULL,
    before_hash      BLOB  NOT NULL,
    after_hash       BLOB  NOT NULL,
    before_name      TEXT   NOT NULL,
    after_name       TEXT   NOT NULL,
    seq              INTEGER NOT NULL,
    -- What source and target agreed on before and after, so that an undo can put it back.
    base_before_hash BLOB  NOT NULL,
    base_after_hash  BLOB  NOT NULL,
    PRIMARY KEY (merge_id, kind, id)
) STRICT, WITHOUT ROWID;

-- Only triggers that were ever turned on in this project. suspended: was on when the project was scheduled for deletion.
CREATE TABLE trigger_states (
    project_id BLOB    NOT NULL,
    trigger_id BLOB    NOT NULL,
    -- The last part of its URL without a custom path, whatever its kind: see path_id in the model.
    path       BLOB    NOT NULL,
    enabled    INTEGER NOT NULL,
    suspended  INTEGER NOT NULL,
    PRIMARY KEY (project_id, trigger_id)
) STRICT, WITHOUT ROWID;

-- The states of workflows that clients of OpenFn were shown, each by the digest that such a client makes of it. Shown oldest
-- first, after those that the project's ancestors had up to the fork.
CREATE TABLE workflow_versions (
    project_id  BLOB    NOT NULL,
    workflow_id BLOB    NOT NULL,
    -- Counts them, and orders those of one revision. Two servers that show a project at once may give one number to two.
    number      INTEGER NOT NULL,
    digest      TEXT    NOT NULL,
    -- The revision that the project had of the workflow; 0: what it saw of its ancestors.
    seq         INTEGER NOT NULL,
    PRIMARY KEY (project_id, workflow_id, number, digest)
) STRICT, WITHOUT ROWID;

-- The answers given to mutations, for a day, so that a repeat has one effect.
CREATE TABLE idempotency (
    principal_id BLOB   NOT NULL,
    request_id   TEXT   NOT NULL,
    fingerprint  BLOB  NOT NULL,
    answer       TEXT   NOT NULL,
    create_time  INTEGER NOT NULL,
    PRIMARY KEY (principal_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_time ON idempotency (create_time);

-- Who did what: for each tree, and for what belongs to none (chain_id all zeros), a chain in which each event holds the hash
-- of the one before. Outlives the project and the tree.
CREATE TABLE audit_events (
    -- The root.
    chain_id     BLOB    NOT NULL,
    -- 1, 2, 3, …
    position     INTEGER NOT NULL,
    id           BLOB    NOT NULL,
    project_id   BLOB,
    event_time   INTEGER NOT NULL,
    principal_id BLOB    NOT NULL,
    token_id     BLOB    NOT NULL,
    address      TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    -- What was done to, where that is neither the project nor many things: such as `workflow`, `token`. Empty: not so.
    subject_kind TEXT    NOT NULL,
    subject_id   BLOB,
    detail       TEXT    NOT NULL,
    prev_hash    BLOB    NOT NULL,
    hash         BLOB    NOT NULL,
    PRIMARY KEY (chain_id, position)
) STRICT;
CREATE INDEX audit_events_project ON audit_events (project_id, position) WHERE project_id IS NOT NULL;

-- Where each chain ends. The lock of everything that adds to it, and the last one that a transaction takes.
CREATE TABLE audit_chains (
    chain_id BLOB    NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    hash     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

-- A user's credentials. The values are in value_sets, encrypted with a data key that is here, encrypted with the master key
-- that master_key names.
CREATE TABLE credentials (
    id          BLOB   NOT NULL PRIMARY KEY,
    owner_id    BLOB   NOT NULL REFERENCES principals (id),
    name        TEXT   NOT NULL,
    schema_name TEXT   NOT NULL,
    external_id TEXT   NOT NULL,
    -- Bumped first in every write to it or its values: its lock and its etag.
    version     INTEGER NOT NULL,
    master_key  TEXT   NOT NULL,
    data_key    BLOB  NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX credentials_name ON credentials (owner_id, name);
CREATE INDEX credentials_list ON credentials (name, id);
CREATE INDEX credentials_master_key ON credentials (master_key, id);

-- What a credential is in one environment. sealed: the values, encrypted; key_names: JSON, no secret.
CREATE TABLE value_sets (
    credential_id BLOB   NOT NULL REFERENCES credentials (id),
    environment   TEXT   NOT NULL,
    -- The credential's version that wrote it.
    version       INTEGER NOT NULL,
    key_names     TEXT   NOT NULL,
    sealed        BLOB  NOT NULL,
    update_time   INTEGER NOT NULL,
    PRIMARY KEY (credential_id, environment)
) STRICT;

-- The master keys that were ever used here. proof: something known, encrypted with the key, so that another key under the
-- same id is noticed when a server starts.
CREATE TABLE master_keys (
    name        TEXT   NOT NULL PRIMARY KEY,
    proof       BLOB  NOT NULL,
    create_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who works on what, until when.
CREATE TABLE leases (
    name       TEXT   NOT NULL PRIMARY KEY,
    holder     TEXT   NOT NULL,
    until_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- For watching: what was written to a project, in the order of its revisions.
CREATE INDEX versions_log ON versions (project_id, seq);

-- Where a project keeps the items of one of its collections: one row from the first item on. A collection that goes leaves its
-- store behind with a detach_time; the purge worker then removes the items, batch by batch.
CREATE TABLE collection_stores (
    id            BLOB    NOT NULL PRIMARY KEY,
    project_id    BLOB    NOT NULL,
    collection_id BLOB    NOT NULL,
    -- Of its items, exactly, while it is live. Bumped first in every write to them: their lock.
    item_count    INTEGER NOT NULL,
    byte_count    INTEGER NOT NULL,
    detach_time   INTEGER
) STRICT;
CREATE UNIQUE INDEX collection_stores_live ON collection_stores (project_id, collection_id) WHERE detach_time IS NULL;
CREATE INDEX collection_stores_project ON collection_stores (project_id, id);
CREATE INDEX collection_stores_detached ON collection_stores (detach_time, id) WHERE detach_time IS NOT NULL;

-- size: of key and value, in bytes.
CREATE TABLE collection_items (
    store_id    BLOB    NOT NULL REFERENCES collection_stores (id),
    key         TEXT    NOT NULL,
    size        INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    value       TEXT    NOT NULL,
    PRIMARY KEY (store_id, key)
) STRICT;

-- Runs of workflows. A run keeps which content it runs (content_hash), so that later edits don't reach it.
-- cause: 1 manual, 2 webhook, 3 cron. state: 1 queued, 2 running, 3 success, 4 failed, 5 crashed, 6 exception, 7 cancelled,
-- 8 killed, 9 lost.
CREATE TABLE runs (
    -- A UUID of version 7: runs are listed in the order of their ids.
    id              BLOB   NOT NULL PRIMARY KEY,
    root_id         BLOB   NOT NULL,
    project_id      BLOB   NOT NULL REFERENCES projects (id),
    workflow_id     BLOB   NOT NULL,
    workflow_name   TEXT   NOT NULL,
    revision        INTEGER NOT NULL,
    content_hash    BLOB   NOT NULL,
    cause           INTEGER NOT NULL,
    trigger_id      BLOB,
    -- The step to begin with; null: as the trigger or the workflow says.
    job_id          BLOB,
    dataclip_id     BLOB   NOT NULL,
    -- Of the workflow, as it was then.
    concurrency     INTEGER,
    state           INTEGER NOT NULL,
    -- How often it was given to a worker.
    attempt         INTEGER NOT NULL,
    creator_id      BLOB   NOT NULL,
    create_time     INTEGER NOT NULL,
    -- Who has it, and with which API token it was claimed.
    worker_id       BLOB,
    worker_token_id BLOB,
    claim_time      INTEGER,
    -- Until when the worker has it; and the latest that this can be.
    lease_time      INTEGER,
    deadline        INTEGER,
    -- When it was asked to stop.
    cancel_time     INTEGER,
    finish_time     INTEGER,
    message         TEXT   NOT NULL,
    log_summary     TEXT   NOT NULL,
    step_count      INTEGER NOT NULL,
    duration        INTEGER NOT NULL,
    ai_tokens       INTEGER NOT NULL,
    output_id       BLOB
) STRICT;
CREATE INDEX runs_project ON runs (project_id, id);
CREATE INDEX runs_workflow ON runs (project_id, workflow_id, id);
CREATE INDEX runs_queue ON runs (project_id, id) WHERE state = 1;
CREATE INDEX runs_running ON runs (project_id, workflow_id) WHERE state = 2;
CREATE INDEX runs_lease ON runs (lease_time, id) WHERE state = 2;
CREATE INDEX runs_finished ON runs (project_id, state, finish_time) WHERE finish_time IS NOT NULL;
CREATE INDEX runs_dataclip ON runs (dataclip_id);

-- The tokens that were given out with runs, by their SHA-256; only the newest of a run that goes on is worth anything.
CREATE TABLE run_tokens (
    hash        BLOB   NOT NULL PRIMARY KEY,
    project_id  BLOB   NOT NULL,
    run_id      BLOB   NOT NULL,
    attempt     INTEGER NOT NULL,
    create_time INTEGER NOT NULL
) STRICT;
CREATE INDEX run_tokens_project ON run_tokens (project_id, hash);
CREATE INDEX run_tokens_run ON run_tokens (run_id);

-- Projects that have or had runs. The lock of everything that puts a run into a project's queue or takes one out.
CREATE TABLE run_queues (
    project_id BLOB   NOT NULL PRIMARY KEY REFERENCES projects (id),
    root_id    BLOB   NOT NULL,
    queued     INTEGER NOT NULL,
    -- When a worker was last served from it: the one that waited longest is next.
    serve_time INTEGER NOT NULL
) STRICT;
CREATE INDEX run_queues_next ON run_queues (serve_time, project_id) WHERE queued > 0;

-- What runs begin with and end with: JSON. kind: 1 global, 2 saved input, 3 http request, 4 step result, 5 run result.
CREATE TABLE dataclips (
    id          BLOB   NOT NULL PRIMARY KEY,
    project_id  BLOB   NOT NULL REFERENCES projects (id),
    kind        INTEGER NOT NULL,
    -- Empty: it has none, and goes when retention says so.
    name        TEXT   NOT NULL,
    -- Empty once it was erased.
    body        TEXT   NOT NULL,
    size        INTEGER NOT NULL,
    -- The run, and of a step's result the step, that made it.
    run_id      BLOB,
    job_id      BLOB,
    create_time INTEGER NOT NULL,
    creator_id  BLOB   NOT NULL,
    -- When a run was last started with it, or it was made.
    touch_time  INTEGER NOT NULL,
    erase_time  INTEGER
) STRICT;
CREATE INDEX dataclips_project ON dataclips (project_id, id);
CREATE INDEX dataclips_run ON dataclips (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX dataclips_old ON dataclips (project_id, touch_time) WHERE name = '';

-- What a tree may use in a period, beside sandboxes (trees); no row, or null: no limit.
CREATE TABLE allowances (
    root_id       BLOB    NOT NULL PRIMARY KEY REFERENCES trees (root_id),
    max_runs      INTEGER,
    max_ai_tokens INTEGER
) STRICT;

-- What a tree used in a period. One row, so that the limit on it is exact.
CREATE TABLE usage_totals (
    root_id     BLOB    NOT NULL REFERENCES trees (root_id),
    -- When the period began.
    period_time INTEGER NOT NULL,
    runs        INTEGER NOT NULL,
    ai_tokens   INTEGER NOT NULL,
    PRIMARY KEY (root_id, period_time)
) STRICT;

-- The part of each project in it, as long as there is the project.
CREATE TABLE usage_parts (
    project_id  BLOB    NOT NULL REFERENCES projects (id),
    period_time INTEGER NOT NULL,
    root_id     BLOB    NOT NULL,
    runs        INTEGER NOT NULL,
    ai_tokens   INTEGER NOT NULL,
    PRIMARY KEY (project_id, period_time)
) STRICT;
CREATE INDEX usage_parts_root ON usage_parts (root_id, period_time);

-- Who users are to the issuer that they sign in at. Their row in tokens has the hash of issuer and subject.
CREATE TABLE identities (
    token_id     BLOB NOT NULL PRIMARY KEY,
    principal_id BLOB NOT NULL REFERENCES principals (id),
    issuer       TEXT NOT NULL,
    subject      TEXT NOT NULL,
    create_time  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);

-- Webhook auth methods: what a tree's webhook triggers ask of who calls them. They belong to the root, and every project of
-- the tree names them by id. kind: 1 basic, 2 api key. sealed: user name and password, or the key, encrypted with a data key
-- that is here, encrypted with the master key that master_key names.
CREATE TABLE webhook_auth_methods (
    root_id     BLOB   NOT NULL REFERENCES trees (root_id),
    id          BLOB   NOT NULL,
    name        TEXT NOT NULL,
    kind        INTEGER NOT NULL,
    -- Bumped when it is renamed: its etag. Its row is its lock.
    version     INTEGER NOT NULL,
    master_key  TEXT NOT NULL,
    data_key    BLOB  NOT NULL,
    sealed      BLOB  NOT NULL,
    create_time INTEGER NOT NULL,
    update_time INTEGER NOT NULL,
    PRIMARY KEY (root_id, id)
) STRICT;
CREATE UNIQUE INDEX webhook_auth_methods_name ON webhook_auth_methods (root_id, name);
CREATE INDEX webhook_auth_methods_master_key ON webhook_auth_methods (master_key);
-- Which triggers a method guards, anywhere: a claim's key is the method's id and the trigger's.
CREATE INDEX claims_guard ON claims (key) WHERE space = 103;
-- Only a trigger that is on can be called, so that nothing need be kept of the paths of all the others.
CREATE INDEX trigger_states_path ON trigger_states (path) WHERE enabled;
