//! Passes that run at once on one store: one comes between any two calls of another, two stop in the midst of each
//! other, many run side by side; states that are lost or old while a pass runs. There is one line of heads and one
//! chain of receipts, no finding is lost, and no contradiction is accepted unnoticed.

use crate::faults::check::{Expect, check, quiet, told, told_once, told_once_of, whole};
use crate::faults::leaves;
use crate::faults::served::Served;
use crate::faults::store::state_name;
use crate::faults::sweep::{Scenario, gaps, watched};
use crate::faults::wire::{How, Seam, Trip, Wire, mix};
use crate::faults::world::{SINKS, World, now};
use alerts::Class;
use pass::record::Start;
use pass::{Outcome, Position};
use serde_json::json;
use std::sync::Arc;

/// Two passes that start from one world, each with what it is served; and what is served when they are over.
struct Race {
    name: &'static str,
    world: World,
    first: Arc<Served>,
    second: Arc<Served>,
    then: Arc<Served>,
}

fn race(name: &'static str, world: World, first: u64, second: u64) -> Race {
    let size = first.max(second);
    Race {
        name,
        world,
        first: Served::stale(size, first),
        second: Served::stale(size, second),
        then: Served::honest(size),
    }
}

impl Race {
    fn gaps(&self, served: &Arc<Served>) -> Vec<(Trip, String)> {
        gaps(&Scenario {
            name: self.name,
            world: self.world.copy(),
            served: Arc::clone(served),
            expect: Expect::clean(0, 0),
        })
    }

    /// The second pass runs whole between two calls of the first; for every two calls.
    fn between(&self, judge: impl Fn(&World, &str)) {
        let gaps = self.gaps(&self.first);
        for (trip, call) in &gaps {
            let what = format!("{}: another pass comes at {trip:?} of `{call}`", self.name);
            let world = self.world.copy();
            let mut first = world.broken(&self.first, *trip);
            first.go();
            let _whatever = world.wired(&self.second, Wire::new(None)).end();
            let _whatever = first.end();
            judge(&world, &what);
        }
        println!("{}: {} interleavings", self.name, gaps.len());
    }

    /// Both stop somewhere; then one goes on to its end, and then the other, unless they are killed there.
    fn entangled(&self, rounds: u64, judge: impl Fn(&World, &str)) {
        let (firsts, seconds) = (self.gaps(&self.first), self.gaps(&self.second));
        let pick =
            |from: &[(Trip, String)], chance: u64| from[usize::try_from(chance % from.len() as u64).unwrap()].clone();
        for round in 0..rounds {
            let chance = mix(round);
            let ((trip, call), (other, at)) = (pick(&firsts, chance), pick(&seconds, chance >> 16));
            let what = format!("{}: {trip:?} of `{call}`, the other {other:?} of `{at}`", self.name);
            let world = self.world.copy();
            let mut first = world.broken(&self.first, trip);
            first.go();
            let mut second = world.broken(&self.second, other);
            second.go();
            let mut both = [first, second];
            both.rotate_left(usize::from(chance >> 40 & 1 == 1));
            for (running, killed) in both.into_iter().zip([chance >> 41 & 3 == 3, chance >> 43 & 1 == 1]) {
                if !killed {
                    let _whatever = running.end();
                }
            }
            judge(&world, &what);
        }
        println!("{}: {rounds} entanglements", self.name);
    }
}

/// Where the record begins, if a race decided it.
fn start(world: &World) -> u64 {
    let name = pass::names::LogFolder::new(leaves::ORIGIN, 1).start();
    let start: Start = serde_json::from_slice(&world.store.objects()[&name]).unwrap();
    start.frontier.size()
}

/// Both saw the same log: all is as if one pass had run.
fn same(race: &Race) -> impl Fn(&World, &str) {
    let then = Arc::clone(&race.then);
    move |world, what| {
        let report = quiet(world, &then);
        let expect = Expect::clean(start(world), then.signed);
        check(world, &report, &expect, what);
    }
}

#[test]
fn two_passes_begin_at_once() {
    for (from, first, second) in [("0", 40, 40), ("head", 40, 40), ("head", 40, 33), ("head", 33, 40)] {
        let from = if from == "0" { json!(0) } else { json!(from) };
        let race = race("two first passes", World::new(&from), first, second);
        race.between(same(&race));
        race.entangled(30, same(&race));
    }
}

#[test]
fn two_passes_read_on_at_once() {
    for (name, first, second) in [
        ("both see the same", 70, 70),
        ("the second sees less", 70, 50),
        ("the second sees more", 50, 70),
    ] {
        let race = race(name, watched(21), first, second);
        race.between(same(&race));
        race.entangled(60, same(&race));
    }
}

/// The sides of a fork at 30, each served by a source that knows no other.
fn sides(first: u64, second: u64) -> Race {
    let world = watched(21);
    let honest = Served::honest(first);
    Race {
        name: "two sides of a fork",
        world,
        first: Arc::clone(&honest),
        second: Served::of(leaves::fork(30, second), None),
        then: honest,
    }
}

