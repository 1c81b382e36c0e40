//! The real command on a bucket and a topic: built with the feature `aws`, over the emulator.
//!
//! `cargo test -p rekor-sentinel --features aws --test buckets`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code, reason = "shared with the tests of the command on folders")]
#[path = "command_support/logs.rs"]
mod logs;
#[allow(dead_code, reason = "shared with the tests of the command on folders")]
#[path = "command_support/world.rs"]
mod world;

use logs::{FileLog, RULES, US, watching};
use serde_json::Value;
use stage::emulator::{Call, Fault, Moto, Proxy, Queue, When, emulator};
use testlog::certificate::{Authority, Identity, LeafCertificate};
use testlog::leaf::{LeafSigner, hashedrekord};
use world::World;

/// A log, a bucket, a topic with a queue, and the command between them.
struct Deployment {
    moto: &'static Moto,
    proxy: Proxy,
    world: World,
    log: FileLog,
    bucket: String,
    queue: Queue,
    store: String,
    sink: String,
}

impl Deployment {
    fn new(name: &str) -> Option<Self> {
        let moto = emulator()?;
        let proxy = Proxy::start(moto.address());
        moto.create_bucket(name);
        let topic = moto.create_topic(name);
        let (world, log) = watching(300);
        Some(Self {
            queue: moto.subscribe(&topic, name),
            world: world.with_variables(moto.variables(&proxy.url())),
            log,
            bucket: name.to_owned(),
            store: format!("s3://{name}/deep/down"),
            sink: format!("sns:{topic}"),
            moto,
            proxy,
        })
    }

    fn run(&self) -> world::Ran {
        let args = ["run", "--json", "--store", &self.store, "--sink", &self.sink];
        self.world.run(&args)
    }

    /// The alerts of a class that came since the last look.
    fn alerts(&self, class: &str) -> Vec<Value> {
        let messages = self.moto.receive(&self.queue);
        let alerts = messages
            .iter()
            .map(|message| serde_json::from_str(&message.body).unwrap());
        alerts.filter(|alert: &Value| alert["class"] == class).collect()
    }

    fn verify(&self) -> world::Ran {
        self.world.run(&["verify", "--store", &self.store])
    }
}

fn names(calls: &[Call]) -> Vec<String> {
    let mut names: Vec<String> = calls.iter().flat_map(Call::permissions).collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_bucket_is_watched_into_like_a_folder() {
    let Some(mut deployment) = Deployment::new("command-first") else {
        return;
    };
    let ran = deployment.run().ends(0);
    assert_eq!(ran.only()["cursor"], 300);
    deployment
        .verify()
        .ends(0)
        .says(&["s3://command-first/deep/down is whole"]);

    deployment.log.signed_by(US);
    deployment.log.others(20);
    deployment.log.serve(&deployment.world);
    let ran = deployment.run().ends(0);
    assert_eq!(
        (&ran.only()["cursor"], &ran.only()["findings"]),
        (&321.into(), &1.into())
    );
    let findings = deployment.alerts("finding");
    assert_eq!(findings.len(), 1);
    let again = deployment.run().ends(0);
    assert_eq!(again.only()["findings"], 0);
    assert_eq!(deployment.alerts("finding"), [] as [Value; 0], "told once");
    deployment.verify().ends(0).says(&["321", "1 findings", "is whole"]);

    let keys = deployment.moto.keys(&deployment.bucket, "");
    assert!(keys.iter().all(|key| key.starts_with("deep/down/")), "{keys:?}");
    let needed = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "sns:Publish"];
    assert_eq!(names(&deployment.proxy.calls()), needed, "nothing else is asked of AWS");

    // A record that was forged in the bucket.
    let receipt = keys.iter().find(|key| key.contains("/receipts/")).unwrap();
    let mut bytes = deployment.moto.get(&deployment.bucket, receipt).unwrap().bytes;
    let at = bytes.iter().position(|byte| byte.is_ascii_digit()).unwrap();
    bytes[at] ^= 1;
    deployment.moto.put(&deployment.bucket, receipt, &bytes);
    deployment.verify().ends(1).says(&["DEFECT", "receipts/"]);
}

