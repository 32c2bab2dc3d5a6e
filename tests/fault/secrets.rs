//! Values of credentials: in no log and no file, and readable while master keys are rotated.

use std::time::Duration;

use sandbar_client::{
    Client,
    v1::{
        AuthenticateWebhookRequest, ClaimRunsRequest, CreateCredentialRequest, CreateDataclipRequest,
        CreateProjectRequest, CreateWebhookAuthMethodRequest, Credential, DataclipKind, FinishRunRequest,
        GetCredentialRequest, GetDataclipRequest, ListCredentialsRequest, Project, ResolveCredentialRequest,
        RunState, SetCredentialValuesRequest, StartRunRequest, WebhookAuthMethod, WebhookBasicCredentials,
        create_webhook_auth_method_request::Secret, start_run_request::Input,
    },
};
use sandbar_tests::{
    Options, Server,
    canary::{CONTENT as CLIP, SECRET, holds},
    on_both_engines,
};

use tokio::time::{sleep, timeout};

use crate::runs::{JOB, Runs};

/// Not the mark alone, which another test writes where it must be found, and so into PostgreSQL's log of all databases.
const CANARY: &str = "canary-7f3a9-kept";

pub(crate) async fn create(client: &Client, name: &str) -> String {
    let credential =
        Some(Credential { name: name.to_owned(), schema: "raw".to_owned(), ..Default::default() });
    let request = CreateCredentialRequest { credential, ..Default::default() };
    client.credentials().create_credential(request).await.unwrap().credential.unwrap().id
}

fn values(credential_id: &str, environment: &str, values: &str) -> SetCredentialValuesRequest {
    SetCredentialValuesRequest {
        credential_id: credential_id.to_owned(),
        environment: environment.to_owned(),
        values: values.to_owned(),
        ..Default::default()
    }
}

/// Neither the log, nor the traces, nor what is kept holds any of these. The first two are what must have been done by then.
async fn assert_nowhere(server: &Server, done: [&str; 2], secrets: &[&str], in_log_only: &[&str]) {
    let (_, log) = server.log();
    assert!(done.iter().all(|what| log.contains(what)), "the log was not looked at");
    let sent = async {
        while !holds(&server.traces(), done[1]) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(20), sent).await.expect("the traces can be looked at");
    let traces = server.traces();
    for secret in secrets.iter().chain(in_log_only) {
        assert!(!holds(log.as_bytes(), secret), "{secret} is in the log");
        assert!(!holds(&traces, secret), "{secret} is in the traces");
    }
    let kept = server.dump().await;
    assert!(holds(&kept, "owner"), "what is kept was not looked at");
    for secret in secrets {
        assert!(!holds(&kept, secret), "{secret} is in the database");
    }
}

#[test]
fn what_is_looked_for_has_the_mark() {
    assert!(CANARY.starts_with(SECRET));
}

