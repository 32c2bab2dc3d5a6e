//! The HTTP side as clients of `OpenFn` use it, against a real server on both engines: requests on the wire, and what a user does
//! with `OpenFn`'s own library from npm. `README.md` describes it.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is tests")]
#![expect(clippy::indexing_slicing, reason = "what is not there fails the test")]

mod deploy;
mod hostile;
mod items;
mod refuse;
mod stage;
mod trips;

use sandbar_tests::on_both_engines;

use stage::Stage;

macro_rules! flows {
    ($($flow:ident)*) => {
        on_both_engines! {$(
            async fn $flow(server: Server) { Stage::build(&server).await.flow(stringify!($flow)).await; }
        )*}
    };
}

flows! { digests unchanged steps workflows divergence stale sandbox spec project }
