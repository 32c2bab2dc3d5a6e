//! A server with a project, a sandbox of it and their owner, and ways to call it as clients of `OpenFn` do.

use std::path::{Path, PathBuf};

use sandbar_client::v1::{
    CreateCredentialRequest, CreateSandboxRequest, Credential, GetWorkflowRequest, Principal, PrincipalKind,
    Workflow, get_workflow_request,
};
use sandbar_tests::{Server, User, import};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
};
use url::Url;

/// What everything here begins with.
pub(crate) struct Stage {
    pub(crate) owner: User,
    pub(crate) project: String,
    pub(crate) sandbox: String,
    endpoint: Url,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Lower-case, with the status line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// What is said, when it has to be a refusal with this status and reason.
    pub(crate) fn refused(&self, status: u16, reason: &str) -> Value {
        let said = self.json();
        assert_eq!((self.status, said["reason"].as_str()), (status, Some(reason)), "{said}");
        said
    }

    /// What is said, when it has to be an answer.
    pub(crate) fn good(&self) -> Value {
        assert!(self.status < 300, "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self.json()
    }
}

impl Stage {
    pub(crate) async fn build(server: &Server) -> Self {
        let (name, email) = ("ana".to_owned(), "ana@example.org".to_owned());
        let kind = PrincipalKind::User.into();
        let owner = server.somebody(Principal { kind, name, email, ..Default::default() }).await;
        credential(&owner, "DHIS2 prod").await;
        let project = import(&owner.client, here().join("project.json")).await;
        let sandbox = sandbox(&owner, &project, "fix").await;
        Self { owner, project, sandbox, endpoint: server.endpoint().parse().unwrap() }
    }

    /// Calls with the owner's token.
    pub(crate) async fn call(&self, way: &str, place: &str, body: &[u8]) -> Answer {
        let kind = "content-type: application/json\r\n";
        self.call_as(&self.owner.token, way, place, (kind, body)).await
    }

    /// Calls with a token and more headers.
    pub(crate) async fn call_as(
        &self,
        token: &str,
        way: &str,
        place: &str,
        (headers, body): (&str, &[u8]),
    ) -> Answer {
        let length = body.len();
        let head = format!(
            "{way} {place} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             {headers}content-length: {length}\r\n\r\n"
        );
        self.exchange(&[head.as_bytes(), body].concat()).await
    }

    /// Sends these bytes, and takes what comes until the other end is closed.
    pub(crate) async fn exchange(&self, request: &[u8]) -> Answer {
        let address = (self.endpoint.host_str().unwrap(), self.endpoint.port().unwrap());
        let (mut reading, mut writing) = TcpStream::connect(address).await.unwrap().into_split();
        let request = request.to_vec();
        // Who refuses a body need not take all of it.
        let sending = tokio::spawn(async move { writing.write_all(&request).await.map(|()| writing) });
        let mut answer = Vec::new();
        let ended = reading.read_to_end(&mut answer).await;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {ended:?} {}", String::from_utf8_lossy(&answer)));
        sending.abort();
        let head = String::from_utf8(answer[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: answer[end + 4..].to_vec() }
    }

    /// The project as its clients get it.
    pub(crate) async fn state(&self, project: &str) -> Value {
        self.call("GET", &format!("/api/provision/{project}"), b"").await.good()["data"].take()
    }

    /// One of the project's workflows, over gRPC.
    pub(crate) async fn workflow(&self, id: &str) -> Workflow {
        let workflow = Some(get_workflow_request::Workflow::WorkflowId(id.to_owned()));
        let request = GetWorkflowRequest { project_id: self.project.clone(), workflow, revision: 0 };
        self.owner.client.workflows().get_workflow(request).await.unwrap().workflow.unwrap()
    }

    /// Deploys it.
    pub(crate) async fn post(&self, state: &Value) -> Answer {
        self.call("POST", "/api/provision/", state.to_string().as_bytes()).await
    }

    /// What a user does with `OpenFn`'s own library: a flow of `flows.mjs`, which must go well.
    pub(crate) async fn flow(&self, name: &str) {
        let folder = tempfile::tempdir().unwrap();
        for file in ["flows.mjs", "workspace.mjs"] {
            std::fs::copy(here().join(file), folder.path().join(file)).unwrap();
        }
        std::os::unix::fs::symlink(packages(), folder.path().join("node_modules")).unwrap();
        let ran = Command::new("node")
            .arg(folder.path().join("flows.mjs"))
            .arg(name)
            .env("TMPDIR", folder.path())
            .env("ENDPOINT", self.endpoint.as_str())
            .env("TOKEN", &self.owner.token)
            .env("PROJECT", &self.project)
            .env("SANDBOX", &self.sandbox)
            .output()
            .await
            .expect("node can't be started; scripts/test installs it");
        let said = [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(ran.status.success(), "{name}:\n{}", said.concat());
    }
}

/// A credential of theirs, without values.
pub(crate) async fn credential(owner: &User, name: &str) {
    let named = Credential { name: name.to_owned(), schema: "dhis2".to_owned(), ..Default::default() };
    let request = CreateCredentialRequest { credential: Some(named), ..Default::default() };
    owner.client.credentials().create_credential(request).await.unwrap();
}

/// A sandbox.
pub(crate) async fn sandbox(owner: &User, parent: &str, name: &str) -> String {
    let (parent_id, name) = (parent.to_owned(), name.to_owned());
    let request = CreateSandboxRequest { parent_id, name, ..Default::default() };
    owner.client.sandboxes().create_sandbox(request).await.unwrap().sandbox.unwrap().id
}

/// The workflow of this name.
pub(crate) fn workflow<'a>(state: &'a mut Value, name: &str) -> &'a mut Value {
    let mut all = state["workflows"].as_array_mut().unwrap().iter_mut();
    all.find(|one| one["name"] == name).unwrap_or_else(|| panic!("no workflow {name}"))
}

/// A state with nothing in it but this.
pub(crate) fn only(project: &str, key: &str, entries: &Value) -> Value {
    json!({ "id": project, "name": "health", key: entries })
}

pub(crate) fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openfn")
}

fn packages() -> PathBuf {
    let installed = here().join("../../target/tools/openfn");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
    let lock = |folder: &Path| read(&folder.join("package-lock.json"));
    let packages = installed.join("node_modules");
    let fits = lock(&installed) == lock(&here()) && packages.join("@openfn/project").is_dir();
    assert!(fits, "OpenFn's library is not in {}; scripts/test installs it", installed.display());
    packages.canonicalize().unwrap()
}