#[test]
fn a_topic_that_is_gone_is_owed_what_it_missed() {
    let Some(mut deployment) = Deployment::new("command-owed") else {
        return;
    };
    deployment.run().ends(0);
    deployment.log.signed_by(US);
    deployment.log.serve(&deployment.world);
    deployment
        .proxy
        .spoil(When::action("sns:Publish"), Fault::status(403, "AuthorizationError"));
    let ran = deployment.run().ends(20);
    assert_eq!(ran.only()["findings"], 1);
    assert!(
        ran.out.contains("sns:Publish") && ran.out.contains("AuthorizationError"),
        "{}",
        ran.out
    );
    deployment.proxy.heal();
    deployment.run().ends(0);
    assert_eq!(deployment.alerts("finding").len(), 1);
}

#[test]
fn what_the_bucket_answers_is_a_fault_with_words() {
    let Some(deployment) = Deployment::new("command-faults") else {
        return;
    };
    for (status, code, words) in [
        (403, "AccessDenied", "Grant this action"),
        (503, "SlowDown", "the next pass tries again"),
        (400, "ExpiredToken", "AWS_PROFILE"),
    ] {
        deployment.proxy.spoil(When::action("*"), Fault::status(status, code));
        let ran = deployment.run().ends(30);
        let error = ran.whole()["error"].clone();
        assert_eq!(error["class"], "store", "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(code) && message.contains(words), "{message}");
        assert!(message.contains("MADE-FOR-A-TEST"), "the request's id: {message}");
        assert!(!ran.out.contains("not-a-secret") && !ran.err.contains("not-a-secret"));
        deployment.verify().ends(30).complains(&[code]);
        deployment.proxy.heal();
    }
    let absent = ["run", "--json", "--store", "s3://command-no-such-bucket"];
    let ran = deployment.world.run(&absent).ends(30);
    let message = ran.whole()["error"]["message"].as_str().unwrap().to_owned();
    assert!(
        message.contains("NoSuchBucket") && message.contains("Check its name"),
        "{message}"
    );
    deployment.run().ends(0);
}

/// What another sentinel publishes in its bucket is a view: lag is nothing, another tree is a violation.
#[test]
fn the_bucket_of_another_sentinel_is_a_view() {
    let Some(mut deployment) = Deployment::new("command-view") else {
        return;
    };
    deployment.run().ends(0);
    let published = "deep/down/public/one.example/checkpoint";
    assert!(deployment.moto.get(&deployment.bucket, published).is_some());
    let view = format!(
        "views: [{{name: other, kind: sentinel, url: \"{}\"}}]\n{RULES}",
        deployment.store
    );
    deployment
        .world
        .configure(&[deployment.log.item(&deployment.world)], &view);
    let ours = "s3://command-view/ours";
    let run = || {
        deployment
            .world
            .run(&["run", "--json", "--store", ours, "--sink", "console"])
    };
    deployment.log.tree.append(b"later");
    deployment.log.serve(&deployment.world);
    assert_eq!(
        run().ends(20).only()["cursor"],
        301,
        "a leaf that is none is quarantined"
    );
    run().ends(0);
    let asked: Vec<String> = deployment.proxy.calls().into_iter().map(|call| call.key).collect();
    assert!(asked.iter().any(|key| key == published), "{asked:?}");

    let mut fork = deployment.log.tree.fork_at(200);
    (200..301).for_each(|index: u32| fork.append(&index.to_be_bytes()));
    let shown = fork.checkpoint(301);
    deployment.moto.put(&deployment.bucket, published, shown.as_bytes());
    let ran = run().ends(40);
    let message = ran.only()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the view other"), "{message}");

    for (url, words) in [("s3://B", "the bucket has"), ("s3://bucket/a//b", "the folder has")] {
        let view = format!("views: [{{name: other, kind: sentinel, url: \"{url}\"}}]\n{RULES}");
        deployment
            .world
            .configure(&[deployment.log.item(&deployment.world)], &view);
        deployment
            .world
            .run(&["check"])
            .ends(2)
            .complains(&["sentinel.yaml:", words]);
    }
}

/// A ledger in a bucket: `authorise` writes it, a run asks it.
#[test]
fn a_ledger_in_a_bucket_explains_what_it_announced() {
    let Some(mut deployment) = Deployment::new("command-ledger") else {
        return;
    };
    let configure = |place: &str| {
        let rules = format!(
            "ledgers:\n  - {{name: releases, place: \"{place}\", grace: 8s, window: 1d}}\nrules:\n  - {{name: ours, match: {{san: {US}}}, allow: [{{ledger: releases}}]}}\n"
        );
        let item = deployment.log.item(&deployment.world);
        deployment.world.configure(&[item], &rules);
    };
    configure("s3://command-ledger/apart/ledger");
    deployment.run().ends(0);
    deployment.world.write("widget.tar", "a widget");
    let authorise = ["authorise", "--ledger", "releases", "widget.tar", "--identity", US];
    let ran = deployment.world.run(&authorise).ends(0);
    let digest = tlog::Hash::of(b"a widget").to_string();
    let name = ran.out.trim().strip_prefix("s3://command-ledger/").unwrap().to_owned();
    assert!(name.starts_with("apart/ledger/") && name.contains(&digest), "{name}");
    assert!(deployment.moto.get(&deployment.bucket, &name).is_some());

    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let mut sign = |artifact: &[u8]| {
        let identity = Identity::email(US, "https://accounts.example.org");
        let certificate = Authority::new("tests", &[7; 32]).issue(&LeafCertificate::new(identity, 9, now.as_secs()));
        let signer = LeafSigner::certificate(&certificate);
        let leaf = hashedrekord(tlog::Hash::of(artifact).as_bytes(), &signer);
        deployment.log.tree.append(&leaf);
        deployment.log.serve(&deployment.world);
    };
    sign(b"a widget");
    sign(b"another widget");
    let whole = deployment.run().ends(0).whole();
    assert_eq!((&whole["authorised"], &whole["waiting"]), (&1.into(), &1.into()));
    assert_eq!(deployment.alerts("finding"), [] as [Value; 0]);
    std::thread::sleep(std::time::Duration::from_millis(9_100));
    deployment.run().ends(0);
    let [alert] = deployment.alerts("finding").try_into().unwrap();
    assert!(alert["title"].as_str().unwrap().contains("Unauthorised"), "{alert}");
    deployment.verify().ends(0).says(&["is whole"]);
    assert_eq!(
        names(&deployment.proxy.calls()),
        ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "sns:Publish"]
    );
    for (place, words) in [("s3://B", "the bucket has"), ("s3://bucket/a//b", "the folder has")] {
        let rules = format!("ledgers: [{{name: releases, place: \"{place}\"}}]\n{RULES}");
        let item = deployment.log.item(&deployment.world);
        deployment.world.configure(&[item], &rules);
        let ran = deployment.world.run(&["check"]).ends(2);
        ran.complains(&["sentinel.yaml:", words]);
    }
}

