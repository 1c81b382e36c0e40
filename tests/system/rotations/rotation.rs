//! Shards that a trusted root names one after the other, and what must hold when a script has ended.

use crate::support::{self, Stage, Trusting, check_findings, line, release_rule, releases};
use pass::record::Receipt;
use pass::{Outcome, PassReport};
use serde_json::json;
use stage::hostile::{HostedLog, Hostile, Instead, Rule, RuleId, Target};

/// The entries of the old shard that were there before anybody watched.
pub(crate) const BEFORE: u64 = 300;

/// An old shard that is watched from its head, and a server for those that follow.
pub(crate) struct Rotation {
    pub(crate) world: Trusting,
    pub(crate) old: HostedLog,
    pub(crate) server: Hostile,
}

/// Both ways in which a trusted root comes: a repository, and a file.
pub(crate) fn both() -> [Trusting; 2] {
    [Trusting::tuf(), Trusting::file()]
}

impl Rotation {
    /// The first pass has begun the old shard at its head: `from: head` is said for all.
    pub(crate) async fn new(world: Trusting) -> Rotation {
        let rotation = Rotation::unwatched(world);
        let report = rotation.world.stage.pass().await;
        assert_eq!(line(&report, &rotation.old).cursor, Some(BEFORE));
        rotation
    }

    /// Nobody has watched yet.
    pub(crate) fn unwatched(mut world: Trusting) -> Rotation {
        let server = support::server();
        let old = server.log("old");
        old.grow(BEFORE);
        world.stage.config["from"] = json!("head");
        world.stage.rules(json!([release_rule()]));
        world.list(&old, -100);
        world.publish();
        Rotation { world, old, server }
    }

    pub(crate) fn stage(&self) -> &Stage {
        &self.world.stage
    }

    /// The trusted root names one more shard, whose time begins on this day.
    pub(crate) fn name(&mut self, log: &HostedLog, day: i64) {
        self.world.list(log, day);
        self.world.publish();
    }

    /// A pass some minutes later.
    pub(crate) async fn pass(&self) -> PassReport {
        self.stage().clock.pass_secs(600);
        self.stage().pass().await
    }

    /// Of each shard every entry from its position on stands in one receipt, and in one alone; the record is whole; what
    /// was found is what is there. The old shard's position is where its watching began, that of each other 0.
    pub(crate) async fn ends(&self, shards: &[&HostedLog]) {
        self.stage().check().await;
        for (at, log) in shards.iter().enumerate() {
            let start = if at == 0 { BEFORE } else { 0 };
            assert_eq!(
                covered(self.stage(), log),
                (start..log.size()).collect::<Vec<u64>>(),
                "{}",
                log.name()
            );
            check_findings(self.stage(), log, &releases(start..log.size()));
        }
    }
}

/// The indexes of all receipts of a log, as they stand there.
pub(crate) fn covered(stage: &Stage, log: &HostedLog) -> Vec<u64> {
    let receipts = stage.kept(&log.origin()).receipts();
    receipts
        .iter()
        .flat_map(|Receipt { from, to, .. }| *from..*to)
        .collect()
}

/// From now on nothing of this log answers.
pub(crate) fn gone(log: &HostedLog) -> RuleId {
    log.behave(Rule::new(Target::All, Instead::Disconnect))
}

/// Read to its end, as nothing or something was found in it.
pub(crate) fn is_good(report: &PassReport, log: &HostedLog) {
    let line = line(report, log);
    assert!(
        matches!(line.outcome, Outcome::Clean | Outcome::Findings),
        "{}: {:?} {:?}",
        log.name(),
        line.outcome,
        line.error
    );
    assert_eq!(line.cursor, Some(log.size()), "{}", log.name());
}

/// Gone, and nothing is missed of it.
pub(crate) fn is_final(report: &PassReport, log: &HostedLog) {
    let line = line(report, log);
    assert_eq!((line.outcome, &line.error), (Outcome::Clean, &None), "{}", log.name());
    assert!(
        line.notes.iter().any(|note| note.starts_with("final: ")),
        "{:?}",
        line.notes
    );
}
