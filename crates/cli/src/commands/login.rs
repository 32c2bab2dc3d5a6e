//! Signing in, contexts, and who one is.

use std::io::{Read, stdin};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use sandbar_client::secrecy::SecretString;
use sandbar_client::v1::{WhoAmIRequest, WhoAmIResponse};
use serde_json::json;

use crate::args::Globals;
use crate::context::{self, Context, Contexts};
use crate::failure::Failure;
use crate::output::{Out, note, table};
use crate::render::page::{BOLD, DIM, Page};
use crate::render::tables::{both, word};
use crate::session::{Session, connect};

/// `login`.
#[derive(Args, Debug)]
pub(crate) struct LoginArgs {
    /// Read the token from standard input. Without it, `SANDBAR_TOKEN` or --token gives it
    #[arg(long)]
    token_stdin: bool,
    /// What to call the context. Default: --context, else the server's host
    #[arg(long)]
    name: Option<String>,
}

/// `context …`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List the stored contexts
    List,
    /// Make a context the current one
    Use {
        /// The context
        name: String,
    },
    /// Forget a context and its token. The token stays valid: see `sandbar token revoke`
    Remove {
        /// The context
        name: String,
    },
}

/// Checks a token with the server and stores both as a context, which becomes the current one.
pub(crate) async fn login(globals: &Globals, args: &LoginArgs) -> Result<(), Failure> {
    let path = context::path()?;
    let mut contexts = Contexts::load(&path)?;
    let known = globals.context.as_deref().and_then(|name| contexts.contexts.get(name));
    let server = globals.server.clone().or_else(|| known.map(|context| context.server.clone()));
    let server = server.ok_or_else(|| Failure::Usage("say which server, with --server URL".to_owned()))?;
    let token = token(globals, args)?;
    if is_exposed(&server) {
        note("warning: the token travels without encryption; use https:// if the server has it")?;
    }
    let client = connect(globals, server.clone(), token.clone()).await?;
    let me = client.access().who_am_i(WhoAmIRequest {}).await?;
    let name = args.name.clone().or_else(|| globals.context.clone()).unwrap_or_else(|| host(&server));
    contexts.contexts.insert(name.clone(), Context { server, token });
    contexts.use_context(&name)?;
    contexts.save(&path)?;
    note(&format!("The context {name} is stored in {} and is the current one.", path.display()))?;
    Out(globals.output).show(&me, || identity(&me, Timestamp::now()))
}

fn token(globals: &Globals, args: &LoginArgs) -> Result<SecretString, Failure> {
    if !args.token_stdin {
        return globals.token.clone().ok_or_else(|| {
            Failure::Usage(
                "give the token in SANDBAR_TOKEN, or on standard input with --token-stdin".to_owned(),
            )
        });
    }
    let mut text = String::new();
    // No token is that long: reading more would only be waiting for the wrong file.
    let read = stdin().lock().take(64 * 1024).read_to_string(&mut text);
    read.map_err(|error| Failure::Here(format!("can't read the token from standard input: {error}")))?;
    match text.trim() {
        "" => Err(Failure::Usage("standard input holds no token".to_owned())),
        token => Ok(SecretString::from(token)),
    }
}

/// `context …`: nothing here asks a server.
pub(crate) fn context(globals: &Globals, command: &ContextCommand) -> Result<(), Failure> {
    let path = context::path()?;
    let mut contexts = Contexts::load(&path)?;
    match command {
        ContextCommand::List => return list(&contexts, Out(globals.output)),
        ContextCommand::Use { name } => contexts.use_context(name)?,
        ContextCommand::Remove { name } => contexts.remove(name)?,
    }
    contexts.save(&path)
}

fn list(contexts: &Contexts, out: Out) -> Result<(), Failure> {
    let is_current = |name: &String| contexts.current.as_ref() == Some(name);
    let json = || {
        let all = contexts.contexts.iter().map(
            |(name, context)| json!({"name": name, "server": context.server, "current": is_current(name)}),
        );
        Ok(all.collect())
    };
    let row = |(name, context): (&String, &Context)| {
        let mark = if is_current(name) { "*" } else { "" };
        [mark.to_owned(), name.clone(), context.server.clone()]
    };
    out.show_value(json, || table(["", "CONTEXT", "SERVER"], contexts.contexts.iter().map(row)).trim_fmt())
}

/// Says who the token belongs to.
pub(crate) async fn whoami(session: &Session) -> Result<(), Failure> {
    let me = session.client.access().who_am_i(WhoAmIRequest {}).await?;
    session.out.show(&me, || identity(&me, session.now))
}

fn identity(me: &WhoAmIResponse, now: Timestamp) -> String {
    let (principal, token) = (me.principal.clone().unwrap_or_default(), me.token.clone().unwrap_or_default());
    let kind = word(principal.kind().as_str_name(), "PRINCIPAL_KIND_");
    let role = word(token.max_role().as_str_name(), "ROLE_");
    let role = if role == "-" { "the principal's own".to_owned() } else { role };
    let project = if token.project_id.is_empty() { "all".to_owned() } else { token.project_id };
    let expires = token.expire_time.as_ref().map_or("never".to_owned(), |time| both(now, time));
    let mut page = Page::default();
    page.put(BOLD, &principal.name).put(DIM, format_args!("  {kind}  {}", principal.email)).end();
    let lines = [
        ("id", principal.id),
        ("administrator", if principal.administrator { "yes".to_owned() } else { "no".to_owned() }),
        ("token", token.name),
        ("projects", project),
        ("role at most", role),
        ("expires", expires),
    ];
    for (name, value) in lines {
        page.put(DIM, format_args!("  {name:<13} ")).plain(value).end();
    }
    page.finish()
}

/// The host and port of a URL, as a context's name.
fn host(server: &str) -> String {
    let rest = server.split_once("://").map_or(server, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest).to_owned()
}

/// Whether a token sent there could be read on the way.
fn is_exposed(server: &str) -> bool {
    let host = host(server);
    let local = ["localhost", "127.", "[::1]"].iter().any(|local| host.starts_with(local));
    server.starts_with("http://") && !local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_named_after_its_host() {
        assert_eq!(host("https://sandbar.example.com/x"), "sandbar.example.com");
        assert_eq!(host("http://localhost:50051"), "localhost:50051");
    }

    #[test]
    fn plain_text_is_only_fine_at_home() {
        assert!(is_exposed("http://sandbar.example.com"));
        assert!(!is_exposed("http://127.0.0.1:1"));
        assert!(!is_exposed("https://sandbar.example.com"));
    }
}
