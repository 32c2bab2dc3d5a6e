use clap::CommandFactory;
use secrecy::ExposeSecret;

use sandbar_app::vault::MasterKeys as _;

use super::*;

fn parse(args: &[&str]) -> ServeArgs {
    match Cli::try_parse_from([&["sandbar-server"], args].concat()).unwrap().into_command() {
        Command::Serve(args) => *args,
        other => panic!("{other:?}"),
    }
}

fn refusal(args: &[&str]) -> String {
    Cli::try_parse_from([&["sandbar-server"], args].concat()).unwrap_err().to_string()
}

#[test]
fn clap_accepts_the_definition() {
    Cli::command().debug_assert();
}

#[test]
fn serve_is_the_default_and_takes_the_same_flags() {
    assert_eq!(parse(&[]).listen.to_string(), "127.0.0.1:7316");
    assert_eq!(parse(&["--listen", "[::]:80"]).listen.port(), 80);
    assert_eq!(parse(&["serve", "--listen", "[::]:80"]).listen.port(), 80);
    parse(&[]).check().unwrap();
}

#[test]
fn a_dump_shows_no_secret() {
    let args = parse(&[
        "--database=postgres://bar:hunter2@db/sandbar?sslpassword=hunter3",
        "--key=hunter4-hunter4-hunter4-hunter4-hunter4",
        "--admin-token=sbr_hunter5",
        "--master-keys=k1:hunter6",
    ]);
    let dump = format!("{args:?} {args:#?} {}", args.database.url());
    assert!(!dump.contains("hunter"), "{dump}");
    assert!(dump.contains("postgres://bar:redacted@db/sandbar"), "{dump}");
    assert!(args.database.url().expose().contains("hunter2"));
}

#[test]
fn urls_that_can_not_be_taken_apart_are_not_shown_at_all() {
    let urls = ["mysql://bar:hunter2@db", "postgres://bar:hunter2@:x:y", "hunter2", "postgres:hunter2"];
    for url in urls.into_iter().chain(["postgres://bar:12/hunter2@db"]) {
        let dump = format!("{:?}", parse(&["--database", url]));
        assert!(!dump.contains("hunter2"), "{dump}");
    }
}

#[test]
fn an_unknown_engine_is_refused_without_showing_the_url() {
    let error = parse(&["--database", "mysql://bar:hunter2@db"]).check().unwrap_err().to_string();
    assert!(error.contains("postgres:") && !error.contains("hunter2"), "{error}");
}

#[test]
fn help_is_a_reference_that_shows_no_value_of_the_environment() {
    let mut command = Cli::command();
    for argument in command.get_arguments().filter(|argument| argument.get_long() != Some("help")) {
        let name = argument.get_id();
        if argument.get_long() == Some("version") {
            continue;
        }
        assert!(argument.get_help().is_some(), "--{name} has no help");
        let env = argument.get_env().and_then(|env| env.to_str()).unwrap_or_default();
        assert!(env.starts_with("SANDBAR_"), "--{name} has no variable");
        let secret = ["key", "master_keys", "admin_token", "database"].contains(&name.as_str());
        assert_eq!(argument.is_hide_env_values_set(), secret, "--{name}");
    }
    assert!(command.render_long_help().to_string().contains("[default: 7d]"));
}

#[test]
fn values_are_refused_with_what_is_possible() {
    assert!(refusal(&["--grace-period", "400d"]).contains("between 0s and 366d"));
    assert!(refusal(&["--grace-period", "soon"]).contains("write for example"));
    assert!(refusal(&["--max-depth", "6"]).contains("0..=5"));
    assert!(refusal(&["--max-message", "1GiB"]).contains("256.0 MiB"));
    assert!(refusal(&["--trace-ratio", "2"]).contains("between 0 and 1"));
    assert_eq!(parse(&["--max-message", "12 MiB"]).limits.max_message_bytes(), 12 << 20);
    assert_eq!(parse(&["--grace-period", "1d 2h"]).grace_period, Duration::from_hours(26));
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    assert!(parse(&["--default-deadline", "2m"]).check().is_err());
    assert!(parse(&["--acquire-timeout", "15s"]).check().is_err());
}

#[test]
fn an_embedded_server_makes_its_key_once() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let args = parse(&["--data-dir", home.path().join("data").to_str().unwrap()]);

    let key = args.key.load(&args.database).unwrap();
    assert_eq!(key.expose_secret().len(), 64);
    assert_eq!(args.key.load(&args.database).unwrap().expose_secret(), key.expose_secret());
    let mode = |path| std::fs::metadata(home.path().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("data/sandbar.key"), 0o600);
    assert_eq!(mode("data"), 0o700);
}

#[test]
fn postgres_needs_a_key_that_is_long_enough() {
    let args = parse(&["--database=postgres://db/sandbar"]);
    let error = args.key.load(&args.database).unwrap_err();
    assert!(error.to_string().contains("--key-file (or SANDBAR_KEY)"), "{error}");

    let args = parse(&["--database=postgres://db/sandbar", "--key=short"]);
    assert!(matches!(args.key.load(&args.database), Err(ConfigError::KeyTooShort { given: 5, .. })));

    let args = parse(&["--database=postgres://db/sandbar", "--key-file=/nowhere/key"]);
    assert!(args.key.load(&args.database).unwrap_err().to_string().starts_with("/nowhere/key: "));
}

fn ids(args: &ServeArgs) -> Vec<String> {
    args.master_keys.load(&args.database).unwrap().ids()
}

#[test]
fn an_embedded_server_makes_a_master_key_of_its_own_that_only_its_owner_reads() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let args = parse(&["--data-dir", data.to_str().unwrap()]);
    let made = ids(&args);
    assert_eq!(ids(&args), made, "the second start finds the first one's");
    assert_eq!(made.len(), 1);
    let file = data.join("master.keys");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&file).unwrap();
    assert_ne!(ids(&args), made, "another key has another id");
}

#[test]
fn postgres_needs_master_keys_that_can_be_read() {
    let digits = "ab".repeat(32);
    let refused = |more: &[&str]| {
        let args = parse(&[&["--database=postgres://db/sandbar"], more].concat());
        args.master_keys.load(&args.database).unwrap_err().to_string()
    };
    assert!(refused(&[]).contains("--master-key-file (or SANDBAR_MASTER_KEYS)"));
    assert!(refused(&["--master-key-file=/nowhere/keys"]).starts_with("/nowhere/keys: "));
    let said = refused(&["--master-keys", &digits]);
    assert!(
        said.contains("master key number 1 is not of the form id:key") && !said.contains("abab"),
        "{said}"
    );

    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("keys");
    std::fs::write(&file, format!("old:{digits}\nnew:{digits}\n")).unwrap();
    let args = parse(&["--database=postgres://db/sandbar", "--master-key-file", file.to_str().unwrap()]);
    assert_eq!(ids(&args), ["old", "new"]);
}
