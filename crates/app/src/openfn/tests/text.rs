//! The text that is written, to the byte; and bodies, to the byte.

use proptest::prelude::*;

use sandbar_model::{Time, project::Schedule};

use super::{
    super::{Shape, Stamps, StateWriter},
    project, read_all, read_workflow, write_all,
};

/// A workflow with everything there is, out of order.
const EVERYTHING: &str = r##"{
  "env": "main", "color": "#abc", "description": null, "concurrency": 3, "requires_mfa": true,
  "id": "e5d0c9ec-bad5-48c8-add9-970b3e248d82", "name": "clinic", "allow_support_access": true,
  "retention_policy": "retain_with_errors", "history_retention_period": 90, "dataclip_retention_period": 7,
  "workflows": {"x": {"id": "00000000-0000-4000-8000-0000000000f1", "name": "Sync  all é", "concurrency": 2,
    "enable_job_logs": false, "lock_version": 4,
    "positions": {"00000000-0000-4000-8000-000000000011": {"x": 250, "y": -0.125}},
    "edges": {
      "1": {"id": "00000000-0000-4000-8000-0000000000e2", "source_job_id": "00000000-0000-4000-8000-000000000011",
        "source_trigger_id": null, "target_job_id": "00000000-0000-4000-8000-000000000012",
        "condition_type": "js_expression", "condition_expression": "!state.errors", "condition_label": "fine", "enabled": false},
      "2": {"id": "00000000-0000-4000-8000-0000000000e1", "source_trigger_id": "00000000-0000-4000-8000-0000000000a2",
        "target_job_id": "00000000-0000-4000-8000-000000000011", "condition_type": "always"}},
    "triggers": {
      "1": {"id": "00000000-0000-4000-8000-0000000000a1", "type": "webhook", "enabled": false, "custom_path": "in",
        "webhook_reply": "after_completion", "webhook_response_config": {"success_code": 201, "error_code": null}},
      "2": {"id": "00000000-0000-4000-8000-0000000000a3", "type": "webhook", "enabled": true},
      "3": {"id": "00000000-0000-4000-8000-0000000000a2", "type": "cron", "enabled": true,
        "cron_expression": "0 2 * * *", "cron_cursor_job_id": "00000000-0000-4000-8000-000000000012"}},
    "jobs": {
      "1": {"id": "00000000-0000-4000-8000-000000000012", "name": "Map it", "adaptor": "@openfn/language-http@7.0.0",
        "body": "fn(s => s)\r\n", "project_credential_id": null, "keychain_credential_id": "00000000-0000-4000-8000-0000000000c2"},
      "2": {"id": "00000000-0000-4000-8000-000000000011", "name": "Map-it",
        "project_credential_id": "00000000-0000-4000-8000-0000000000c1"}}}},
  "collections": [{"id": "00000000-0000-4000-8000-0000000000d1", "name": "patients"}],
  "project_credentials": [{"id": "00000000-0000-4000-8000-0000000000c1", "name": "Main DB", "owner": "ana@example.org"}]
}"##;

const WRITTEN: &str = r##"{
 "id": "e5d0c9ec-bad5-48c8-add9-970b3e248d82",
 "name": "clinic",
 "description": null,
 "color": "#abc",
 "env": "main",
 "concurrency": 3,
 "inserted_at": "2025-03-10T07:28:21Z",
 "updated_at": "2025-03-18T09:46:33.962751Z",
 "scheduled_deletion": null,
 "history_retention_period": 90,
 "dataclip_retention_period": 7,
 "retention_policy": "retain_with_errors",
 "allow_support_access": true,
 "requires_mfa": true,
 "project_credentials": {
  "ana@example.org-Main-DB": {
   "id": "00000000-0000-4000-8000-0000000000c1",
   "name": "Main DB",
   "owner": "ana@example.org"
  }
 },
 "collections": {
  "patients": {
   "id": "00000000-0000-4000-8000-0000000000d1",
   "name": "patients"
  }
 },
 "workflows": {
  "Sync-all-é": {
   "id": "00000000-0000-4000-8000-0000000000f1",
   "name": "Sync  all é",
   "concurrency": 2,
   "enable_job_logs": false,
   "lock_version": 4,
   "positions": {
    "00000000-0000-4000-8000-000000000011": {
     "x": 250,
     "y": -0.125
    }
   },
   "triggers": {
    "cron": {
     "enabled": true,
     "id": "00000000-0000-4000-8000-0000000000a2",
     "type": "cron",
     "cron_expression": "0 2 * * *",
     "cron_cursor_job_id": "00000000-0000-4000-8000-000000000012"
    },
    "webhook": {
     "enabled": false,
     "id": "00000000-0000-4000-8000-0000000000a1",
     "type": "webhook",
     "custom_path": "in",
     "webhook_reply": "after_completion",
     "webhook_response_config": {
      "success_code": 201,
      "error_code": null
     }
    },
    "webhook-2": {
     "enabled": true,
     "id": "00000000-0000-4000-8000-0000000000a3",
     "type": "webhook"
    }
   },
   "jobs": {
    "Map-it": {
     "id": "00000000-0000-4000-8000-000000000011",
     "name": "Map-it",
     "body": "",
     "adaptor": "@openfn/language-common@latest",
     "project_credential_id": "00000000-0000-4000-8000-0000000000c1"
    },
    "Map-it-2": {
     "id": "00000000-0000-4000-8000-000000000012",
     "name": "Map it",
     "body": "fn(s => s)\r\n",
     "adaptor": "@openfn/language-http@7.0.0",
     "project_credential_id": null,
     "keychain_credential_id": "00000000-0000-4000-8000-0000000000c2"
    }
   },
   "edges": {
    "cron->Map-it": {
     "enabled": true,
     "id": "00000000-0000-4000-8000-0000000000e1",
     "source_trigger_id": "00000000-0000-4000-8000-0000000000a2",
     "condition_type": "always",
     "target_job_id": "00000000-0000-4000-8000-000000000011"
    },
    "Map-it->Map-it-2": {
     "enabled": false,
     "id": "00000000-0000-4000-8000-0000000000e2",
     "source_job_id": "00000000-0000-4000-8000-000000000011",
     "condition_expression": "!state.errors",
     "condition_type": "js_expression",
     "condition_label": "fine",
     "target_job_id": "00000000-0000-4000-8000-000000000012"
    }
   }
  }
 }
}
"##;

