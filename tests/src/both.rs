//! The same test on both engines.

/// Makes two tests of one: `<name>::sqlite` and `<name>::postgres`, each with a fresh server of its own.
///
/// ```text
/// on_both_engines! {
///     async fn a_write_survives(mut server: Server) { server.kill9().await; server.restart().await; }
///     async fn gone_at_once(server: Server = Options::default().grace("0s")) { … }
/// }
/// ```
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$about:meta])* async fn $name:ident($($server:ident)+: Server $(= $options:expr)?) $body:block)*) => {$(
        $(#[$about])*
        mod $name {
            #[allow(unused_imports, reason = "the test may need nothing of the module around it")]
            use super::*;

            async fn run(engine: $crate::Engine) {
                #[allow(unused_variables, unused_assignments, unused_mut, reason = "options may be given")]
                let mut options = $crate::Options::default();
                $(options = $options;)?
                let $($server)+ = $crate::Server::start(engine, options).await;
                $body
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                run($crate::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                run($crate::Engine::Postgres).await;
            }
        }
    )*};
}
