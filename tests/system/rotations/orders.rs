//! Events in any order: shards grow, freeze, vanish, come back, are named and taken off the list, passes are cut off and
//! the configuration changes, and in the end every entry was read once.

use crate::rotation::{Rotation, gone, is_good};
use crate::support::Trusting;
use proptest::prelude::*;
use serde_json::json;
use stage::hostile::HostedLog;

#[derive(Debug, Clone, Copy)]
enum Event {
    Grow(usize, u64),
    Freeze(usize),
    Vanish(usize),
    Return(usize),
    Name(usize),
    Pass,
    CutOff,
    From(bool),
    LoseState(usize),
    Day,
}

fn event() -> impl Strategy<Value = Event> {
    let shard = 0..3_usize;
    prop_oneof![
        4 => (shard.clone(), 1..300_u64).prop_map(|(shard, count)| Event::Grow(shard, count)),
        1 => shard.clone().prop_map(Event::Freeze),
        1 => shard.clone().prop_map(Event::Vanish),
        1 => shard.clone().prop_map(Event::Return),
        2 => (1..3_usize).prop_map(Event::Name),
        4 => Just(Event::Pass),
        1 => Just(Event::CutOff),
        1 => any::<bool>().prop_map(Event::From),
        1 => shard.prop_map(Event::LoseState),
        1 => Just(Event::Day),
    ]
}

struct Play {
    rotation: Rotation,
    shards: Vec<HostedLog>,
    frozen: [bool; 3],
    named: [bool; 3],
}

impl Play {
    async fn new() -> Play {
        let rotation = Rotation::new(Trusting::file()).await;
        let (one, two) = (rotation.server.log("one"), rotation.server.log("two"));
        let shards = vec![rotation.old.clone(), one, two];
        Play {
            rotation,
            shards,
            frozen: [false; 3],
            named: [true, false, false],
        }
    }

    async fn event(&mut self, event: Event) {
        match event {
            // What froze does not grow: that is another story.
            Event::Grow(shard, count) if !self.frozen[shard] => self.shards[shard].grow(count),
            Event::Grow(..) => {}
            Event::Freeze(shard) => {
                self.shards[shard].freeze("2026-11-20");
                self.frozen[shard] = true;
            }
            Event::Vanish(shard) => {
                gone(&self.shards[shard]);
            }
            Event::Return(shard) => self.shards[shard].clear(),
            Event::Name(shard) => self.name(shard),
            Event::Pass => {
                self.rotation.pass().await;
            }
            Event::CutOff => {
                self.rotation.world.stage.stop_after_spans = Some(1);
                self.rotation.pass().await;
                self.rotation.world.stage.stop_after_spans = None;
            }
            Event::From(head) => {
                self.rotation.world.stage.config["from"] = if head { json!("head") } else { json!(0) };
            }
            Event::LoseState(shard) => {
                let name = pass::names::LogFolder::new(&self.shards[shard].origin(), 1).state();
                self.rotation.stage().store.set(&name, None);
            }
            Event::Day => self.rotation.stage().clock.pass_secs(86_400),
        }
    }

    fn name(&mut self, shard: usize) {
        if !std::mem::replace(&mut self.named[shard], true) {
            let log = self.shards[shard].clone();
            self.rotation.name(&log, 1);
        }
    }

    async fn end(mut self) {
        for shard in 0..self.shards.len() {
            self.name(shard);
            self.shards[shard].clear();
        }
        let report = self.rotation.pass().await;
        for log in &self.shards {
            is_good(&report, log);
        }
        self.rotation.ends(&self.shards.iter().collect::<Vec<_>>()).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_loses_an_entry(events in proptest::collection::vec(event(), 4..24)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut play = Play::new().await;
            for event in events {
                play.event(event).await;
            }
            play.end().await;
        });
    }
}
