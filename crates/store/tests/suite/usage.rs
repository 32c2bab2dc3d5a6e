//! What trees may use and used.

use sandbar_model::usage::{Allowances, Period, Used};
use sandbar_store::{Db, usage};

use crate::{
    engine::cases,
    fixture::{NOW, family, id},
};

cases! { counts_up_to_the_limit_and_no_further allowances_are_kept }

async fn counts_up_to_the_limit_and_no_further(db: Db) {
    let [root, one, ..] = family(&db).await;
    let period = Period::of(NOW);
    let most = Allowances { max_runs: Some(2), max_ai_tokens: Some(10) };
    let mut tx = db.write().await.unwrap();
    for (project, more, fits) in [
        (root.id, Used::RUN, true),
        (one.id, Used::tokens(11), false),
        (one.id, Used::tokens(10), true),
        (one.id, Used::RUN, true),
        (root.id, Used::RUN, false),
        (root.id, Used::tokens(1), false),
    ] {
        let place = (root.id, project);
        assert_eq!(usage::add(&mut tx, place, period, more, most).await.unwrap(), fits, "{more:?}");
    }
    let all = Used { runs: 2, ai_tokens: 10 };
    assert_eq!(usage::total(&mut tx, root.id, period).await.unwrap(), all);
    let parts = usage::parts(&mut tx, root.id, period).await.unwrap();
    assert_eq!(parts.len(), 2);
    assert_eq!((parts[&root.id], parts[&one.id]), (Used::RUN, Used { runs: 1, ai_tokens: 10 }));
    // The first one of a period is measured, too; without a limit there is none.
    let next = Period::of(period.end);
    let none = Allowances { max_runs: Some(0), ..most };
    assert!(!usage::add(&mut tx, (root.id, root.id), next, Used::RUN, none).await.unwrap());
    assert_eq!(usage::total(&mut tx, root.id, next).await.unwrap(), Used::default());
    let free = Allowances::default();
    assert!(usage::add(&mut tx, (root.id, root.id), period, Used::RUN, free).await.unwrap());
    assert_eq!(usage::total(&mut tx, root.id, period).await.unwrap().runs, 3);
}

async fn allowances_are_kept(db: Db) {
    let [root, ..] = family(&db).await;
    let mut tx = db.write().await.unwrap();
    assert_eq!(usage::allowances(&mut tx, root.id).await.unwrap(), Allowances::default());
    for max_runs in [Some(3), None] {
        let wanted = Allowances { max_runs, max_ai_tokens: Some(7) };
        usage::set_allowances(&mut tx, root.id, wanted).await.unwrap();
        assert_eq!(usage::allowances(&mut tx, root.id).await.unwrap(), wanted);
    }
    usage::delete(&mut tx, root.id).await.unwrap();
    assert_eq!(usage::allowances(&mut tx, id(10)).await.unwrap(), Allowances::default());
}