#[test]
fn everything_is_written_as_expected() {
    let (head, pieces) = read_all(EVERYTHING.as_bytes()).unwrap();
    let written = write_all(&head, &pieces);
    assert_eq!(String::from_utf8_lossy(&written), WRITTEN);
    let (head_again, pieces_again) = read_all(&written).unwrap();
    assert_eq!(head_again, head);
    assert_eq!(write_all(&head_again, &pieces_again), written);
}

#[test]
fn a_project_of_nothing_has_empty_sections() {
    let (head, _) = read_all(br#"{"name": "empty"}"#).unwrap();
    assert_eq!(head.sections, super::super::Sections::default());
    let written = String::from_utf8(write_all(&head, &[])).unwrap();
    assert!(
        written.ends_with("\n \"project_credentials\": {},\n \"collections\": {},\n \"workflows\": {}\n}\n"),
        "{written}"
    );
    let (head, pieces) = read_all(written.as_bytes()).unwrap();
    assert!(head.sections.workflows && head.sections.collections && head.sections.credentials);
    assert_eq!(pieces, []);
}

#[test]
fn stamps_and_schedules_are_written_for_people() {
    let (head, pieces) =
        read_all(br#"{"workflows": [{"id": "00000000-0000-4000-8000-0000000000f1", "name": "a"}]}"#).unwrap();
    let mut project = project(&head);
    project.scheduled = Some(Schedule { delete_time: Time(0), purge_time: Time(1_000_000) });
    let mut writer = StateWriter::begin(Vec::new(), &project, Shape::Keyed).unwrap();
    let super::Piece::Workflow(piece) = &pieces[0] else { panic!("{pieces:?}") };
    let stamps = Stamps { inserted_at: Some(Time(-1)), updated_at: Some(Time(2)), ..Stamps::default() };
    writer.workflow(piece.id.unwrap(), &piece.workflow, &|_| true, stamps).unwrap();
    let late = sandbar_model::Collection { name: "late".to_owned() };
    assert!(writer.collection(piece.id.unwrap(), &late).is_err());
    let written = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(written.contains("\"scheduled_deletion\": \"1970-01-01T00:00:01Z\""), "{written}");
    assert!(written.contains("\"inserted_at\": \"1969-12-31T23:59:59.999999Z\""), "{written}");
    assert!(written.contains("\"updated_at\": \"1970-01-01T00:00:00.000002Z\""), "{written}");
    assert!(!written.contains("late") && !written.contains("lock_version"), "{written}");
}

#[test]
fn bodies_come_back_to_the_byte() {
    let odd = "\u{feff}a\r\nb\rc\n\n  \t\0\u{7f}\u{2028}\u{1f}\u{fffd}😀 \\ \" / é e\u{301} no newline";
    for body in ["", "\n", "x", "x\n", "x\r\n", odd] {
        assert_eq!(back(body), body);
    }
}

proptest! {
    #[test]
    fn any_body_comes_back_to_the_byte(body in any::<String>()) {
        prop_assert_eq!(back(&body), body);
    }

    #[test]
    fn any_position_comes_back_exactly(x in -1e9..1e9_f64, y in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
        let at = "00000000-0000-4000-8000-000000000011";
        let mut piece = read_workflow(&format!(r#"{{"id": "{at}", "name": "w", "positions": {{"{at}": {{"x": 0, "y": 0}}}}}}"#)).unwrap();
        for position in piece.workflow.positions.values_mut() {
            (position.x, position.y) = (x, y);
        }
        let piece = super::Piece::Workflow(piece);
        let (_, again) = read_all(&write_all(&super::Head::default(), std::slice::from_ref(&piece))).unwrap();
        prop_assert_eq!(again, [piece]);
    }
}

/// A body, read out of a document that was written with it.
fn back(body: &str) -> String {
    let mut piece = read_workflow(
        r#"{"id": "00000000-0000-4000-8000-0000000000f1", "name": "w", "jobs": [{"name": "j"}]}"#,
    )
    .unwrap();
    body.clone_into(&mut piece.workflow.jobs[0].body);
    let written = write_all(&super::Head::default(), &[super::Piece::Workflow(piece)]);
    let (_, pieces) = read_all(&written).unwrap();
    let super::Piece::Workflow(piece) = &pieces[0] else { panic!("{pieces:?}") };
    piece.workflow.jobs[0].body.clone()
}
