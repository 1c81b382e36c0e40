//! What is kept and who can read it: the bucket, the topics, their key.

use crate::deployments::{resources, strings};
use serde_json::Value;

#[test]
fn the_record_is_kept_private_and_encrypted() {
    let resources = resources(&[("LockDays", "30"), ("RetentionDays", "400"), ("BucketPrefix", "a/")]);
    let bucket = &resources["Bucket"];
    for kept in ["Bucket", "BucketPolicy"] {
        assert_eq!(resources[kept]["DeletionPolicy"], "Retain", "{kept}");
        assert_eq!(resources[kept]["UpdateReplacePolicy"], "Retain", "{kept}");
    }
    let properties = &bucket["Properties"];
    assert_eq!(properties["VersioningConfiguration"]["Status"], "Enabled");
    assert_eq!(
        properties["OwnershipControls"]["Rules"][0]["ObjectOwnership"],
        "BucketOwnerEnforced"
    );
    assert!(properties["BucketEncryption"]["ServerSideEncryptionConfiguration"][0].is_object());
    let block = properties["PublicAccessBlockConfiguration"].as_object().unwrap();
    assert_eq!(block.len(), 4);
    assert!(block.values().all(|blocked| *blocked == Value::Bool(true)));
    assert_eq!(properties["ObjectLockEnabled"], true);
    assert!(
        properties.get("ObjectLockConfiguration").is_none(),
        "a lock by default would hold state/ too"
    );
    let statements = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        .as_array()
        .unwrap();
    assert!(
        statements
            .iter()
            .all(|one| one["Effect"] == "Deny" && one["Principal"] == "*")
    );
    assert_eq!(statements[0]["Condition"]["Bool"]["aws:SecureTransport"], "false");
    let expiring = |given| {
        let resources = crate::deployments::resources(given);
        let rules = resources["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"].clone();
        let rules = rules.as_array().unwrap().clone().into_iter();
        let expiring = rules.filter(|rule| rule.get("ExpirationInDays").is_some());
        expiring
            .map(|rule| rule["Prefix"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        expiring(&[]),
        Vec::<String>::new(),
        "nothing expires unless it is asked for"
    );
    assert_eq!(expiring(&[("RetentionDays", "400")]), ["audit/"]);
    assert!(
        crate::deployments::resources(&[])["Bucket"]["Properties"]
            .get("ObjectLockEnabled")
            .is_none()
    );
}

#[test]
fn alarms_can_publish_to_the_topics() {
    let resources = resources(&[("Chat", "yes")]);
    let service = |statement: &Value| statement["Principal"]["Service"] == "cloudwatch.amazonaws.com";
    let allows = |statements: &Value, action: &str| {
        let statements = statements.as_array().unwrap().iter().filter(|one| service(one));
        let mut actions = Vec::new();
        statements.for_each(|one| strings(&one["Action"], &mut actions));
        assert!(actions.iter().any(|known| known == action), "{action} {actions:?}");
    };
    let key = &resources["TopicKey"]["Properties"]["KeyPolicy"]["Statement"];
    allows(key, "kms:Decrypt");
    allows(key, "kms:GenerateDataKey*");
    for (topic, policy) in [("AlertTopic", "AlertTopicPolicy"), ("ChatTopic", "ChatTopicPolicy")] {
        // Alarms cannot publish to a topic under the key that AWS manages, and say nothing of it.
        assert_eq!(resources[topic]["Properties"]["KmsMasterKeyId"], "${TopicKey}");
        assert_eq!(resources[policy]["Properties"]["Topics"][0], format!("${{{topic}}}"));
        allows(
            &resources[policy]["Properties"]["PolicyDocument"]["Statement"],
            "sns:Publish",
        );
    }
}
