//! A session: the server that was asked for, and how to print what it answers.

use jiff::Timestamp;
use sandbar_client::Client;
use sandbar_client::secrecy::SecretString;
use sandbar_client::v1::{ListProjectsRequest, ListWorkflowsRequest, Project, WorkflowSummary};

use crate::args::Globals;
use crate::context::{self, Context, Contexts};
use crate::failure::Failure;
use crate::output::Out;
use crate::resolve::{self, Prefer};

/// How many items of a list come with one call.
const PAGE_SIZE: i32 = 500;

/// What a command works with.
#[derive(Debug)]
pub(crate) struct Session {
    /// The connection.
    pub(crate) client: Client,
    /// The server's URL.
    pub(crate) server: String,
    /// Where results go.
    pub(crate) out: Out,
    /// When the command began; times are shown relative to it.
    pub(crate) now: Timestamp,
    /// The flags that lead to the same server again, for commands that are printed for a person to run.
    pub(crate) again: Vec<String>,
}

impl Session {
    /// Connects to the server that flags, environment or context name.
    pub(crate) async fn open(globals: &Globals) -> Result<Self, Failure> {
        let contexts = Contexts::load(&context::path()?)?;
        let (server, token) = target(globals, &contexts)?;
        let client = connect(globals, server.clone(), token).await?;
        let mut again = Vec::new();
        for (flag, value) in [("--context", &globals.context), ("--server", &globals.server)] {
            again.extend(value.iter().flat_map(|value| [flag.to_owned(), value.clone()]));
        }
        Ok(Self { client, server, out: Out(globals.output), now: Timestamp::now(), again })
    }

    /// The id of the project that a UUID, name or path means.
    pub(crate) async fn project(&self, reference: &str) -> Result<String, Failure> {
        self.find(reference, Prefer::Active).await
    }

    /// The same among those that are scheduled for deletion first, for restoring.
    pub(crate) async fn scheduled_project(&self, reference: &str) -> Result<String, Failure> {
        self.find(reference, Prefer::Scheduled).await
    }

    async fn find(&self, reference: &str, prefer: Prefer) -> Result<String, Failure> {
        if let Some(id) = resolve::uuid(reference) {
            return Ok(id);
        }
        let request =
            ListProjectsRequest { page_size: PAGE_SIZE, show_scheduled: true, ..Default::default() };
        let projects: Vec<Project> = self.client.list(request).all().await?;
        resolve::project(&projects, reference, prefer).map(|project| project.id.clone())
    }

    /// The workflow that a UUID or name means.
    pub(crate) async fn workflow(
        &self,
        project_id: &str,
        reference: &str,
    ) -> Result<WorkflowSummary, Failure> {
        let id = resolve::uuid(reference);
        let request = ListWorkflowsRequest {
            project_id: project_id.to_owned(),
            page_size: PAGE_SIZE,
            ..Default::default()
        };
        let mut workflows = self.client.list(request);
        while let Some(workflow) = workflows.next().await {
            let workflow = workflow?;
            if workflow.name == reference || Some(&workflow.id) == id.as_ref() {
                return Ok(workflow);
            }
        }
        Err(Failure::Here(format!(
            "the project has no workflow {reference:?}; see `sandbar workflow list`, and name a deleted one by its id"
        )))
    }
}

/// Connects with the settings of the command line.
pub(crate) async fn connect(
    globals: &Globals,
    server: String,
    token: SecretString,
) -> Result<Client, Failure> {
    let builder = Client::builder()
        .deadline(globals.timeout)
        .connect_timeout(globals.timeout.min(std::time::Duration::from_secs(10)))
        .user_agent(concat!("sandbar-cli/", env!("CARGO_PKG_VERSION")));
    Ok(builder.connect(server, token).await?)
}

/// Which server to ask with which token. A context's token is never sent to another server than the context's.
fn target(globals: &Globals, contexts: &Contexts) -> Result<(String, SecretString), Failure> {
    // With both given, a context that is missing or broken does not matter unless it is named.
    let context = match (&globals.server, &globals.token, &globals.context) {
        (Some(_), Some(_), None) => None,
        (_, _, name) => contexts.pick(name.as_deref())?,
    };
    let server = globals.server.clone().or_else(|| context.map(|context| context.server.clone()));
    let server = server.ok_or_else(|| {
        Failure::Usage(
            "no server is known; run `sandbar login --server URL`, or set SANDBAR_SERVER".to_owned(),
        )
    })?;
    let of_context = |context: &Context| (context.server == server).then(|| context.token.clone());
    let token = globals.token.clone().or_else(|| context.and_then(of_context));
    let token = token.ok_or_else(|| {
        Failure::Usage(format!("no token for {server} is known; run `sandbar login`, or set SANDBAR_TOKEN"))
    })?;
    Ok((server, token))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use sandbar_client::secrecy::ExposeSecret;

    use super::*;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        globals: Globals,
    }

    fn contexts() -> Contexts {
        let context = Context { server: "http://a".to_owned(), token: SecretString::from("of-a") };
        Contexts { current: Some("a".to_owned()), contexts: [("a".to_owned(), context)].into() }
    }

    fn asked(flags: &[&str]) -> Result<(String, String), Failure> {
        let asked = Flags::parse_from([&["sandbar"], flags].concat());
        target(&asked.globals, &contexts()).map(|(server, token)| (server, token.expose_secret().to_owned()))
    }

    #[test]
    fn the_current_context_is_the_default() {
        assert_eq!(asked(&[]).unwrap(), ("http://a".to_owned(), "of-a".to_owned()));
        assert_eq!(asked(&["--token", "mine"]).unwrap(), ("http://a".to_owned(), "mine".to_owned()));
    }

    #[test]
    fn a_contexts_token_is_never_sent_to_another_server() {
        assert_eq!(asked(&["--server", "http://evil"]).unwrap_err().exit_code(), 2);
        assert!(asked(&["--server", "http://a"]).is_ok());
        assert!(asked(&["--server", "http://b", "--token", "mine"]).is_ok());
    }

    #[test]
    fn a_context_that_is_named_must_exist() {
        assert!(
            asked(&["--context", "b"]).unwrap_err().to_string().contains("there is no context \"b\" (a)")
        );
    }
}
