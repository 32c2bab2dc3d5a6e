use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::{Duration, timeout},
};

pub(crate) fn binary(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbar-server"));
    command.args(args).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub(crate) async fn line_with(log: &mut Lines<BufReader<ChildStderr>>, text: &str) -> String {
    let find = async {
        while let Some(line) = log.next_line().await.unwrap() {
            if line.contains(text) {
                return line;
            }
        }
        panic!("the log ended without {text:?}")
    };
    timeout(Duration::from_secs(30), find).await.unwrap_or_else(|_| panic!("no {text:?} in time"))
}

pub(crate) async fn terminate(child: &mut Child) -> std::process::ExitStatus {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    timeout(Duration::from_secs(30), child.wait()).await.expect("it must end").unwrap()
}

#[tokio::test]
async fn it_starts_shows_no_secret_answers_health_checks_and_ends_when_told() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut server = binary(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0", "--log-format=json"])
        .arg("--data-dir")
        .arg(&data)
        .env("SANDBAR_KEY", "hunter2-hunter2-hunter2-hunter2-hunter2")
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let start = line_with(&mut log, "starting").await;
    assert!(start.contains("127.0.0.1:0") && !start.contains("hunter2"), "{start}");
    let serving = line_with(&mut log, "serving").await;
    let address = serving.split("\"address\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();

    for service in ["", "sandbar.v1.AccessService"] {
        let check =
            binary(&["healthcheck", "--listen", &address, "--service", service]).output().await.unwrap();
        assert!(check.status.success(), "{check:?}");
    }
    let wrong = binary(&["healthcheck", "--listen", &address, "--service", "nobody"]).output().await.unwrap();
    assert!(!wrong.status.success());

    assert!(terminate(&mut server).await.success());
    let gone = binary(&["healthcheck", "--listen", &address]).output().await.unwrap();
    assert!(!gone.status.success());
    assert!(String::from_utf8_lossy(&gone.stderr).contains("can't be reached"), "{gone:?}");
}

#[tokio::test]
async fn postgres_without_a_key_is_refused_at_the_start_with_what_to_do() {
    let refused = binary(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
        .env("SANDBAR_DATABASE", "postgres://u:hunter2@127.0.0.1:1/x")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains("the key is required") && said.contains("--key-file (or SANDBAR_KEY)"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn another_master_key_under_the_same_id_is_refused_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut server = binary(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
        .arg("--data-dir")
        .arg(&data)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    line_with(&mut log, "serving").await;
    assert!(terminate(&mut server).await.success());

    let file = data.join("master.keys");
    let line = std::fs::read_to_string(&file).unwrap();
    let (id, digits) = line.trim().split_once(':').unwrap();
    std::fs::write(&file, format!("{id}:{}\n", "5b".repeat(32))).unwrap();
    let refused = binary(&["--listen=127.0.0.1:0", "--admin-listen=127.0.0.1:0"])
        .arg("--data-dir")
        .arg(&data)
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    let why = format!("the master key \"{id}\" is not the one that this database knows by that id");
    assert!(said.contains(&why) && !said.contains(digits) && !said.contains("5b5b"), "{said}");
}

#[tokio::test]
async fn help_never_shows_a_secret_of_the_environment() {
    let help = binary(&["--help"])
        .env("SANDBAR_KEY", "hunter2")
        .env("SANDBAR_ADMIN_TOKEN", "hunter2")
        .env("SANDBAR_MASTER_KEYS", "hunter2")
        .env("SANDBAR_DATABASE", "postgres://hunter2@x/y")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&help.stdout);
    assert!(help.status.success() && !said.contains("hunter2"), "{said}");
    for flag in
        ["--listen", "--key-file", "--master-key-file", "--grace-period", "--max-depth", "[default: 7d]"]
    {
        assert!(said.contains(flag), "{flag} is not in {said}");
    }
}

#[tokio::test]
async fn a_second_server_on_the_port_is_told_which_flag_to_change() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    let refused =
        binary(&["serve", "--listen", &address, "--data-dir"]).arg(home.path()).output().await.unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success());
    assert!(said.contains(&format!("can't listen on {address} (--listen)")), "{said}");
}

#[tokio::test]
async fn a_purge_worker_offers_metrics_and_ends_when_told() {
    let home = tempfile::tempdir().unwrap();
    let mut worker = Command::new(env!("CARGO_BIN_EXE_sandbar-purge"))
        .args(["--admin-listen=127.0.0.1:0", "--interval=100ms", "--worker=w1", "--data-dir"])
        .arg(home.path())
        .env_clear()
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut log = BufReader::new(worker.stderr.take().unwrap()).lines();
    assert!(line_with(&mut log, "starting").await.contains("w1"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(terminate(&mut worker).await.success());
}