/// One side was accepted, whichever; the other one is not, and whoever sees it says so.
fn forked(race: &Race) -> impl Fn(&World, &str) {
    let sides = [Arc::clone(&race.first), Arc::clone(&race.second)];
    move |world, what| {
        if world.place().0 <= 30 {
            // Nobody lived to accept one.
            quiet(world, &sides[0]);
        }
        let (head, _) = world.place();
        let root = world.state().unwrap().progress.unwrap().head.root;
        let on = |side: &&Arc<Served>| side.log.root(head) == Some(root);
        let (ours, other) = (sides.iter().find(on), sides.iter().find(|side| !on(side)));
        let (ours, other) = (ours.unwrap(), other.unwrap());
        quiet(world, ours);
        let report = quiet(world, other);
        // A smaller checkpoint of the other side cannot be shown to contradict ours without hashes of both sides.
        let noticed = [Outcome::Violation, Outcome::Unproven];
        let noticed = &noticed[..if other.signed < ours.signed { 2 } else { 1 }];
        assert!(noticed.contains(&report.outcome()), "{what}: {report:?}");
        let mut expect = Expect::clean(0, ours.signed).but(report.outcome());
        expect.findings = leaves::expected(&ours.log, 0, ours.signed);
        whole(world, &report, &expect, what);
        for sink in 0..SINKS.len() {
            told(world, sink, &expect.findings, what);
            told_once_of(&world.taken(sink), |class| class == Class::Violation, what);
        }
    }
}

const SWAP: &str = "swap state/log";
const RECEIPT: &str = "put audit/log.example.com%2Ffaults/receipts/";

/// Two passes that stop behind a receipt or at a swap of the state, each at each: the second then dies there, or goes on
/// when the first has ended.
#[test]
fn two_passes_stop_at_every_commit_of_each_other() {
    let at = |words, how| (0..3).map(move |number| (words, number, how));
    let commits: Vec<_> = at(SWAP, How::StopBefore)
        .chain(at(SWAP, How::StopAfter))
        .chain(at(RECEIPT, How::StopAfter))
        .collect();
    for (name, first, second) in [("a head that is behind", 50, 70), ("a head that is ahead", 70, 50)] {
        let race = race(name, watched(21), first, second);
        let judge = same(&race);
        let ones = commits.iter().filter(|(_, number, _)| *number < 2);
        for (one, other) in ones.flat_map(|one| commits.iter().map(move |other| (one, other))) {
            for dies in [true, false] {
                let what = format!("{name}: one stops at {one:?}, another at {other:?} and dies: {dies}");
                let world = race.world.copy();
                let mut first = world.wired(&race.first, Wire::aiming(one.0, one.1, one.2));
                first.go();
                let mut second = world.wired(&race.second, Wire::aiming(other.0, other.1, other.2));
                second.go();
                let _whatever = first.end();
                if !dies {
                    let _whatever = second.end();
                }
                judge(&world, &what);
            }
        }
    }
}

#[test]
fn two_passes_see_the_two_sides_of_a_fork() {
    for (first, second) in [(40, 40), (40, 50), (50, 40)] {
        let race = sides(first, second);
        race.between(forked(&race));
        race.entangled(40, forked(&race));
    }
}

#[test]
fn an_operator_begins_a_new_epoch_while_a_pass_runs() {
    let old = race("a new epoch", watched(21), 40, 40);
    let log = leaves::fork(0, 35);
    let new = Served::of(log.clone(), None);
    let gaps = old.gaps(&old.first);
    for (trip, call) in &gaps {
        let what = format!("a new epoch comes at {trip:?} of `{call}`");
        let world = old.world.copy();
        let mut first = world.broken(&old.first, *trip);
        first.go();
        let (reason, by) = ("the log was reset".to_owned(), "an operator".to_owned());
        let from = Position::Index(5);
        now(pass::restart(
            world.store.as_ref(),
            leaves::ORIGIN,
            from,
            by,
            reason,
            world.now(),
        ))
        .unwrap();
        let _whatever = world.wired(&new, Wire::new(None)).end();
        let _whatever = first.end();
        let report = quiet(&world, &new);
        let mut expect = Expect::clean(0, covered(&world, 1));
        expect.findings.extend(leaves::expected(&log, 5, 35));
        (expect.start, expect.end) = (5, 35);
        // A pass that is still served the old log sees it contradict the new one under the same key, and says so.
        if report.outcome() == Outcome::Violation {
            expect.outcome = Outcome::Violation;
        }
        check(&world, &report, &expect, &what);
    }
    println!("a new epoch: {} interleavings", gaps.len());
}