on_both_engines! {
    async fn no_log_and_no_file_holds_a_value(mut server: Server = Options::default().env("SANDBAR_LOG", "trace")) {
        let client = server.user("owner").await;
        let id = create(&client, "DHIS2").await;
        let text = format!("{{\"password\": \"{CANARY}\"}}");
        client.credentials().set_credential_values(values(&id, "main", &text)).await.unwrap();
        // Refused in every way that comes before and after it is encrypted.
        for refused in [
            values(&id, "Not A Label", &text),
            values(&id, "main", &text[1..]),
            values(&id, "main", &format!("[{text}]")),
            values("nothing", "main", &text),
            SetCredentialValuesRequest { etag: "77".to_owned(), ..values(&id, "main", &text) },
        ] {
            let error = client.credentials().set_credential_values(refused).await.unwrap_err();
            assert!(!holds(format!("{error:?} {error}").as_bytes(), CANARY), "{error}");
        }
        let stranger = server.user("stranger").await;
        stranger.credentials().set_credential_values(values(&id, "main", &text)).await.unwrap_err();
        let metrics = server.operator_page("metrics").await;
        assert!(!holds(metrics.as_bytes(), CANARY));
        assert_nowhere(&server, ["TRACE", "SetCredentialValues"], &[CANARY], &[]).await;
        server.stop().await;
        assert_nowhere(&server, ["TRACE", "SetCredentialValues"], &[CANARY], &[]).await;
    }

    async fn what_webhooks_ask_for_is_in_no_log_and_no_file(mut server: Server = Options::default().env("SANDBAR_LOG", "trace")) {
        let stage = Runs::build(&server).await;
        let (client, gateway) = (server.client(&stage.owner.token), server.client(&stage.worker.token));
        let basic = |username: &str, password: &str| {
            WebhookBasicCredentials { username: username.to_owned(), password: password.to_owned() }
        };
        let user = format!("user-{CANARY}");
        let create = |name: &str, secret: Secret| CreateWebhookAuthMethodRequest {
            project_id: stage.project.clone(),
            method: Some(WebhookAuthMethod { name: name.to_owned(), ..Default::default() }),
            secret: Some(secret),
            request_id: name.to_owned(),
            ..Default::default()
        };
        for (name, secret) in [("a", Secret::Basic(basic(&user, CANARY))), ("b", Secret::ApiKey(CANARY.to_owned()))] {
            let made = client.webhook_auth().create_webhook_auth_method(create(name, secret)).await.unwrap();
            assert!(!holds(format!("{made:?}").as_bytes(), CANARY));
        }
        let refused = [
            Secret::Basic(basic(&format!("{CANARY}:"), CANARY)),
            Secret::Basic(basic(&user, &CANARY.repeat(100))),
            Secret::ApiKey(format!("{CANARY} ")),
        ];
        for secret in refused {
            let error = client.webhook_auth().create_webhook_auth_method(create("c", secret)).await.unwrap_err();
            assert!(!holds(format!("{error:?} {error}").as_bytes(), CANARY), "{error}");
        }
        let shown = AuthenticateWebhookRequest {
            project_id: stage.project.clone(),
            path: "intake".to_owned(),
            basic: Some(basic(&user, CANARY)),
            api_key: CANARY.to_owned(),
        };
        assert!(!holds(format!("{shown:?}").as_bytes(), CANARY));
        let error = gateway.webhook_auth().authenticate_webhook(shown).await.unwrap_err();
        assert!(!holds(format!("{error:?} {error}").as_bytes(), CANARY), "{error}");
        let metrics = server.operator_page("metrics").await;
        assert!(!holds(metrics.as_bytes(), CANARY));
        let done = ["TRACE", "AuthenticateWebhook"];
        assert_nowhere(&server, done, &[CANARY], &[]).await;
        server.stop().await;
        assert_nowhere(&server, done, &[CANARY], &[]).await;
    }

    async fn what_runs_read_and_carry_is_in_no_log(mut server: Server = Options::default().env("SANDBAR_LOG", "trace")) {
        let (stage, text) = (Runs::build(&server).await, format!("{{\"password\": \"{CANARY}\"}}"));
        let client = server.client(&stage.owner.token);
        client.credentials().set_credential_values(values(&stage.credential, "main", &text)).await.unwrap();
        // A dataclip with the other canary, which is kept: that is what dataclips are for.
        let clip = format!("{{\"order\": \"{CLIP}\"}}");
        let start = |body: &str| StartRunRequest { input: Some(Input::Body(body.to_owned())), ..stage.start() };
        client.runs().start_run(start(&clip)).await.unwrap();
        let error = client.runs().start_run(start(&clip[1..])).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(CLIP));
        let create = CreateDataclipRequest {
            project_id: stage.project.clone(), kind: DataclipKind::Global.into(), name: "x".to_owned(), body: clip.clone(),
            ..Default::default()
        };
        let made = client.runs().create_dataclip(create).await.unwrap().dataclip.unwrap();
        let get = GetDataclipRequest { project_id: stage.project.clone(), dataclip_id: made.id };
        assert_eq!(client.runs().get_dataclip(get).await.unwrap().body, clip);
        let worker = server.client(&stage.worker.token);
        let work = worker.runs().claim_runs(ClaimRunsRequest::default()).await.unwrap().work.remove(0);
        assert!(work.dataclip.contains(CLIP));
        let run = worker.with_token(work.run_token.clone()).unwrap();
        let resolve = ResolveCredentialRequest { job_id: JOB.to_owned() };
        assert_eq!(run.runs().resolve_credential(resolve.clone()).await.unwrap().values, text);
        client.runs().resolve_credential(resolve).await.unwrap_err();
        let finish = FinishRunRequest { outcome: RunState::Success.into(), output: clip, ..Default::default() };
        run.runs().finish_run(finish).await.unwrap();
        let metrics = server.operator_page("metrics").await;
        assert!(![CANARY, CLIP, &work.run_token].iter().any(|secret| holds(metrics.as_bytes(), secret)));
        let (done, secrets) = (["TRACE", "ResolveCredential"], [CANARY, &work.run_token]);
        assert_nowhere(&server, done, &secrets, &[CLIP]).await;
        server.stop().await;
        assert_nowhere(&server, done, &secrets, &[CLIP]).await;
    }

    async fn master_keys_are_rotated_while_values_are_set(mut server: Server) {
        let client = server.user("owner").await;
        let (mut ids, text) = (Vec::new(), format!("{{\"a\": \"{CANARY}\"}}"));
        for number in 0..40 {
            let id = create(&client, &format!("c{number}")).await;
            client.credentials().set_credential_values(values(&id, "main", &text)).await.unwrap();
            ids.push(id);
        }
        let project = Some(Project { name: "orders".to_owned(), ..Default::default() });
        let project = CreateProjectRequest { project, ..Default::default() };
        let project_id = client.projects().create_project(project).await.unwrap().project.unwrap().id;
        let method = CreateWebhookAuthMethodRequest {
            project_id,
            method: Some(WebhookAuthMethod { name: "Keyed".to_owned(), ..Default::default() }),
            secret: Some(Secret::ApiKey(format!("key-{CANARY}"))),
            ..Default::default()
        };
        client.webhook_auth().create_webhook_auth_method(method).await.unwrap();
        assert_eq!(server.keys("status").await, "k1  encrypts 40 credentials, 1 webhook auth methods  (current)\n");
        assert!(server.keys("rotate").await.starts_with("added the master key k"));
        let writing = {
            let (client, ids, text) = (client.clone(), ids.clone(), text.clone());
            tokio::spawn(async move {
                for round in 0..3 {
                    for id in &ids {
                        let set = values(id, &format!("e{round}"), &text);
                        client.credentials().set_credential_values(set).await.unwrap();
                    }
                }
            })
        };
        // What the server wrote before it met the new key is dealt with by the second.
        assert!(server.keys("rewrap").await.ends_with(" 0 damaged\n"));
        writing.await.unwrap();
        assert!(server.keys("rewrap").await.ends_with(" 0 damaged\n"));
        let status = server.keys("status").await;
        assert!(status.starts_with("k1  encrypts 0 credentials, 0 webhook auth methods\n") && status.contains("40 credentials, 1 webhook auth methods  (current)"), "{status}");
        let opened = "40 credentials opened, 0 damaged\n1 webhook auth methods opened, 0 damaged\n";
        assert_eq!(server.keys("verify").await, opened);

        server.restart().await;
        let request = ListCredentialsRequest { page_size: 100, ..Default::default() };
        let listed = client.list(request).all().await.unwrap();
        assert!(listed.len() == 40 && listed.iter().all(|one| one.value_sets.len() == 4), "{listed:?}");
        let request = GetCredentialRequest { credential_id: ids[0].clone() };
        client.credentials().get_credential(request).await.unwrap();
        client.credentials().set_credential_values(values(&ids[0], "last", "{}")).await.unwrap();
    }
}
