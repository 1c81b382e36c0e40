//! The role of the function: the calls of a pass, and nothing else.

use crate::deployments::{CHAT, DEPLOYMENTS, OTHERS, TOPIC};
use stage::emulator::Call;
use stage::policy::{Effect, Policy};
use std::collections::BTreeSet;

#[test]
fn the_role_allows_the_calls_of_a_pass_and_nothing_else() {
    for given in DEPLOYMENTS {
        let policy = Policy::of_function(given).unwrap();
        let has = |name: &str| given.iter().any(|(known, _)| *known == name);
        let mut expected = BTreeSet::from([
            "s3:GetObject",
            "s3:ListBucket",
            "s3:PutObject",
            "sns:Publish",
            "sns:GetTopicAttributes",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ]);
        if has("LockDays") {
            expected.insert("s3:PutObjectRetention");
        }
        if !has("ExistingTopic") || has("ExistingKeys") {
            expected.extend(["kms:Decrypt", "kms:GenerateDataKey"]);
        }
        assert_eq!(policy.actions(), expected, "{given:?}");
        for statement in policy.statements() {
            assert_eq!(statement.effect, Effect::Allow);
            assert!(statement.actions.iter().all(|action| !action.contains(['*', '?'])));
            for resource in &statement.resources {
                // A star stands at the end alone, below one of the record's folders.
                let stars = resource.matches(['*', '?']).count();
                let folders = ["config/*", "state/*", "audit/*", "public/*", "ledger/*"];
                let below = folders.iter().any(|folder| resource.ends_with(folder));
                assert!(stars == 0 || (stars == 1 && below), "{resource}");
            }
        }
    }
}

#[test]
fn the_role_cannot_delete_or_rewrite_the_record_or_its_own_orders() {
    let given = [("ExistingBucket", "b"), ("ExistingTopic", TOPIC), ("LockDays", "1")];
    let policy = Policy::of_function(&given).unwrap();
    let (once, swap): (&[&str], &[&str]) = (&["s3:if-none-match"], &["s3:if-match"]);
    let check = |action: &str, key: &str, keys: &[&str], expect: bool| {
        let resource = format!("arn:aws:s3:::b{key}");
        let allowed = policy.allows_with(action, &resource, keys);
        assert_eq!(allowed, expect, "{action} {resource} {keys:?}");
    };
    for key in [
        "/config/sentinel.yaml",
        "/state/l.json",
        "/audit/l/receipts/0.json",
        "/public/tip.json",
        "/ledger/2026-11-20/07-x.json",
    ] {
        check("s3:GetObject", key, &[], true);
        for action in [
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:PutObjectAcl",
            "s3:BypassGovernanceRetention",
        ] {
            check(action, key, once, false);
        }
    }
    check("s3:GetObject", "/other", &[], false);
    // What is to be expected is for the release process to say, never for the function.
    for keys in [&[][..], once, swap] {
        check("s3:PutObject", "/ledger/2026-11-20/07-x.json", keys, false);
    }
    let theirs = "arn:aws:s3:::other/record/public/log/checkpoint";
    assert!(!policy.allows("s3:GetObject", theirs));
    let policy_with = Policy::of_function(&[given[0], given[1], given[2], ("OtherRecords", OTHERS)]).unwrap();
    assert!(policy_with.allows("s3:GetObject", theirs) && !policy_with.allows("s3:PutObject", theirs));
    assert!(!policy_with.allows("s3:GetObject", "arn:aws:s3:::other/record/state/log.json"));
    check("s3:PutObject", "/config/sentinel.yaml", once, false);
    check("s3:PutObject", "/scans/1.jsonl", once, false);
    check("s3:PutObject", "/audit/l/receipts/0.json", once, true);
    check("s3:PutObject", "/audit/l/receipts/0.json", swap, false);
    check("s3:PutObject", "/audit/l/receipts/0.json", &[], false);
    check("s3:PutObject", "/state/l.json", once, true);
    check("s3:PutObject", "/state/l.json", swap, true);
    check("s3:PutObject", "/state/l.json", &[], false);
    check("s3:PutObject", "/public/tip.json", &[], true);
    check("s3:PutObjectRetention", "/audit/l/receipts/0.json", &[], true);
    check("s3:PutObjectRetention", "/state/l.json", &[], false);
    check("s3:ListBucket", "", &[], true);
    check("s3:PutBucketPolicy", "", &[], false);
    assert!(policy.allows("sns:Publish", TOPIC) && !policy.allows("sns:Publish", CHAT));
    assert!(policy.allows("sns:GetTopicAttributes", TOPIC) && !policy.allows("sns:SetTopicAttributes", TOPIC));
}

#[test]
fn recorded_calls_are_held_to_the_role() {
    let policy = Policy::of_function(&[("ExistingBucket", "b"), ("ExistingTopic", TOPIC), ("LockDays", "1")]).unwrap();
    let check = |action: &str, resource: &str, key: &str, headers: &[&str], expect: &[&str]| {
        let call = Call {
            action: action.to_owned(),
            resource: resource.to_owned(),
            key: key.to_owned(),
            headers: headers
                .iter()
                .map(|name| ((*name).to_owned(), "*".to_owned()))
                .collect(),
            body: Vec::new(),
            status: None,
        };
        assert_eq!(policy.missing(&call), expect, "{action} {key}");
    };
    check("s3:GetObject", "b", "state/l.json", &[], &[]);
    check("s3:ListBucket", "b", "audit/l/", &[], &[]);
    check("s3:PutObject", "b", "state/l.json", &["if-match"], &[]);
    let locked = ["if-none-match", "x-amz-object-lock-mode"];
    check("s3:PutObject", "b", "audit/l/0.json", &locked, &[]);
    let refused = ["s3:PutObjectRetention on arn:aws:s3:::b/state/l.json"];
    check("s3:PutObject", "b", "state/l.json", &locked, &refused);
    let refused = ["s3:PutObject on arn:aws:s3:::b/audit/l/0.json"];
    check("s3:PutObject", "b", "audit/l/0.json", &["if-match"], &refused);
    check(
        "s3:DeleteObject",
        "b",
        "state/l.json",
        &[],
        &["s3:DeleteObject on arn:aws:s3:::b/state/l.json"],
    );
    check("sns:Publish", TOPIC, "", &[], &[]);
    check("sns:Subscribe", TOPIC, "", &[], &[&format!("sns:Subscribe on {TOPIC}")]);
}