/// Two commands at one bucket: their first receipts arrive together.
#[test]
fn of_two_commands_that_meet_one_commits() {
    let Some(mut deployment) = Deployment::new("command-race") else {
        return;
    };
    deployment.run().ends(0);
    deployment.log.signed_by(US);
    deployment.log.others(10);
    deployment.log.serve(&deployment.world);
    let receipts = When::action("s3:PutObject").key("/receipts/00000000000000000300");
    let meeting = deployment.proxy.meet(receipts, 2);
    let ran = std::thread::scope(|scope| {
        let both = [scope.spawn(|| deployment.run()), scope.spawn(|| deployment.run())];
        both.map(|one| one.join().unwrap())
    });
    assert!(meeting.is_over());
    for ran in ran {
        assert_eq!(ran.ends(0).only()["cursor"], 311);
    }
    let ids: Vec<Value> = deployment
        .alerts("finding")
        .iter()
        .map(|alert| alert["id"].clone())
        .collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    deployment.verify().ends(0).says(&["is whole"]);
}

#[test]
fn places_and_topics_that_are_none_are_usage() {
    let world = World::new();
    for (args, words) in [
        (["run", "--store", "s3://"], "the bucket has"),
        (["run", "--store", "s3://Not_A_Bucket"], "the bucket has"),
        (["verify", "--store", "s3://acme/a//b"], "the folder has"),
        (["run", "--sink", "sns:alerts"], "arn:aws:sns:"),
        (
            ["run", "--sink", "sns-chat:arn:aws:sns:eu-central-1:123456789012:a.fifo"],
            "FIFO",
        ),
    ] {
        world.run(&args).ends(2).complains(&[args[2], words]);
    }
}