/// Up to where the receipts of an epoch reach.
fn covered(world: &World, epoch: u32) -> u64 {
    let prefix = pass::names::LogFolder::new(leaves::ORIGIN, epoch).receipts();
    let objects = world.store.objects();
    let last = objects.iter().rfind(|(name, _)| name.starts_with(&prefix));
    let receipt: pass::record::Receipt = serde_json::from_slice(last.unwrap().1).unwrap();
    receipt.to
}

/// The largest head that has an object.
fn newest_head(world: &World) -> u64 {
    let prefix = pass::names::LogFolder::new(leaves::ORIGIN, 1).checkpoints();
    let objects = world.store.objects();
    let names = objects.keys().filter(|name| name.starts_with(&prefix));
    names.filter_map(|name| pass::names::position(name)).max().unwrap()
}

#[test]
fn a_state_is_lost_or_old_at_any_moment() {
    let world = watched(5);
    let small = world.store.objects()[&state_name()].clone();
    quiet(&world, &Served::honest(21));
    let race = race("a lost state", world, 70, 70);
    let today = race.world.store.objects()[&state_name()].clone();
    let gaps = race.gaps(&race.first);
    let mut cases = 0;
    for (trip, call) in gaps.iter().step_by(2) {
        for (which, state) in [
            ("none", None),
            ("an old one", Some(&small)),
            ("the one before", Some(&today)),
        ] {
            for killed in [false, true] {
                let what = format!("{trip:?} of `{call}`, and then {which} is there, killed: {killed}");
                let world = race.world.copy();
                let mut first = world.broken(&race.first, *trip);
                first.go();
                world.store.set(&state_name(), state.cloned());
                world.onward.forget();
                if killed {
                    drop(first);
                } else {
                    let _whatever = first.end();
                }
                brought_forward(&world, &race.then, &what);
                let report = quiet(&world, &race.then);
                let expect = Expect::clean(0, 70);
                whole(&world, &report, &expect, &what);
                (0..SINKS.len()).for_each(|sink| told(&world, sink, &expect.findings, &what));
                cases += 1;
            }
        }
    }
    println!("a lost state: {cases} cases");
}

/// A pass that cannot reach the log knows all that the record knows.
fn brought_forward(world: &World, served: &Arc<Served>, what: &str) {
    let down = Trip {
        seam: Seam::Source,
        at: 0,
        how: How::Down,
    };
    let report = world.broken(served, down).end().unwrap();
    assert_eq!(report.outcome(), Outcome::Fault, "{what}: {report:?}");
    let (head, cursor) = world.place();
    assert_eq!(cursor, covered(world, 1), "{what}: {report:?}");
    assert!(
        head >= newest_head(world),
        "{what}: the head {head} is behind the record"
    );
}

/// Several passes at once on several threads, some seeing less than others; of an odd seed some fail.
async fn crowd(world: &World, seed: u64, views: &[Arc<Served>]) {
    let mut tasks = Vec::new();
    for number in 0..3_u64 {
        let chance = mix(seed << 8 | number);
        let view = &views[usize::try_from(chance % views.len() as u64).unwrap()];
        let how = [How::Refuse, How::LoseAnswer][usize::from(chance >> 20 & 1 == 0)];
        let fails = seed & 1 == 1 && chance >> 21 & 1 == 0;
        let trip = fails.then_some(Trip {
            seam: Seam::Store,
            at: usize::try_from(chance >> 32 & 31).unwrap(),
            how,
        });
        world.wait(1);
        let wire = Arc::new(Wire::pausing(chance, trip));
        tasks.push(tokio::spawn(world.pass(view, &wire)));
    }
    for task in tasks {
        let _whatever = task.await.unwrap();
    }
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_time()
        .build()
        .unwrap()
}

#[test]
fn many_passes_at_once_leave_one_whole_record() {
    let runtime = threads();
    let views: Vec<_> = (1..8).map(|round| Served::stale(70, round * 10)).collect();
    for seed in 0..40 {
        let world = World::new(&json!(0));
        for round in 1..views.len() {
            runtime.block_on(crowd(&world, (round as u64) << 8 | seed, &views[round - 1..=round]));
        }
        let (what, report) = (format!("many passes, seed {seed}"), quiet(&world, &views[6]));
        whole(&world, &report, &Expect::clean(0, 70), &what);
        for sink in 0..SINKS.len() {
            told(&world, sink, &Expect::clean(0, 70).findings, &what);
            // A pass that cannot note what it tells may tell it again under another id.
            if seed & 1 == 0 {
                told_once(&world.taken(sink), &what);
            }
        }
    }
}

#[test]
fn many_passes_that_see_both_sides_of_a_fork_follow_one_of_them() {
    let runtime = threads();
    let race = sides(40, 40);
    let judge = forked(&race);
    for seed in 0..60 {
        let world = race.world.copy();
        runtime.block_on(crowd(
            &world,
            seed,
            &[Arc::clone(&race.first), Arc::clone(&race.second)],
        ));
        judge(&world, &format!("many passes on a fork, seed {seed}"));
    }
}
